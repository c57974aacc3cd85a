"""How soft a photo is, and by what."""

import numpy as np

from worker.diagnosis.edges import edge_widths
from worker.diagnosis.enlargement import enlargement
from worker.diagnosis.motion import motion_of
from worker.diagnosis.samples import Detail
from worker.diagnosis.values import Blur, BlurKind

__all__ = ["blur_of"]

_OWN = 0.42
"""Squared pixels: how wide the edges of sharp photos are."""
_SOFT = 1.2
"""Pixels: sharp photos lie at 0–1.15, in the middle at 0.5."""


def blur_of(detail: Detail, noise: float, *, jpeg: bool) -> Blur:
    """The blur where the photo has most contrast; `noise` is the grain of the luma (0–255), `jpeg`
    says that it was compressed.

    Grain of up to 25 and JPEG down to a quality of 20 move sigma by less than the photos differ
    among themselves, some 0.3 pixels; past 4 pixels it is read too low.
    """
    widths = edge_widths(detail, noise)
    if widths is None:
        return Blur()
    sigma = float(np.sqrt(max(0.0, widths.mean - _OWN)))
    factor = enlargement(detail.light, sigma, blocks=jpeg)
    if factor > 1:
        return Blur(BlurKind.ENLARGED, sigma, factor=factor)
    if motion := motion_of(detail.light, widths):
        length, angle = motion
        return Blur(BlurKind.MOTION, sigma, length, angle)
    return Blur(BlurKind.SOFT if sigma > _SOFT else BlurKind.SHARP, sigma)
