"""What sort of picture it is."""

from typing import Final

import numpy as np

from worker.diagnosis.samples import Detail
from worker.diagnosis.values import Kind
from worker.imaging.photo import Pixels

__all__ = ["kind_of"]

_STILL, _GENTLE, _HARD = 2.0, 16.0, 32.0
"""Levels (0–255) from one pixel to the next: no step, a shade, an edge."""
_LEAST_STILL, _LEAST_HARD, _MOST_GENTLE = 0.6, 0.02, 0.7
"""Shares of the pixels; the last of shades among shades and edges. Photos have 0.2–0.66 still
pixels and 0.66–0.94 shades, drawings and screenshots 0.6–0.95 and 0–0.68 even as JPEG 40."""
_ONE_WAY, _LEAST_UPRIGHT, _LEAST_UPRIGHT_IN_JPEG = 0.12, 0.45, 0.35
"""Screenshots have 0.5–0.75 upright edges, 0.37–0.5 as JPEG 75; drawings 0.3–0.4 and 0.25–0.33."""
_DOUBT_HARD, _DOUBT_GENTLE = 0.1, 0.72
"""From where on a photo may as well be a drawing: small coded ones have 0.17–0.26 hard edges and
0.61–0.72 shades among shades and edges; of 40 photos, worn in eight ways each, 12 in a hundred do,
architecture above all, and of faces none."""
_COLOURS, _LEAST_COMMON = 8, 0.85
_FEWEST: Final = 50


def kind_of(detail: Detail, *, jpeg: bool) -> tuple[Kind, bool]:
    """Photo, drawing or screenshot, and whether a photo may as well be drawn; only opaque pixels
    count.

    Pictures made of flat areas and lines have many still pixels and hard edges but few shades (as
    V. Athitsos et al., "Distinguishing Photographs and Graphics on the World Wide Web", 1997,
    count them). Of those a screenshot has few colours, and edges along rows and columns. Drawings
    with soft shading count as photos, and so does what is noisy. `jpeg`: it was compressed.
    """
    across = np.abs(np.diff(detail.light, axis=1))[:-1]
    down = np.abs(np.diff(detail.light, axis=0))[:, :-1]
    there = detail.opaque[:-1, :-1]
    across, down = across[there], down[there]
    if across.size < _FEWEST:
        return Kind.PHOTO, False
    step = np.maximum(across, down)
    still, hard = float((step <= _STILL).mean()), float((step > _HARD).mean())
    gentle = float(((step > _STILL) & (step <= _GENTLE)).mean())
    if still < _LEAST_STILL or hard < _LEAST_HARD or gentle > _MOST_GENTLE * (gentle + hard):
        doubt = hard >= _DOUBT_HARD and gentle <= _DOUBT_GENTLE * (gentle + hard)
        return Kind.PHOTO, doubt
    edges = step > _HARD
    one_way = np.minimum(across, down)[edges] < _ONE_WAY * step[edges]
    few = _common(detail.pixels[detail.opaque]) >= _LEAST_COMMON
    least = _LEAST_UPRIGHT_IN_JPEG if jpeg else _LEAST_UPRIGHT
    upright = float(one_way.mean()) >= least
    return Kind.SCREENSHOT if few and upright else Kind.DRAWING, False


def _common(pixels: Pixels) -> float:
    """The share of the eight most frequent of 4096 colours."""
    red, green, blue = (pixels >> 12).T.astype(np.intp)
    counts = np.bincount(red * 256 + green * 16 + blue, minlength=4096)
    return float(np.sort(counts)[-_COLOURS:].sum() / counts.sum())
