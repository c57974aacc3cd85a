"""Colours and tones that moved."""

from typing import cast

import cv2
import numpy as np

from benchmarks.contact_sheet.figure import Figure
from benchmarks.contact_sheet.pair import Levels, Pair, enlarged, levels_of
from worker.imaging.photo import Box, Pixels
from worker.stages.tone import colour_error

__all__ = ["COLOUR", "STAIN", "TINT", "clipped", "colour_shift", "tint"]

COLOUR = 0.5
"""Levels of 255 that the broad colours may be off by."""

STAIN = 0.1
"""Percent of the burnt or black pixels that may no longer be."""

TINT = 1.0
"""Levels of colour that a grey picture may get; 8-bit rounding alone makes one."""

_INSIDE = 3
"""Pixels of the source that lie between a clipped pixel and the nearest that is not."""
_LEAVES = 2.0
"""Levels by which a clipped pixel has left black or white."""
_BLACK, _WHITE = 1, 254
_LEAST_PIXELS = 64
_GREY = 4.0
"""Levels between the channels of a picture that passes for grey, JPEG's rounding included."""
_MOST = 99.9


def colour_shift(pair: Pair) -> Figure | None:
    """`worker.stages.tone.colour_error`: how far the broad colours moved, in levels of 255.

    None where light was corrected, which moves them on purpose.
    """
    if pair.lit:
        return None
    return Figure("colour", colour_error(pair.result.pixels, pair.visible), "levels", COLOUR)


def clipped(pair: Pair) -> Figure | None:
    """Percent of the source's black or burnt-out pixels that are so no longer.

    Only pixels count whose neighbours within 3 pixels are clipped as well, since edges may move.
    The place is one
    of them. None where a photo has none.
    """
    levels = levels_of(pair.visible)
    kernel = np.ones((2 * _INSIDE + 1, 2 * _INSIDE + 1), np.uint8)
    gone = total = 0
    place = None
    for extreme, inside in ((0, levels.max(axis=2) <= _BLACK), (255, levels.min(axis=2) >= _WHITE)):
        core = cast("Levels", cv2.erode(inside.astype(np.float32), kernel))
        if core.sum() < _LEAST_PIXELS:
            continue
        there = enlarged(core, pair.size) > 0.99
        away = np.abs(levels_of(pair.result.pixels) - extreme).max(axis=2) > _LEAVES
        stains = np.argwhere(away & there)
        if len(stains):
            top, left = stains[len(stains) // 2]
            place = Box(int(left), int(top), 1, 1)
        gone += len(stains)
        total += int(there.sum())
    return Figure("stained", 100 * gone / total, "%", STAIN, place) if total else None


def tint(pair: Pair) -> Figure | None:
    """Levels between the channels of a grey picture's result beyond those of the picture itself.

    The 99.9th percentile over the pixels. None where the source has colours.
    """
    had = _spread(pair.visible)
    if had > _GREY:
        return None
    return Figure("tint", max(0.0, _spread(pair.result.pixels) - had), "levels", TINT)


def _spread(pixels: Pixels) -> float:
    spread = pixels.max(axis=2) - pixels.min(axis=2)
    return float(np.percentile(spread, _MOST)) / 257
