"""Keeps the colours and the light of the original."""

import math
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.imaging.photo import Pixels
from worker.tiles import strips

__all__ = ["pull_back"]

_SIGMA = 12.0
"""Pixels of the source over which colours are compared; finer differences are the model's work."""

_TOLERATED = 8 * 257
"""A difference of 8/255 counts half; larger ones are new detail rather than a cast."""

_COMPARED_PIXELS = 1_000_000

Levels = NDArray[np.float32]


def pull_back(result: Pixels, source: Pixels) -> Pixels:
    """`result`, an enlargement of `source`, changed in place to have its broad colours.

    Networks trained with an adversarial loss shift colours slowly over areas; the blurred
    difference to the source is added back. Where the two differ much, at edges that were made
    steeper, the difference is the model's work and hardly counts, so that nothing glows.
    """
    drift = _drift(result, source)
    height, width = result.shape[:2]
    ratio = drift.shape[0] / height
    for _, _, rows in strips(height, 256, 0):
        at = np.clip((np.arange(rows.start, rows.stop) + 0.5) * ratio - 0.5, 0, len(drift) - 1)
        above = at.astype(int)
        first, last = int(above[0]), min(int(above[-1]) + 2, len(drift))
        some = _resized(drift[first:last], (width, last - first), cv2.INTER_LINEAR)
        share = (at - above).astype(np.float32)[:, None, None]
        low, high = some[above - first], some[np.minimum(above + 1, last - 1) - first]
        part = result[rows] + low + (high - low) * share
        result[rows] = np.rint(np.clip(part, 0, 65535, out=part), out=part)
    return result


def _drift(result: Pixels, source: Pixels) -> Levels:
    """The blurred difference source − result, at the source's size or, if that is large, below."""
    height, width = source.shape[:2]
    shrink = min(1.0, math.sqrt(_COMPARED_PIXELS / (height * width)))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    wanted, made = (_resized(picture, size, cv2.INTER_AREA) for picture in (source, result))
    difference = wanted - made
    sigma = max(1.0, _SIGMA * shrink)
    largest = np.abs(difference).max(axis=2, keepdims=True)
    weight = 1 / (1 + (largest / _TOLERATED) ** 4)
    return _blurred(difference * weight, sigma) / (_blurred(weight, sigma)[..., None] + 1e-3)


def _blurred(picture: Levels, sigma: float) -> Levels:
    blurred = cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    return cast("Levels", blurred)


def _resized(picture: Pixels | Levels, size: tuple[int, int], way: int) -> Levels:
    return cast("Levels", cv2.resize(picture, size, interpolation=way).astype(np.float32))
