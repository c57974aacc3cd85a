"""How a photo is exposed."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from worker.diagnosis.colourspace import lightness, to_linear
from worker.diagnosis.samples import Colours, brightest, darkest
from worker.diagnosis.values import Blank, Light

__all__ = ["light_of"]

_BLACK, _WHITE = 2.5 / 255, 252.5 / 255
"""Of full scale: where all three channels are at or beyond, a pixel is clipped."""
_DIM, _BRIGHT = 5.0, 97.0
"""L*: a photo that stays below or above shows nothing."""
_SPECK, _PLAIN, _GRAINY = 85.0, 1.5, 15.0
"""L*: a single darker pixel may be text; a span that is no picture, averaged and in single pixels
with their grain."""
_USUAL, _FLOOR = 0.4, 0.02
_REACH: Final = (0.2, 5.0)


def light_of(pixels: Colours, areas: Colours, *, whole: bool) -> Light:
    """The exposure of opaque sRGB levels of 0–1, N×3: `pixels` as they are, and `areas` of which
    each is a mean over many. A photo that is not `whole` shows its outline at least.

    The gamma compares the logarithmic mean of the luma, which is what a photographic print is
    matched to (E. Reinhard et al., "Photographic Tone Reproduction", SIGGRAPH 2002), with that of
    usual photos, 0.4. What is dark or bright by intention is not told from what is so by mistake:
    half of all good photos lie at 0.75–1.6, nine in ten at 0.5–2.6.
    """
    if not len(pixels) or not len(areas):
        return Light()
    level = lightness(to_linear(pixels))
    low, median, high = (float(one) for one in np.percentile(level, (1, 50, 99)))
    luma = areas @ np.array([0.299, 0.587, 0.114], np.float32)
    middle = float(np.exp(np.log(np.clip(luma, 0, 1 - 2 * _FLOOR) + _FLOOR).mean()))
    return Light(
        shadows=float((brightest(pixels) <= _BLACK).mean()),
        highlights=float((darkest(pixels) >= _WHITE).mean()),
        mean=float(level.mean()),
        median=median,
        contrast=high - low,
        gamma=float(np.clip(np.log(_USUAL) / np.log(middle), *_REACH)),
        blank=_blank(level, areas) if whole else None,
    )


def _blank(level: NDArray[np.float32], areas: Colours) -> Blank | None:
    mean = lightness(to_linear(areas))
    speck, shiny = (float(one) for one in np.percentile(level, (0.1, 99.9)))
    if float(np.percentile(mean, 99.9)) < _DIM:
        return Blank.BLACK
    if float(np.percentile(mean, 0.1)) > _BRIGHT and speck > _SPECK:
        return Blank.WHITE
    span = float(np.ptp(np.percentile(areas, (0.1, 99.9), axis=0), axis=0).max())
    if span * 100 < _PLAIN and shiny - speck < _GRAINY:
        return Blank.PLAIN
    return None
