"""Photos and their clean enlargements, in which flaws can be planted."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data

from benchmarks.contact_sheet.pair import Pair
from worker.faces import Face
from worker.imaging.photo import Box, Photo, Pixels, to_sixteen_bits
from worker.stages.alpha import bleed

FACE = Face(
    Box(85, 31, 52, 54),
    np.array([[101, 49], [123, 49], [111, 61], [101, 71], [121, 71]], np.float32),
    0.9,
)
"""The astronaut's face in the small photo."""


def source() -> Photo:
    """The astronaut, 256 × 256."""
    small = cv2.resize(data.astronaut(), (256, 256), interpolation=cv2.INTER_AREA)
    return Photo(to_sixteen_bits(np.asarray(small, np.uint8)))


def soft_disc(side: int, radius: float) -> Pixels:
    """Alpha: a disc with an edge of two pixels in a square."""
    down, across = np.indices((side, side)) - (side - 1) / 2
    solid = np.clip((radius - np.hypot(down, across)) / 2 + 0.5, 0, 1)
    return np.asarray(np.rint(65535 * solid), np.uint16)


def enlarged(pixels: Pixels, way: int = cv2.INTER_CUBIC) -> Pixels:
    """Pixels or alpha, twice as large."""
    size = (pixels.shape[1] * 2, pixels.shape[0] * 2)
    return np.asarray(cv2.resize(pixels, size, interpolation=way), np.uint16)


def pair(
    photo: Photo,
    plant: Callable[[NDArray[Any]], None] = lambda levels: None,
    *,
    alpha: Pixels | None = None,
    lit: bool = False,
) -> Pair:
    """The photo and its clean enlargement, whose levels (0–255) `plant` changes in place."""
    visible = photo.pixels if photo.alpha is None else bleed(photo.pixels, photo.alpha)
    levels = enlarged(visible).astype(np.float64) / 257
    plant(levels)
    pixels = np.rint(np.clip(levels, 0, 255) * 257).astype(np.uint16)
    if alpha is None and photo.alpha is not None:
        alpha = enlarged(photo.alpha, way=cv2.INTER_LINEAR)
    return Pair(photo, Photo(pixels, alpha=alpha, grey=photo.grey), lit=lit, faces=(FACE,))
