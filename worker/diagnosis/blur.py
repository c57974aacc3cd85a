"""How soft a photo is, and by what."""

from typing import Final

import numpy as np

from worker.diagnosis.edges import DIRECTIONS, Widths, edge_widths
from worker.diagnosis.enlargement import enlargement
from worker.diagnosis.samples import Detail
from worker.diagnosis.values import Blur, BlurKind

__all__ = ["blur_of"]

_OWN = 0.42
"""Squared pixels: how wide the edges of sharp photos are."""
_SOFT = 1.2
"""Pixels: sharp photos lie at 0–1.15, in the middle at 0.5."""

_LEAN, _LEAST_MOTION, _LIKENESS = 0.4, 1.3, 0.5
_FARTHEST, _LONGEST = 15.3, 40.0
_ANGLES: Final = np.arange(DIRECTIONS) * (np.pi / DIRECTIONS)


def blur_of(detail: Detail, noise: float, *, jpeg: bool) -> Blur:
    """The blur where the photo has most contrast; `noise` is the grain of the luma (0–255), `jpeg`
    says that it was compressed.

    Grain of up to 25 and JPEG down to a quality of 20 move sigma by less than the photos differ
    among themselves, some 0.3 pixels; past 4 pixels it is read too low.
    """
    widths = edge_widths(detail, noise)
    if widths is None:
        return Blur()
    sigma = _beyond_own(widths.mean)
    factor = enlargement(detail.light, sigma, blocks=jpeg)
    if factor > 1:
        return Blur(BlurKind.ENLARGED, sigma, factor=factor)
    if motion := _motion(widths):
        length, angle = motion
        return Blur(BlurKind.MOTION, sigma, length, angle)
    return Blur(BlurKind.SOFT if sigma > _SOFT else BlurKind.SHARP, sigma)


def _beyond_own(variance: float) -> float:
    return float(np.sqrt(max(0.0, variance - _OWN)))


def _motion(widths: Widths) -> tuple[float, float] | None:
    """Length in pixels and angle in degrees of the motion that blurred a photo, None if none did.

    A motion widens each edge by its own length across it, so that the variance follows a cosine of
    twice the angle; a line of length L has a variance of L²/12. Of lengths of 5, 8, 12 and 20
    pixels, two in three, nine in ten and then more are known, and angles are off by some 2 degrees
    along the pixels' rows and columns, 6 between them.
    """
    shape = np.stack([np.ones(DIRECTIONS), np.cos(2 * _ANGLES), np.sin(2 * _ANGLES)], axis=1)
    weight = np.sqrt(widths.pixels)
    mean, *swing = np.linalg.lstsq(shape * weight[:, None], widths.variance * weight)[0]
    lean = float(np.hypot(*swing))
    rest = (widths.pixels * (widths.variance - shape @ (mean, *swing)) ** 2).sum()
    whole = (widths.pixels * (widths.variance - widths.mean) ** 2).sum()
    if (
        mean <= 0
        or lean < _LEAN * mean
        or _beyond_own(mean + lean) < _LEAST_MOTION
        or rest > (1 - _LIKENESS) * whole
    ):
        return None
    # Lines longer than what the edges were compared under count for too little.
    seen = min(np.sqrt(12 * 2 * lean), 0.9 * _FARTHEST)
    length = min(_LONGEST, seen / (1 - (seen / _FARTHEST) ** 3))
    return float(length), float(np.degrees(np.arctan2(swing[1], swing[0])) / 2 % 180)
