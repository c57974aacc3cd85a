"""What lies where in a photo, as far as its light is concerned: smooth maps of a small copy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

import cv2
import numpy as np

from worker.imaging.photo import Box
from worker.stages.coarse import Levels, ramp

__all__ = ["Surroundings", "surroundings"]

_RADIUS: Final = 12
"""Pixels of the small copy over which a base layer is smooth (its long side has some 384)."""

_EDGE: Final = 0.05
"""Steps of L*/100 from which on a base layer keeps an edge."""

_SKIN_HUE, _SKIN_WIDTH = 52.0, 32.0
_LEAF_HUE, _LEAF_WIDTH = 122.0, 30.0
_SKY_HUE, _SKY_WIDTH = 262.0, 45.0
"""Middles and half widths of CIE hue angles in degrees."""


@dataclass(frozen=True, eq=False)
class Surroundings:
    """Maps of one size. The base layer of L*/100 is `slope` · L*/100 + `offset` (fast guided
    filter, K. He and J. Sun 2015), so that at any size it keeps the edges of the photo itself.
    `skin`, `sky` and `leaves` say from 0 to 1 how much a place is like that.
    """

    slope: Levels
    offset: Levels
    skin: Levels
    sky: Levels
    leaves: Levels


def surroundings(lab: Levels, faces: Sequence[Box], width: int) -> Surroundings:
    """The maps of a small photo in CIE L*a*b*; `faces` are in pixels of the photo, `width` wide."""
    lightness: Levels = lab[..., 0] / np.float32(100)
    slope, offset = _guided(lightness, lightness, _RADIUS)
    chroma: Levels = np.hypot(lab[..., 1], lab[..., 2])
    hue = (np.degrees(np.arctan2(lab[..., 2], lab[..., 1])) % 360).astype(np.float32)
    height = lab.shape[0]
    above = np.clip(1.6 - 2 * (np.arange(height, dtype=np.float32) + 0.5) / height, 0, 1)[:, None]
    # A smooth place has a base layer of its own mean: no slope.
    smooth = 1 - ramp(slope, 0.15, 0.6)
    blue = _around(hue, _SKY_HUE, _SKY_WIDTH) * ramp(chroma, 4, 10) * ramp(lightness, 0.3, 0.5)
    cloudy = ramp(lightness, 0.7, 0.85) * (1 - ramp(chroma, 6, 12))
    sky = above * smooth * np.maximum(blue, cloudy)
    leaves = _around(hue, _LEAF_HUE, _LEAF_WIDTH) * ramp(chroma, 6, 14)
    skin: Levels = _around(hue, _SKIN_HUE, _SKIN_WIDTH) * ramp(chroma, 5, 12)
    skin *= (1 - ramp(chroma, 45, 60)) * ramp(lightness, 0.1, 0.25)
    # By its colour alone it may as well be wood or sand.
    found = np.maximum(skin * 0.35, _ovals(faces, lab.shape[1] / width, lightness.shape))
    return Surroundings(slope, offset, *(_along(lightness, kind) for kind in (found, sky, leaves)))


def _guided(guide: Levels, values: Levels, radius: int) -> tuple[Levels, Levels]:
    """The slope and offset by which `values` follow `guide` in the neighbourhood of each place."""
    mean, wanted = _mean(guide, radius), _mean(values, radius)
    variance = np.maximum(_mean(guide * guide, radius) - mean * mean, 0)
    likeness = _mean(guide * values, radius) - mean * wanted
    slope: Levels = (likeness / (variance + np.float32(_EDGE**2))).astype(np.float32)
    return _mean(slope, radius), _mean(wanted - slope * mean, radius)


def _along(guide: Levels, kind: Levels) -> Levels:
    """A map from 0 to 1 made smooth within the edges of the photo."""
    slope, offset = _guided(guide, kind.astype(np.float32), _RADIUS // 2)
    along: Levels = np.clip(slope * guide + offset, 0, 1)
    return along


def _mean(values: Levels, radius: int) -> Levels:
    side = 2 * radius + 1
    mean = cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT_101)
    return cast("Levels", mean)


def _around(hue: Levels, middle: float, width: float) -> Levels:
    away = np.abs((hue - middle + 180) % 360 - 180)
    return 1 - ramp(away, width * 0.7, width * 1.3)


def _ovals(faces: Sequence[Box], shrink: float, shape: tuple[int, ...]) -> Levels:
    """1 in the ovals around faces."""
    drawn = np.zeros(shape, np.float32)
    for face in faces:
        middle = (face.left + face.width / 2, face.top + face.height / 2)
        axes = (face.width * 0.55, face.height * 0.65)
        cv2.ellipse(
            drawn,
            tuple(round(place * shrink) for place in middle),
            tuple(max(1, round(axis * shrink)) for axis in axes),
            0,
            0,
            360,
            1.0,
            -1,
        )
    return drawn
