"""The ground that a cut-out was cut from, taken out of the colours along its edge."""

from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.imaging.photo import Pixels
from worker.stages.coarse import ramp
from worker.tiles import strips

__all__ = ["unmix"]

Levels = NDArray[np.float32]

_FULL = 65535
_SOLID, _CLEAR = 0.998, 0.02
"""Coverage from which a pixel is the subject alone, and up to which it is hardly seen."""

_BROAD = 7
"""Pixels across from which partial coverage is glass, smoke or a shadow rather than an edge."""

_NEAR = 1.5
"""Pixels over which the colours of the subject are carried to its edge (sigma)."""

_AROUND = 21
"""Pixels across over which the edge is asked for the colour of its ground."""

_ALIKE = (0.25, 0.45)
"""Share of what the colours of an edge differ from the subject's, in squares, that is one and the
same difference: none of it is taken for a ground up to the first, all of it from the second on.
Grounds have 0.5–0.9, an edge's own texture 0–0.4.
"""

_DIFFERENT = (8.0, 16.0)
"""Levels of 255 by which that difference is seen."""

_SEEN = 0.4
"""Share of the edge along which there has to be one: grounds have 0.5–1, clean edges up to 0.3."""

_FOLLOWS, _BLACK_FOLLOWS = 0.3, 0.78
"""How far it has to follow the coverage (correlation), if brighter than the subject and if darker:
dark outlines and shadows are part of many drawings, and hardly follow it.
"""

_STEEP, _BLACK_STEEP = (0.2, 1.15), (0.85, 1.08)
"""How steeply it may rise where coverage falls: 1 is in proportion, less an alpha that is too wide,
more a shadow.
"""

_HIGH = 0.6
"""Coverage from which more of the ground than its share tells of an alpha that is too wide."""

_TOO_WIDE = (0.4, 0.7)
"""Excess of the ground there, of its share: up to the first the alpha is believed, from the second
on the colours; exact alphas have −0.4–0.1, those that are a pixel too wide 0.7–1.3.
"""

_BEND = 0.6
"""Share of the ground that an alpha tells rightly even if it is slightly too wide: of less there is
more than it says, of more there is less.
"""

_STRAND = 0.15
"""Coverage from which the colour of a strand, which nowhere is solid, can be told."""

_TILE, _MARGIN = 512, 24
"""Pixels of a tile's side, and around it that have a say in what happens within."""

_LITTLE = np.float32(1e-6)
_SUM = np.ones((1, 3), np.float32)
_REC_709 = np.array([0.2126, 0.7152, 0.0722], np.float32)


def unmix(pixels: Pixels, alpha: Pixels) -> Pixels:
    """The photo with the subject's own colours along the edge of its alpha.

    Many cut-outs keep the ground that they were cut from in the straight colours of half-covered
    pixels, and show it as a rim on any other. Such a pixel holds α·F + (1 − α)·B. As in M. Forte's
    "Approximate Fast Foreground Colour Estimation" (2021), F and B are means of what is around and
    a pixel keeps its own texture by α; here, without the whole photo, F is the mean of the solid
    pixels beside it, and B what the edge around has in common.

    Unless most of the edge shows a ground that grows as coverage falls, the very same photo comes
    back. Solid pixels stay (but the outer two may hold the ground as well where alpha is too wide),
    and so do broad areas of partial coverage, whose colours are their own.
    """
    result = pixels.copy()
    evidence = _Evidence()
    reaches = (strips(side, _TILE, _MARGIN) for side in alpha.shape)
    for (rows, own_rows, into_rows), (columns, own_columns, into_columns) in product(*reaches):
        own = own_rows, own_columns
        rim = _rim_of(alpha[rows, columns])
        if not (rim.partial + rim.outer)[own].any():
            continue
        colours = pixels[rows, columns].astype(np.float32) / np.float32(257)
        ground = _ground_of(colours, rim)
        evidence.take(ground, rim, own)
        change = _change(colours, rim, ground)[own]
        part = result[into_rows, into_columns]
        levels = np.clip(colours[own] + change, 0, 255) * 257
        np.copyto(part, np.rint(levels).astype(np.uint16), where=change != 0)
    return result if evidence.convinces else pixels


class _Rim(NamedTuple):
    """Coverage (0–1), where it is partial, where that lies beside solid pixels, and the solid
    pixels, all of them and the outer two and inner ones alone; H×W, all but coverage 0 or 1.
    """

    coverage: Levels
    partial: Levels
    beside: Levels
    solid: Levels
    outer: Levels
    inner: Levels


class _Ground(NamedTuple):
    """What the edge has of its ground, H×W×C in levels of 255.

    `own` are the subject's colours nearby, `way` the direction from them to the ground's (of length
    1) and `distance` how far it is. A pixel has gone `along` that way, the edge around it as far as
    `usual`; it tells with `weight`. `sure` is 0–1, `excess` how much more of the ground there is
    than coverage says, of its share.
    """

    own: Levels
    way: Levels
    distance: Levels
    along: Levels
    usual: Levels
    weight: Levels
    sure: Levels
    excess: Levels


def _rim_of(alpha: Pixels) -> _Rim:
    coverage = alpha.astype(np.float32) / np.float32(_FULL)
    solid = (coverage >= _SOLID).astype(np.uint8)
    seen = ((coverage > _CLEAR) & (solid == 0)).astype(np.uint8)
    broad = cv2.dilate(cv2.morphologyEx(seen, cv2.MORPH_OPEN, _square(_BROAD)), _square(3))
    partial = ((coverage > 0) & (solid == 0) & (broad == 0)).astype(np.uint8)
    outer = cv2.min(solid, cv2.dilate(partial, _square(5)))
    inner = cv2.erode(solid, _square(3))
    beside = partial * (_blurred(solid.astype(np.float32)) > 1e-3)
    return _Rim(
        coverage, *(one.astype(np.float32) for one in (partial, beside, solid, outer, inner))
    )


