"""Edges that glow or fray."""

from typing import cast

import cv2
import numpy as np

from benchmarks.contact_sheet.figure import Figure
from benchmarks.contact_sheet.pair import Levels, Mask, Pair, enlarged, levels_of
from worker.imaging.photo import Box

__all__ = ["FRINGE", "HALO", "RAGGED", "STRAY", "fringe", "halos", "ragged", "stray"]

HALO = 1.0
"""Percent of the plain ground beside strong edges that may be brighter or darker than it was:
enlarged by Lanczos' kernel poor photos have 0.003, an unsharp mask of 2 pixels makes 0.3–1.4 at
half strength, 3–13 at full.
"""

STRAY = 0.1
"""Percent of the pixels at alpha's edge whose alpha may lie beyond that around."""

RAGGED = 15.0
"""Percent by which alpha's contours may be longer than when plainly enlarged: Lanczos' kernel makes
up to 9, contours that jump by a pixel of the result every two 40.
"""

FRINGE = 8.0
"""Levels of 255 by which the colour along alpha's edge may leave that of the visible parts: linear
against cubic enlargement is 5–8, a rim that is seen from 10 on.
"""

_STRONG = 40.0
"""Levels of 255 between the darkest and brightest pixel around a strong edge."""
_PLAIN = 0.15
"""Share of that difference within which the pixels at a plain place are."""
_SEEN, _OF_SPAN = 5.0, 0.05
"""Levels, and share of that difference, by which a halo is brighter or darker than its ground."""
_ALPHA_SEEN = 2.0
_THIN = 5
"""Pixels of the source across which a part is too thin to tell how smooth its contour is."""
_ALONG = 6.0
"""Pixels of the source along an edge over which its colours are averaged (sigma)."""
_ENOUGH_EDGE = 0.02
"""Share of the averaged pixels that must be edge."""
_LEAST_PIXELS = 64


def halos(pair: Pair) -> Figure | None:
    """Percent of the plain ground beside strong edges that became brighter or darker than it was.

    Plain is where the source (in the result's tones where light was corrected) changes within 3×3
    of its pixels by less than 15 % of what it does within 7×7, and strong an edge of 40 of 255
    there. A halo is 5 levels and 5 % of the edge beyond all of the 7×7: detail that comes back has
    no such ground. The place is the worst pixel. None without strong edges.
    """
    low, high = _around(pair.before, 7)
    smooth = cast("Levels", cv2.GaussianBlur(pair.before, (0, 0), 0.7))
    least, most = _around(smooth, 3)
    span = high - low
    plain = (span >= _STRONG) & (most - least <= _PLAIN * span)
    ground = enlarged(plain.astype(np.float32), pair.size) > 0.5
    if ground.sum() < _LEAST_PIXELS:
        return None
    low, high = enlarged(low, pair.size), enlarged(high, pair.size)
    beyond = np.maximum(pair.after - high, low - pair.after) - _OF_SPAN * (high - low)
    glows = ground & (beyond > _SEEN)
    return Figure("halo", _percent(glows, ground), "%", HALO, _worst(beyond * ground, glows))


def stray(pair: Pair) -> Figure | None:
    """Percent of alpha's edge that is more solid or clearer than all the alpha around.

    Around is 3×3 pixels of the source; by more than 2 levels of 255. None without transparency.
    """
    alphas = _alphas(pair)
    if alphas is None:
        return None
    before, after = alphas
    low, high = (enlarged(bound, pair.size) for bound in _around(before, 3))
    beyond = np.maximum(after - high, low - after)
    strays = beyond > _ALPHA_SEEN
    return Figure("stray alpha", _percent(strays, high > low), "%", STRAY, _worst(beyond, strays))


def ragged(pair: Pair) -> Figure | None:
    """Percent by which alpha's contours are longer than those of the alpha enlarged cubically.

    The total variation of a picture is the length of its level lines, summed over all levels
    (W. H. Fleming and R. Rishel's coarea formula, 1960): a steeper edge does not change it, a
    frayed one does. Leaves, hair and gaps of up to 5 pixels of the source are left out. None
    without transparency.
    """
    alphas = _alphas(pair)
    if alphas is None:
        return None
    before, after = alphas
    solid = (before > 127).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_THIN, _THIN))
    thin = cv2.absdiff(
        cv2.morphologyEx(solid, cv2.MORPH_OPEN, disc),
        cv2.morphologyEx(solid, cv2.MORPH_CLOSE, disc),
    )
    near = cv2.dilate(thin, np.ones((2 * _THIN + 1, 2 * _THIN + 1), np.uint8))
    sound = enlarged(1 - near.astype(np.float32), pair.size) > 0.99
    length = _variation(enlarged(before, pair.size, cubic=True), sound)
    if length < 255 * _LEAST_PIXELS:
        return None
    longer = _variation(after, sound) / length - 1
    return Figure("ragged alpha", 100 * max(0.0, longer), "%", RAGGED)


def fringe(pair: Pair) -> Figure | None:
    """Levels of 255 by which the colour along alpha's edge left that of the visible parts.

    The residual of each channel beside the cubically enlarged source, whose visible colours are
    freed of the ground that it was cut from and carried on outwards, weighted by how visible an
    edge pixel is and averaged over a Gaussian of 6 pixels of the source; the 99th percentile along
    the edge. None without transparency or where light was corrected.
    """
    alphas = _alphas(pair)
    if alphas is None or pair.lit:
        return None
    after = alphas[1] / 255
    weight = np.where((after > 0.05) & (after < 0.95), after, 0).astype(np.float32)
    if not weight.any():
        return None
    sigma = _ALONG * pair.scale
    around = cv2.GaussianBlur(weight, (0, 0), sigma)
    off = np.zeros_like(weight)
    for channel in range(3):
        was = enlarged(levels_of(pair.visible[..., channel]), pair.size, cubic=True)
        added = levels_of(pair.result.pixels[..., channel]) - was
        drift = cv2.GaussianBlur(added * weight, (0, 0), sigma) / np.maximum(around, 1e-6)
        off = np.maximum(off, np.abs(drift))
    edge = (weight > 0) & (around > _ENOUGH_EDGE)
    if not edge.any():
        return None
    value = float(np.percentile(off[edge], 99))
    return Figure("fringe", value, "levels", FRINGE, _worst(off, edge))


def _alphas(pair: Pair) -> tuple[Levels, Levels] | None:
    """The alpha of source and result in levels, where there is some and it varies."""
    before, after = pair.source.alpha, pair.result.alpha
    if before is None or before.min() == before.max():
        return None
    if after is None:
        after = np.full(pair.size[::-1], 65535, np.uint16)
    return levels_of(before), levels_of(after)


def _around(levels: Levels, side: int) -> tuple[Levels, Levels]:
    """The least and greatest value of the `side` × `side` pixels around each."""
    kernel = np.ones((side, side), np.uint8)
    return cast("Levels", cv2.erode(levels, kernel)), cast("Levels", cv2.dilate(levels, kernel))


def _variation(levels: Levels, where: Mask) -> float:
    down, across = np.diff(levels, axis=0)[:, :-1], np.diff(levels, axis=1)[:-1]
    return float(np.hypot(down, across)[where[:-1, :-1]].sum(dtype=np.float64))


def _percent(some: Mask, of: Mask) -> float:
    return 100 * float(some.sum()) / max(1, int(of.sum()))


def _worst(beyond: Levels, flawed: Mask) -> Box | None:
    if not flawed.any():
        return None
    top, left = np.unravel_index(int(np.where(flawed, beyond, -1).argmax()), beyond.shape)
    return Box(int(left), int(top), 1, 1)
