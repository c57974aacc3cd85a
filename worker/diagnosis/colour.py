"""The colours of a photo, and what has shifted them."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from worker.diagnosis.colourspace import lab, to_linear
from worker.diagnosis.samples import Colours
from worker.diagnosis.values import Colour

__all__ = ["colour_of"]

_CHROMATIC = 1.5  # units of chroma that are seen at all
_TINT, _TINTED = 4.0, 3.0
"""Units of chroma: a tint has more, and its picture strays by less; photos by 3.3 to 30."""
_DARKEST, _LIGHTEST = 14.0, 92.0
"""L*: photos have darker and lighter places; a faded print lacks both."""
_STEPS: Final = 12


def colour_of(areas: Colours, cast: tuple[float, float], *, grey: bool) -> Colour:
    """The colours of a photo with this `cast`, by sRGB levels of 0–1 of which each is a mean over
    many, N×3; `grey` says that the file has one channel."""
    seen = lab(to_linear(areas))
    if not len(seen):
        return Colour(*cast, grey=grey)
    low, high = (float(one) for one in np.percentile(seen[:, 0], (0.5, 99.5)))
    faded = low > _DARKEST and high < _LIGHTEST
    chroma = np.hypot(seen[:, 1], seen[:, 2])
    if grey or float(np.percentile(chroma, 99)) < _CHROMATIC:
        return Colour(*cast, grey=True, faded=faded)
    toned = _strays(seen) < _TINTED and float(chroma.mean()) > _TINT
    return Colour(*cast, toned=toned, faded=faded)


def _strays(seen: NDArray[np.float32]) -> float:
    """How far colours lie from the usual one of their lightness: the 95th percentile, in chroma."""
    step = np.minimum((seen[:, 0] / (100 / _STEPS)).astype(np.intp), _STEPS - 1)
    number = np.maximum(np.bincount(step, minlength=_STEPS), 1)
    away = [
        seen[:, axis] - (np.bincount(step, seen[:, axis], _STEPS) / number)[step] for axis in (1, 2)
    ]
    return float(np.percentile(np.hypot(*away), 95))
