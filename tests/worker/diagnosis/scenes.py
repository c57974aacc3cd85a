"""A picture like a photo, and photos of it."""

from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.imaging.photo import Photo, to_sixteen_bits

Levels = NDArray[np.uint8]


@cache
def leaves(seed: int = 0, side: int = 384) -> Levels:
    """Textured leaves that cover each other (A. B. Lee, D. Mumford, J. Huang, "Occlusion Models for
    Natural Images", IJCV 41, 2001), H×W×3, made twice as large so that their edges are soft."""
    chance = np.random.default_rng(seed)
    large = 2 * side
    levels = np.full((large, large, 3), 110, np.float32)
    down, across = np.mgrid[:large, :large].astype(np.float32)
    for _leaf in range(220):
        x, y = chance.integers(0, large, 2)
        radius = 9 / (1.02 - chance.random())
        turn, slim = chance.uniform(0, np.pi), chance.uniform(0.3, 1)
        along = (across - x) * np.cos(turn) + (down - y) * np.sin(turn)
        aside = (down - y) * np.cos(turn) - (across - x) * np.sin(turn)
        inside = along**2 + (aside / slim) ** 2 < min(radius, large / 4) ** 2
        colour = np.clip(chance.normal(125, 45) + chance.normal(0, 25, 3), 12, 240)
        shade = chance.normal(0, 0.35, 2)
        slope = shade[0] * along[inside] + shade[1] * aside[inside]
        levels[inside] = colour + np.clip(slope, -40, 40)[:, None]
    texture = chance.normal(0, 14, (large, large, 1)).astype(np.float32)
    levels += cv2.GaussianBlur(texture, (0, 0), 1.5)[..., None] * 2
    small = cv2.resize(levels, (side, side), interpolation=cv2.INTER_AREA)
    return np.clip(np.rint(small), 0, 255).astype(np.uint8)


def grey(value: float, side: int = 128) -> Levels:
    """One grey all over."""
    return np.full((side, side, 3), round(value), np.uint8)


def bent(levels: Levels, gamma: float) -> Levels:
    """The levels, 0–1, raised to `gamma`."""
    return np.rint((levels / 255.0) ** gamma * 255).astype(np.uint8)


def photo_of(levels: Levels, **fields: Any) -> Photo:
    """A photo of 8-bit levels from a file that tells nothing but `fields`."""
    return Photo(to_sixteen_bits(np.ascontiguousarray(levels)), **fields)
