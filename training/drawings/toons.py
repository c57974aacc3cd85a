"""Photos redrawn: few flat colours with smooth borders, and ink where there were edges."""

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from training.drawings.canvas import Levels

__all__ = ["toon"]

_LONG = 200
"""Long side in pixels of the copy in which the areas are found."""


def toon(chance: np.random.Generator, photo: Levels, side: int) -> Levels:
    """A window of a photo (H×W×3) as a drawing of `side` × `side` pixels.

    The ink follows H. Winnemöller's "XDoG: Advanced Image Stylization with eXtended
    Difference-of-Gaussians", 2011.
    """
    window = _window(chance, photo)
    small = cast("Levels", cv2.resize(window, (_LONG, _LONG), interpolation=cv2.INTER_AREA))
    for _time in range(int(chance.integers(1, 4))):
        small = cast("Levels", cv2.bilateralFilter(small, 7, 30, 5))
    labels, colours = _areas(small, int(chance.integers(6, 28)))
    flat = _painted(labels, colours, 2 * side)
    if chance.random() < 0.7:
        ink = _ink(chance, small, 2 * side)
        flat = np.rint(flat * ink[..., None]).astype(np.uint8)
    return cast("Levels", cv2.resize(flat, (side, side), interpolation=cv2.INTER_AREA))


def _window(chance: np.random.Generator, photo: Levels) -> Levels:
    height, width = photo.shape[:2]
    edge = int(min(height, width) * chance.uniform(0.35, 1))
    top, left = (int(chance.integers(0, length - edge + 1)) for length in (height, width))
    return photo[top : top + edge, left : left + edge]


def _areas(small: Levels, count: int) -> tuple[NDArray[np.int32], Levels]:
    """Each pixel's colour by number, and the colours."""
    values = small.reshape(-1, 3).astype(np.float32)
    stop = (cv2.TERM_CRITERIA_MAX_ITER, 8, 0.0)
    cv2.setRNGSeed(0)
    start = np.zeros((len(values), 1), np.int32)
    _, labels, centres = cv2.kmeans(values, count, start, stop, 1, cv2.KMEANS_PP_CENTERS)
    shape = small.shape[:2]
    return labels.reshape(shape).astype(np.int32), np.rint(centres).astype(np.uint8)


def _painted(labels: NDArray[np.int32], colours: Levels, side: int) -> Levels:
    """The areas at `side` pixels: of each the softened mask is enlarged, the largest one shows."""
    best = np.zeros((side, side), np.float32)
    painted = np.zeros((side, side, 3), np.uint8)
    for number, colour in enumerate(colours):
        mask = cv2.GaussianBlur((labels == number).astype(np.float32), (0, 0), 1.0)
        large = cv2.resize(mask, (side, side), interpolation=cv2.INTER_CUBIC)
        ahead = large > best
        best = np.where(ahead, large, best)
        painted[ahead] = colour
    return painted


def _ink(chance: np.random.Generator, small: Levels, side: int) -> NDArray[np.float32]:
    """What is left of the light, 0 (ink) to 1."""
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    sigma = float(chance.uniform(0.6, 1.4))
    fine, coarse = (cv2.GaussianBlur(grey, (0, 0), s) for s in (sigma, 1.6 * sigma))
    sharp = fine - float(chance.uniform(0.95, 0.99)) * coarse
    large = cv2.resize(sharp, (side, side), interpolation=cv2.INTER_CUBIC)
    steep = float(chance.uniform(60, 400))
    # Slopes of some pixels between ink and none, as a brush leaves them.
    return np.asarray(np.clip(1 + np.tanh(steep * large), 0, 1), np.float32)
