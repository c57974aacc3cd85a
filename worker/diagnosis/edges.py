"""How wide the edges of a photo are, in every direction."""

from dataclasses import dataclass
from functools import cache
from typing import Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.diagnosis.samples import Detail, Luma

__all__ = ["DIRECTIONS", "Widths", "edge_widths"]

DIRECTIONS: Final = 12
"""Each of 15 degrees; the first is that of edges whose light changes across, from left to right."""

_SCALES: Final = ((0.7, 1.4), (1.0, 2.0), (1.4, 2.8), (2.0, 4.0), (2.8, 5.6))
"""Pairs of Gaussian sigmas in pixels under which edges are compared, the finest first."""
_SELECTING, _TURNING = 2.8, 4.0
_STRONG, _SPREAD = 0.08, 9
"""The share of pixels that are edges, and the pixels around each that belong to it."""
_LEAST_SIGNAL = 10.0
_LEAST_SLOPE = 0.5  # levels a pixel
_STEEPNESS: Final = 1.4
"""Between 1, the loss of energy of a lone step, and 2, that of natural texture: chosen so that
photos blurred by a sigma of 1–4 are read right."""
_HALF: Final = np.float32(0.5)
_FAR: Final = 35  # pixels: the reach of the widest blur, both ways
_WIDEST = 150.0  # squared pixels

Gradient = tuple[Luma, Luma]


@dataclass(frozen=True, eq=False)
class Widths:
    """The variance of the edges' profiles in squared pixels, and how many pixels of edges there
    are, by direction."""

    variance: NDArray[np.float64]
    pixels: NDArray[np.int64]

    @property
    def mean(self) -> float:
        """The variance over all edges, in squared pixels."""
        return float((self.variance * self.pixels).sum() / self.pixels.sum())


def edge_widths(detail: Detail, noise: float) -> Widths | None:
    """The widths of the strongest edges, where the grain of the luma has a deviation of `noise`
    (0–255); None where there are no edges. Only opaque pixels count.

    The energies of the gradient under two Gaussian blurs are compared: the finer loses less of a
    wide edge (re-blurring, as S. Zhuo and T. Sim, "Defocus Map Estimation from a Single Image",
    Pattern Recognition 44(9), 2011, but by energies over many pixels, from which that of white
    noise can be taken off). The finest pair that stands out from the noise speaks.
    """
    gradients = {sigma: _gradient(detail.light, sigma) for pair in _SCALES for sigma in pair}
    across, down = gradients[_SELECTING]
    slope = across * across + down * down
    there = _deep(detail.opaque)
    if not there.any():
        return None
    strong = there & (slope >= np.quantile(slope[there], 1 - _STRONG))
    if float(slope[strong].mean()) - 2 * _grain(_SELECTING) * noise**2 < _LEAST_SLOPE**2:
        return None
    around = np.ones((_SPREAD, _SPREAD), np.uint8)
    edges = there & (cv2.dilate(strong.astype(np.uint8), around) > 0)
    across, down = gradients[_TURNING]
    turn = np.arctan2(-down[edges], across[edges]) % np.pi
    direction = np.rint(turn / (np.pi / DIRECTIONS)).astype(np.intp) % DIRECTIONS
    pixels = np.bincount(direction, minlength=DIRECTIONS)
    angle = direction * (np.pi / DIRECTIONS)
    cosine, sine = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    energies = {}
    for sigma, (across, down) in gradients.items():
        along = across[edges] * cosine - down[edges] * sine
        total = np.bincount(direction, weights=along * along, minlength=DIRECTIONS)
        energies[sigma] = total / np.maximum(pixels, 1)
    variance = np.zeros(DIRECTIONS)
    open_ = np.ones(DIRECTIONS, bool)
    for fine, coarse in _SCALES:
        grain = _grain(fine) * noise**2
        signal = energies[fine] - grain
        rest = np.maximum(energies[coarse] - _grain(coarse) * noise**2, 1e-6)
        ratio = (np.maximum(signal, 1e-6) / rest) ** (2 / _STEEPNESS)
        found = (coarse**2 - ratio * fine**2) / np.maximum(ratio - 1, 1e-2)
        variance[open_] = np.clip(found, 0, _WIDEST)[open_]
        open_ &= signal < _LEAST_SIGNAL * grain
    return Widths(variance, pixels)


def _gradient(light: Luma, sigma: float) -> Gradient:
    """Levels a pixel, across and down, of the inner pixels."""
    smooth = cast("Luma", cv2.GaussianBlur(light, (0, 0), sigma))
    return (smooth[1:-1, 2:] - smooth[1:-1, :-2]) * _HALF, (
        smooth[2:, 1:-1] - smooth[:-2, 1:-1]
    ) * _HALF


def _deep(opaque: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which inner pixels lie so far from transparent ones that no blur reaches them."""
    if bool(opaque.all()):
        return opaque[1:-1, 1:-1]
    around = np.ones((_FAR, _FAR), np.uint8)
    deep: NDArray[np.bool_] = cv2.erode(opaque.astype(np.uint8), around)[1:-1, 1:-1] > 0
    return deep


@cache
def _grain(sigma: float) -> float:
    """The energy of one component of the gradient of white noise of deviation 1."""
    impulse = np.zeros((65, 65), np.float32)
    impulse[32, 32] = 1
    return float((_gradient(impulse, sigma)[0] ** 2).sum())
