"""A photo before and after, made comparable."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.faces import Face
from worker.imaging.photo import Photo, Pixels
from worker.stages import alpha

__all__ = ["Levels", "Mask", "Pair", "enlarged", "levels_of", "luma"]

Levels = NDArray[np.float32]
"""Values of 0–255 with fractions, H×W or H×W×3."""

Mask = NDArray[np.bool_]

_REC_709 = np.array([0.2126, 0.7152, 0.0722], np.float32)
_TONES = 64
_ENOUGH = 32
"""Pixels of one tone from which on their median says what became of it."""


@dataclass(frozen=True, eq=False)
class Pair:
    """A decoded photo and what was made of it, of the same size or larger.

    `lit` says that the light stage ran, so that tones may differ; `faces` are those of the source,
    in its pixels.
    """

    source: Photo
    result: Photo
    lit: bool = False
    faces: Sequence[Face] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the result."""
        return self.result.width, self.result.height

    @property
    def scale(self) -> float:
        """How many times wider the result is."""
        return self.result.width / self.source.width

    @cached_property
    def visible(self) -> Pixels:
        """The source's pixels, with the visible colours, free of the ground that they were cut
        from, carried on under transparent ones, as the pipeline does unless it leaves the photo as
        it is.
        """
        if self.source.alpha is None or self.result.pixels is self.source.pixels:
            return self.source.pixels
        return alpha.bleed(self.source.pixels, self.source.alpha)

    @cached_property
    def before(self) -> Levels:
        """The source's luma at its own size; where light was corrected, in the result's tones."""
        source = luma(self.visible)
        return self._in_tones_of_result(source) if self.lit else source

    @cached_property
    def after(self) -> Levels:
        """The result's luma."""
        return luma(self.result.pixels)

    @cached_property
    def residual(self) -> Levels:
        """What was done beside plain enlarging: the result's luma less the source's."""
        return cast("Levels", self.after - enlarged(self.before, self.size))

    def _in_tones_of_result(self, source: Levels) -> Levels:
        """The source with each tone replaced by what most of its pixels became."""
        height, width = source.shape
        result = cv2.resize(self.after, (width, height), interpolation=cv2.INTER_AREA)
        tone = np.clip(source / 256 * _TONES, 0, _TONES - 1).astype(int)
        order = np.argsort(tone, axis=None)
        ends = np.searchsorted(tone.ravel()[order], np.arange(_TONES + 1))
        known = [
            (float(np.median(source.ravel()[own])), float(np.median(result.ravel()[own])))
            for own in (order[first:last] for first, last in pairwise(ends))
            if len(own) >= _ENOUGH
        ]
        if not known:
            return source
        shifts = [there - here for here, there in known]
        shift = np.interp(source, [here for here, _ in known], shifts)
        return cast("Levels", (source + shift).astype(np.float32))


def luma(pixels: Pixels) -> Levels:
    """The weighted mean of the channels (Rec. 709) of H×W×3 pixels, as levels of 255."""
    return cast("Levels", levels_of(pixels) @ _REC_709)


def levels_of(values: Pixels) -> Levels:
    """Values of 0–65535, of any shape, as levels of 255."""
    return cast("Levels", values.astype(np.float32) / np.float32(257))


def enlarged(levels: Levels, size: tuple[int, int], *, cubic: bool = False) -> Levels:
    """Levels at `size` (width, height) without any skill: linear between pixels' middles, or cubic
    as photo programs do, within 0–255.
    """
    if levels.shape[1::-1] == size:
        return levels
    if cubic:
        grown = cv2.resize(levels, size, interpolation=cv2.INTER_CUBIC)
        return cast("Levels", np.clip(grown, 0, 255, out=grown))
    return cast("Levels", cv2.resize(levels, size, interpolation=cv2.INTER_LINEAR))
