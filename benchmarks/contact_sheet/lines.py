"""Straight lines that a photo did not have: seams of tiles and strips, and boxes around faces."""

from typing import NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.contact_sheet.figure import Figure
from benchmarks.contact_sheet.pair import Levels, Mask, Pair, enlarged
from worker.faces import Face
from worker.imaging.photo import Box

__all__ = ["BOX", "SEAM", "SURE", "boxes", "seams"]

SEAM, BOX = 0.8, 1.2
"""Steps in levels of 255 up to which a line is none. Of seams of 2 levels that were planted in 39
enhanced poor photos 33 are seen, as 1.1 and more, and of boxes of 3 levels around 20 faces 14, as
1.4 and more; without them there is 0. Those that are missed lie in leaves, bricks and crowds.
"""

SURE = 8.0
"""Robust standard deviations by which a line must stand out from all others; at 6 there are some in
fine leaves.
"""

_FLAT_SHARE = 50.0
"""Percent of the pixels, those with the least span around, in which lines are looked for."""
_LEAST_CAP, _CAP = 4.0, 4.0
"""A pixel counts with so many levels, or robust standard deviations, at most."""
_LEAST_DEVIATION = 0.05
"""Levels that the mean step of a line is uncertain by at least."""
_UNKNOWN = 1e6
_LEAST_PIXELS, _LEAST_SHARE = 16, 0.15
_MAD = 1.4826
_AROUND = 1.0
"""Sides of a face's box by which its surroundings reach beyond it."""
_INNER = 0.15
"""Sides of a face's box within which lines are those of a face."""


class _Line(NamedTuple):
    """A line between `at` − 1 and `at` and its step in levels, 0 where none is sure."""

    step: float
    at: int


def seams(pair: Pair) -> Figure:
    """The step, in levels of 255, at the plainest straight line across or down the whole photo.

    Steps are differences of the means of a few pixels on both sides, in the flatter half of the
    photo, averaged along each row and column with outliers capped. A line counts if it stands out
    of the result less the plainly enlarged source by more than `SURE` robust deviations (1.4826
    MAD) of all lines. The step that the source itself has there, beside its gradient, is taken
    off: an edge may become steeper, and JPEG blocks may go.
    """
    span = _span(pair)
    own = enlarged(pair.before, pair.size)
    down = _line(own, pair.after, span, _reach(pair))
    across = _line(own.T, pair.after.T, span.T, _reach(pair))
    width, height = pair.size
    if down.step >= across.step:
        return Figure("seam", down.step, "levels", SEAM, Box(down.at, 0, 1, height))
    return Figure("seam", across.step, "levels", SEAM, Box(0, across.at, width, 1))


def boxes(pair: Pair) -> Figure | None:
    """The same within each face's surroundings, turned upright and as long as the face's box.

    What lies on the face itself is left out, where brows and mouth are lines. None without faces.
    """
    if not pair.faces:
        return None
    span = _span(pair)
    found = [(_box_line(pair, span, face), face) for face in pair.faces]
    step, face = max(found, key=lambda one: one[0])
    place = Box(*(round(side * pair.scale) for side in face.box))
    return Figure("box", step, "levels", BOX, place)


