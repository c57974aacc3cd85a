"""Transparency: colours carried on under it, and its own enlargement."""

from collections.abc import Callable
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.imaging.photo import Pixels
from worker.stages.matte import unmix

__all__ = ["bleed", "enlarge"]

Levels = NDArray[np.float32]

_FULL = 65535
_SOLID = 0.5
"""Coverage from which a pixel's own colour is sound; below, 8-bit straight colour is coarse."""


def bleed(pixels: Pixels, alpha: Pixels) -> Pixels:
    """The photo with the colours of its visible parts carried on under transparent ones.

    A network then sees no edge where the hidden colour (often black or white) begins, and no fringe
    of it can show in the result. Visible colours stay as they are, but for the ground that a
    cut-out was cut from. Colours are carried by push-pull interpolation (S. J. Gortler et al., "The
    Lumigraph", 1996, section 3.4).
    """
    if alpha.min() == _FULL or alpha.max() == 0:
        return pixels
    pixels = unmix(pixels, alpha)
    weight = np.clip(alpha.astype(np.float32) / (_SOLID * _FULL), 0, 1)[..., None]
    filled = _pulled(pixels.astype(np.float32) * weight, weight)
    result: Pixels = np.rint(pixels * weight + filled * (1 - weight)).astype(np.uint16)
    return result


def _resized(values: Levels, size: tuple[int, int], way: int) -> Levels:
    return cast("Levels", cv2.resize(values, size, interpolation=way))


def _pulled(premultiplied: Levels, weight: Levels) -> Levels:
    """Colours everywhere, from the nearest level of a pyramid that has some."""
    height, width = weight.shape[:2]
    if min(height, width) > 1 and weight.min() < 1:
        half = (max(1, width // 2), max(1, height // 2))
        coarse = _pulled(
            _resized(premultiplied, half, cv2.INTER_AREA),
            _resized(weight, half, cv2.INTER_AREA)[..., None],
        )
        below = _resized(coarse, (width, height), cv2.INTER_LINEAR)
    else:
        mean = premultiplied.sum((0, 1)) / np.float32(max(float(weight.sum()), 1e-6))
        below = np.broadcast_to(mean, premultiplied.shape)
    # What is known at this level counts fully from half a pixel of coverage on.
    known = np.minimum(weight * 2, 1)
    own = premultiplied / np.maximum(weight, 1e-6)
    blended: Levels = own * known + below * (1 - known)
    return blended


def enlarge(alpha: Pixels, width: int, height: int, upscale: Callable[[Pixels], Pixels]) -> Pixels:
    """Alpha at the result's size; `upscale` enlarges it as a grey H×W×3 picture.

    One value throughout takes a short cut. What was fully clear or fully solid all around stays
    exactly so.
    """
    if alpha.min() == alpha.max():
        return np.full((height, width), alpha.flat[0], np.uint16)
    grown = upscale(np.repeat(alpha[..., None], 3, axis=2))
    single = grown.mean(axis=2, dtype=np.float32)
    if single.shape != (height, width):
        single = _resized(single, (width, height), cv2.INTER_AREA)
    kernel = np.ones((3, 3), np.uint8)
    low, high = (
        cv2.resize(extreme(alpha, kernel), (width, height), interpolation=cv2.INTER_LINEAR)
        for extreme in (cv2.erode, cv2.dilate)
    )
    result: Pixels = np.rint(np.clip(single, low, high)).astype(np.uint16)
    return result