def _ground_of(colours: Levels, rim: _Rim) -> _Ground:
    left = 1 - rim.coverage
    own = _nearest(colours, rim.solid)
    differs = (colours - own) * rim.beside[..., None]
    weight = rim.beside * rim.coverage * left
    total = _around(weight) + _LITTLE
    mean = _around(differs * weight[..., None]) / total[..., None]
    spread = _around(_dot(differs, differs) * weight) / total
    usual = cast("Levels", np.sqrt(_dot(mean, mean)))
    way = cast("Levels", mean / np.maximum(usual, _LITTLE)[..., None])
    distance = usual * total / np.maximum(_around(weight * left), np.float32(1e-3) * total)
    along = _dot(differs, way)
    high = rim.beside * (rim.coverage > _HIGH)
    expected = (_around(high * left) + np.float32(1e-3)) * np.maximum(distance, 1)
    excess = _around(high * along) / expected - 1
    alike = cast("Levels", usual * usual / np.maximum(spread, _LITTLE))
    sure = ramp(alike, *_ALIKE) * ramp(usual, *_DIFFERENT)
    sure[total < 1e-4] = 0
    return _Ground(own, way, distance, along, usual, weight, sure, excess)


def _change(colours: Levels, rim: _Rim, ground: _Ground) -> Levels:
    """What is to be added to the colours, 0 where they stay."""
    left = 1 - rim.coverage
    too_wide = ramp(ground.excess, *_TOO_WIDE)
    bent = 1 + np.clip(ground.excess, 0, 1) * (_BEND - left) / np.float32(1 - _HIGH)
    by_alpha = ground.distance * left * bent * rim.beside * (1 - too_wide)
    change = ground.way * -by_alpha[..., None]
    if too_wide.any():
        deep = _nearest(colours, np.maximum(rim.inner, np.float32(0.02) * rim.solid))
        differs = colours - deep
        along = _dot(differs, ground.way)
        share = np.clip(along / np.maximum(ground.distance, 1), 0, 1)
        # What is left of a pixel's own difference is as much as is left of the subject.
        change -= (differs + ground.way * (ground.distance - along)[..., None]) * (
            share * (rim.beside + rim.outer) * too_wide
        )[..., None]
    strand = (rim.partial - rim.beside) * (rim.coverage > _STRAND)
    if strand.any():
        total = (_around(ground.weight) + _LITTLE)[..., None]
        behind = _around(ground.own * ground.weight[..., None]) / total
        behind += ground.way * ground.distance[..., None]
        alone = colours - np.clip(behind, 0, 255) * left[..., None]
        alone /= np.maximum(rim.coverage, np.float32(_STRAND))[..., None]
        change += (np.clip(alone, 0, 255) - colours) * strand[..., None]
    return cast("Levels", change * ground.sure[..., None])


@dataclass
class _Evidence:
    """Sums over the whole edge that say whether it shows a ground."""

    edge: float = 0.0
    darker: float = 0.0
    moments: NDArray[np.float64] = field(default_factory=lambda: np.zeros(6))

    def take(self, ground: _Ground, rim: _Rim, own: tuple[slice, slice]) -> None:
        """Adds what a tile shows within `own`."""
        weight = ground.weight[own]
        seen = (weight * (ground.sure[own] >= 1)).ravel()
        clear = (1 - rim.coverage[own]).ravel()
        # Of the usual, so that subjects of any colour count alike.
        share = (ground.along[own] / np.maximum(ground.usual[own], 1)).ravel()
        self.edge += float(weight.sum(dtype=np.float64))
        self.darker += float(seen @ (ground.way[own] @ _REC_709 < 0).ravel())
        terms = (np.ones_like(clear), clear, share, clear * clear, share * share, clear * share)
        self.moments += [float((seen * term).sum(dtype=np.float64)) for term in terms]

    @property
    def convinces(self) -> bool:
        """Whether enough of the edge shows a ground, and more of it where coverage is less."""
        if self.moments[0] <= _SEEN * self.edge:
            return False
        _, clear, share, clear_2, share_2, both = self.moments / self.moments[0]
        of_clear, of_share = clear_2 - clear**2, share_2 - share**2
        together = both - clear * share
        if min(of_clear, of_share) < 1e-6:
            return False
        follows = together / np.sqrt(of_clear * of_share)
        steep = together / of_clear * clear / share
        dark = self.darker / self.moments[0]
        least, most = (
            bright + (black - bright) * dark
            for bright, black in zip(_STEEP, _BLACK_STEEP, strict=True)
        )
        enough = _FOLLOWS + (_BLACK_FOLLOWS - _FOLLOWS) * dark
        return bool(follows > enough and least < steep < most)


def _square(side: int) -> NDArray[np.uint8]:
    return np.ones((side, side), np.uint8)


def _dot(one: Levels, other: Levels) -> Levels:
    return cast("Levels", cv2.transform(one * other, _SUM))


def _blurred(values: Levels) -> Levels:
    return cast("Levels", cv2.GaussianBlur(values, (0, 0), _NEAR))


def _around(values: Levels) -> Levels:
    return cast("Levels", cv2.blur(values, (_AROUND, _AROUND)))


def _nearest(colours: Levels, weight: Levels) -> Levels:
    """The colours of the pixels with weight, mostly of those next to each, within some 6 pixels."""
    blurred = _blurred(colours * weight[..., None])
    blurred /= np.maximum(_blurred(weight), _LITTLE)[..., None]
    return blurred