def _box_line(pair: Pair, span: Levels, face: Face) -> float:
    """The strongest line beside a face, in levels."""
    left, top, width, height = (side * pair.scale for side in face.box)
    middle = (left + width / 2, top + height / 2)
    size = tuple(round(side * (1 + 2 * _AROUND)) for side in (width, height))
    turn = cast("NDArray[np.float64]", cv2.getRotationMatrix2D(middle, face.tilt, 1))
    turn[:, 2] += np.array(size) / 2 - middle

    before, after = (
        cast("Levels", cv2.warpAffine(levels, turn, size, borderMode=cv2.BORDER_REPLICATE))
        for levels in (enlarged(pair.before, pair.size), pair.after)
    )
    span = cast("Levels", cv2.warpAffine(span, turn, size, borderValue=_UNKNOWN))
    reach = _reach(pair)
    found = 0.0
    for turned in (False, True):
        one, other, own = (before.T, after.T, span.T) if turned else (before, after, span)
        along, beside = (width, height) if turned else (height, width)
        rows = slice(round(along * _AROUND), round(along * (1 + _AROUND)))
        inside = round(beside * (_AROUND + _INNER)) - reach
        inner = slice(inside, round(beside * (1 + _AROUND - _INNER)) + reach)
        outside = own[rows].copy()
        outside[:, inner] = _UNKNOWN
        found = max(found, _line(one[rows], other[rows], outside, reach).step)
    return found


def _reach(pair: Pair) -> int:
    """Pixels on each side of a line that are averaged: one of the source, and one more."""
    return max(2, round(pair.scale) + 1)


def _span(pair: Pair) -> Levels:
    """Levels between the darkest and brightest of 5×5 of the source's pixels."""
    kernel = np.ones((5, 5), np.uint8)
    span = cv2.dilate(pair.before, kernel) - cv2.erode(pair.before, kernel)
    return enlarged(cast("Levels", span), pair.size)


def _line(before: Levels, after: Levels, span: Levels, reach: int) -> _Line:
    """The strongest line between two columns that came with the work; `span` tells flat places."""
    if before.shape[1] < 4 * reach:
        return _Line(0.0, 0)
    known = span[span < _UNKNOWN / 2]
    if not known.size:
        return _Line(0.0, 0)
    flat = span <= np.percentile(known, _FLAT_SHARE)
    whole = np.ones((1, 2 * reach), np.uint8)
    anchor = (reach, 0)  # As many pixels to the left of each column as from it on.
    usable = cv2.erode(flat.astype(np.uint8), whole, anchor=anchor)[:, reach : 1 - reach] > 0
    counts = usable.sum(axis=0)
    enough = counts >= max(_LEAST_PIXELS, _LEAST_SHARE * before.shape[0])
    if enough.sum() < 8:
        return _Line(0.0, 0)
    rises = np.where(usable, _rises(after - before, reach), 0)
    weight = np.sqrt(counts)
    step = _capped(rises, usable).sum(axis=0) / np.maximum(counts, 1)
    told = step * weight
    deviation = _MAD * np.median(np.abs(told[enough] - np.median(told[enough])))
    sure = told / max(float(deviation), _LEAST_DEVIATION * float(np.median(weight[enough])))
    own = np.where(usable, _rises(before, reach), 0).sum(axis=0) / np.maximum(counts, 1)
    own -= cv2.boxFilter(own[:, None], -1, (1, 6 * reach + 1)).ravel()
    had = cv2.dilate(np.abs(own)[:, None], np.ones((4 * reach + 1, 1), np.uint8)).ravel()
    lines = enough & (np.abs(sure) > SURE)
    strength = np.where(lines, np.abs(step) - had, 0)
    at = int(strength.argmax())
    return _Line(max(0.0, float(strength[at])), at + reach)


def _rises(picture: Levels, reach: int) -> Levels:
    """The mean of `reach` pixels right of each place between columns less that left of it."""
    sums = np.cumsum(np.pad(picture, ((0, 0), (1, 0))), axis=1, dtype=np.float64)
    means = (sums[:, reach:] - sums[:, :-reach]) / reach
    return cast("Levels", (means[:, reach:] - means[:, :-reach]).astype(np.float32))


def _capped(rises: Levels, usable: Mask) -> Levels:
    """No pixel counts for more than so many levels, that edges weigh no more than others."""
    some = rises[usable]
    deviation = _MAD * float(np.median(np.abs(some - np.median(some))))
    cap = max(_LEAST_CAP, _CAP * deviation)
    return cast("Levels", np.clip(rises, -cap, cap))
