"""Photos that show nothing."""

import numpy as np

from worker.diagnosis.colourspace import lightness, to_linear
from worker.diagnosis.samples import Colours
from worker.diagnosis.values import Blank

__all__ = ["blank_of"]

_DIM, _BRIGHT = 5.0, 97.0
"""L*: a photo that stays below or above shows nothing."""
_SPECK, _PLAIN, _GRAINY = 85.0, 1.5, 15.0
"""L*: a single darker pixel may be text; a span that is no picture, averaged and in single pixels
with their grain."""


def blank_of(pixels: Colours, areas: Colours) -> Blank | None:
    """What a photo is that shows nothing, by its sRGB levels of 0–1, N×3: `pixels` as they are, and
    `areas` of which each is a mean over many."""
    level, mean = lightness(to_linear(pixels)), lightness(to_linear(areas))
    speck, shiny = (float(one) for one in np.percentile(level, (0.1, 99.9)))
    if float(np.percentile(mean, 99.9)) < _DIM:
        return Blank.BLACK
    if float(np.percentile(mean, 0.1)) > _BRIGHT and speck > _SPECK:
        return Blank.WHITE
    span = float(np.ptp(np.percentile(areas, (0.1, 99.9), axis=0), axis=0).max())
    if span * 100 < _PLAIN and shiny - speck < _GRAINY:
        return Blank.PLAIN
    return None
