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

SEAM, BOX = 0.6, 1.0
"""Steps in levels of 255 up to which a line is none: of twelve poor photos in ten ways the worst
had 0.54 and 0. Planted seams of 2 and boxes of 3 levels are found as 0.6–1.9 and 1.4.
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
_LEAST_PIXELS, _LEAST_SHARE = 16, 0.15
_MAD = 1.4826
_AROUND = 1.0
"""Sides of a face's box by which its surroundings reach beyond it."""
_INNER = 0.15
"""Sides of a face's box within which lines are those of a face."""


Counts = NDArray[np.int_]


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
    flat = _flat(pair)
    own = enlarged(pair.before, pair.size)
    down = _line(own, pair.after, flat, _reach(pair))
    across = _line(own.T, pair.after.T, flat.T, _reach(pair))
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
    flat = _flat(pair).astype(np.float32)
    found = [(_box_line(pair, flat, face), face) for face in pair.faces]
    step, face = max(found, key=lambda one: one[0])
    place = Box(*(round(side * pair.scale) for side in face.box))
    return Figure("box", step, "levels", BOX, place)


def _box_line(pair: Pair, flat: Levels, face: Face) -> float:
    """The strongest line beside a face, in levels."""
    left, top, width, height = (side * pair.scale for side in face.box)
    middle = (left + width / 2, top + height / 2)
    size = tuple(round(side * (1 + 2 * _AROUND)) for side in (width, height))
    turn = cast("NDArray[np.float64]", cv2.getRotationMatrix2D(middle, face.tilt, 1))
    turn[:, 2] += np.array(size) / 2 - middle

    def upright(levels: Levels, beyond: int) -> Levels:
        turned = cv2.warpAffine(levels, turn, size, borderMode=beyond)
        return cast("Levels", turned)

    before = upright(enlarged(pair.before, pair.size), cv2.BORDER_REPLICATE)
    after = upright(pair.after, cv2.BORDER_REPLICATE)
    usable = upright(flat, cv2.BORDER_CONSTANT) > 0.99
    found = 0.0
    for turned in (False, True):
        one, other, own = (before.T, after.T, usable.T) if turned else (before, after, usable)
        along, beside = (width, height) if turned else (height, width)
        rows = slice(round(along * _AROUND), round(along * (1 + _AROUND)))
        inner = slice(round(beside * (_AROUND + _INNER)), round(beside * (1 + _AROUND - _INNER)))
        outside = own[rows].copy()
        outside[:, inner] = False
        found = max(found, _line(one[rows], other[rows], outside, _reach(pair)).step)
    return found


def _reach(pair: Pair) -> int:
    """Pixels on each side of a line that are averaged: one of the source, and one more."""
    return max(2, round(pair.scale) + 1)


def _flat(pair: Pair) -> Mask:
    """Where the source has little detail."""
    kernel = np.ones((5, 5), np.uint8)
    span = cv2.dilate(pair.before, kernel) - cv2.erode(pair.before, kernel)
    flat = enlarged(span, pair.size) <= np.percentile(span, _FLAT_SHARE)
    return cast("Mask", flat)


def _line(before: Levels, after: Levels, flat: Mask, reach: int) -> _Line:
    """The strongest line between two columns that came with the work."""
    if before.shape[1] < 4 * reach:
        return _Line(0.0, 0)
    usable = flat[:, reach - 1 : -reach] & flat[:, reach : -reach + 1 or None]
    counts = usable.sum(axis=0)
    enough = counts >= max(_LEAST_PIXELS, _LEAST_SHARE * before.shape[0])
    if enough.sum() < 8:
        return _Line(0.0, 0)
    step, sure = _steps(after - before, usable, counts, enough, reach)
    own = _steps(before, usable, counts, enough, reach)[0]
    own -= cv2.boxFilter(own[:, None], -1, (1, 6 * reach + 1)).ravel()
    had = cv2.dilate(np.abs(own)[:, None], np.ones((4 * reach + 1, 1), np.uint8)).ravel()
    lines = enough & (np.abs(sure) > SURE)
    strength = np.where(lines, np.abs(step) - had, 0)
    at = int(strength.argmax())
    return _Line(max(0.0, float(strength[at])), at + reach)


def _steps(
    picture: Levels, usable: Mask, counts: Counts, enough: Mask, reach: int
) -> tuple[Levels, Levels]:
    """The mean step at each column in levels, and in robust deviations of all columns."""
    sums = np.cumsum(np.pad(picture, ((0, 0), (1, 0))), axis=1, dtype=np.float64)
    means = (sums[:, reach:] - sums[:, :-reach]) / reach
    rises = means[:, reach:] - means[:, :-reach]
    some = rises[usable]
    middle = np.median(some)
    cap = max(_LEAST_CAP, _CAP * _MAD * float(np.median(np.abs(some - middle))))
    capped = np.where(usable, np.clip(rises, -cap, cap), 0)
    step = capped.sum(axis=0) / np.maximum(counts, 1)
    weight = np.sqrt(counts)
    told = step * weight
    deviation = _MAD * np.median(np.abs(told[enough] - np.median(told[enough])))
    least = _LEAST_DEVIATION * np.median(weight[enough])
    return step, told / max(float(deviation), float(least))
