"""Takes a known blur back out of a luma."""

import math
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.diagnosis import Blur
from worker.stages.coarse import Levels

__all__ = ["CONTEXT", "WINDOW", "Deconvolution", "kernel_of"]

WINDOW: Final = 512
"""Side in pixels of the square windows that are worked on, a good length for the transform."""

CONTEXT: Final = 48
"""Pixels at each side of a window that only serve as context."""

_POWER: Final = 2 / 3
_DATA: Final = 4000.0
"""Weight of the data for noise of one level of 255; it falls with the noise."""
_LEAST_NOISE: Final = 1.5
_ROUNDS: Final = (1.0, 4.0, 16.0, 64.0, 256.0)
"""How strongly, in turn, gradients are bound to their sparse estimates."""

_LENSES: Final = 0.45
"""Sigma in pixels of what even a sharp sensor spreads."""

_STEPS: Final = 8192
_REACH: Final = 2.0

Spectrum = NDArray[np.complex64]


def kernel_of(blur: Blur) -> Levels:
    """The image of a point under a Gaussian and a motion, an odd square whose sum is 1."""
    sigma = max(blur.sigma, _LENSES)
    radius = min(math.ceil(3 * sigma + blur.length / 2), CONTEXT)
    down, across = np.mgrid[-radius : radius + 1, -radius : radius + 1].astype(np.float64)
    way = (np.arange(64) + 0.5) / 64 - 0.5 if blur.length > 0 else np.zeros(1)
    turn = math.radians(blur.angle)
    spot = np.zeros_like(down)
    for place in way * blur.length:
        x, y = across - place * math.cos(turn), down + place * math.sin(turn)
        spot += np.exp(-(x * x + y * y) / (2 * sigma * sigma))
    kernel: Levels = (spot / spot.sum()).astype(np.float32)
    return kernel


class Deconvolution:
    """The way back from one blur, for windows of `WINDOW` × `WINDOW` pixels.

    The sharp picture is the one that, blurred, comes nearest to the photo while its gradients are
    as sparse as those of natural pictures, |gradient|^⅔ (D. Krishnan and R. Fergus, "Fast Image
    Deconvolution using Hyper-Laplacian Priors", NIPS 2009). `noise` is the standard deviation of
    the photo's grain on the scale 0–255: the more, the less is undone.
    """

    def __init__(self, blur: Blur, noise: float) -> None:
        kernel = kernel_of(blur)
        self._data = _DATA / max(noise, _LEAST_NOISE)
        self._across = _transformed({(0, 0): -1.0, (0, -1): 1.0})
        self._down = _transformed({(0, 0): -1.0, (-1, 0): 1.0})
        self._gradients = np.abs(self._across) ** 2 + np.abs(self._down) ** 2
        radius = kernel.shape[0] // 2
        self._kernel = _transformed(
            {
                (y - radius, x - radius): float(kernel[y, x])
                for y in range(kernel.shape[0])
                for x in range(kernel.shape[1])
            }
        )
        self._power = np.abs(self._kernel) ** 2

    def sharpened(self, luma: Levels) -> Levels:
        """A window of luma (0–1) without the blur; its outer pixels, `CONTEXT` deep, are unsure."""
        wanted = np.conj(self._kernel) * np.fft.rfft2(_periodic(luma))
        sharp = luma
        for bond in _ROUNDS:
            across = _sparse(np.roll(sharp, -1, 1) - sharp, bond)
            down = _sparse(np.roll(sharp, -1, 0) - sharp, bond)
            weight = np.float32(bond / self._data)
            found = np.conj(self._across) * np.fft.rfft2(across)
            found += np.conj(self._down) * np.fft.rfft2(down)
            found = (wanted + weight * found) / (self._power + weight * self._gradients)
            sharp = np.fft.irfft2(found, s=luma.shape).astype(np.float32)
        return sharp


def _transformed(spots: dict[tuple[int, int], float]) -> Spectrum:
    picture = np.zeros((WINDOW, WINDOW), np.float32)
    for place, value in spots.items():
        picture[place] = value
    spectrum: Spectrum = np.fft.rfft2(picture).astype(np.complex64)
    return spectrum


def _periodic(luma: Levels) -> Levels:
    """The window with its outermost pixels blended into those at its other end.

    A Fourier transform takes the ends for neighbours; a step between them would ring.
    """
    depth = CONTEXT // 2
    ends = np.arange(WINDOW) + 1
    fade = np.minimum(1, np.minimum(ends, ends[::-1]) / depth).astype(np.float32)
    weight = np.outer(fade, fade)
    half = (WINDOW // 2, WINDOW // 2)
    turned = cv2.blur(np.roll(luma, half, (0, 1)), (2 * depth + 1, 2 * depth + 1))
    blended: Levels = luma * weight + np.roll(turned, half, (0, 1)) * (1 - weight)
    return blended


def _sparse(gradient: Levels, bond: float) -> Levels:
    """The w that makes |w|^⅔ + bond/2 · (w − gradient)² least, from a table."""
    table = _table(bond)
    place = (np.clip(gradient, -_REACH, _REACH) + np.float32(_REACH)) * np.float32(
        (_STEPS - 1) / (2 * _REACH)
    )
    below = np.minimum(place.astype(np.int32), _STEPS - 2)
    low = table[below]
    found: Levels = low + (table[below + 1] - low) * (place - below.astype(np.float32))
    return found


@cache
def _table(bond: float) -> Levels:
    """`_sparse` over −2 to 2: Newton's method from the gradient on, or 0 where that costs less."""
    gradient = np.linspace(-_REACH, _REACH, _STEPS)
    size = np.abs(gradient)
    best = size.copy()
    for _ in range(12):
        held = np.maximum(best, 1e-9)
        slope = _POWER * held ** (_POWER - 1) + bond * (best - size)
        bend = _POWER * (_POWER - 1) * held ** (_POWER - 2) + bond
        step = np.divide(slope, bend, out=best.copy(), where=bend > 0)
        best = np.maximum(best - step, 0)
    cost = best**_POWER + bond / 2 * (best - size) ** 2
    found: Levels = np.where(cost < bond / 2 * size**2, best, 0).astype(np.float32)
    return found * np.sign(gradient).astype(np.float32)
