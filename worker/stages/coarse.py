"""Smooth maps of a photo, kept small and enlarged where they are used."""

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Levels", "enlarged", "ramp"]

Levels = NDArray[np.float32]


def enlarged(picture: Levels, rows: slice, shape: tuple[int, ...]) -> Levels:
    """Some `rows` of a small map, H×W or H×W×C, that is enlarged to `shape` (height, width, …).

    Linear between the middles of its pixels, and the same whatever rows are asked for.
    """
    height, width = shape[:2]
    ratio = picture.shape[0] / height
    at = np.clip((np.arange(rows.start, rows.stop) + 0.5) * ratio - 0.5, 0, len(picture) - 1)
    above = at.astype(int)
    first, last = int(above[0]), min(int(above[-1]) + 2, len(picture))
    size = (width, last - first)
    some = cv2.resize(picture[first:last], size, interpolation=cv2.INTER_LINEAR)
    some = some.reshape(last - first, width, *picture.shape[2:])
    share = (at - above).astype(np.float32).reshape(-1, *[1] * (some.ndim - 1))
    low, high = some[above - first], some[np.minimum(above + 1, last - 1) - first]
    return cast("Levels", low + (high - low) * share)


def ramp(values: Levels, begin: float, end: float) -> Levels:
    """0 up to `begin`, 1 from `end` on, and a smooth rise between them."""
    at = np.clip((values - np.float32(begin)) / np.float32(end - begin), 0, 1)
    return cast("Levels", at * at * (3 - 2 * at))
