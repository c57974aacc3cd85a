"""How a photo is exposed."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from worker.diagnosis.samples import Colours, brightest, darkest
from worker.diagnosis.values import Light

__all__ = ["darkened", "light_of"]

_BLACK, _WHITE = 2.5 / 255, 252.5 / 255
"""Of full scale: where all three channels are at or beyond, a pixel is clipped."""
_BLACK_BELOW: Final = 3.0
"""L*."""

# The logarithm of the gamma by which photos were made darker (above 0) or brighter, regressed on
# the 5th, 50th and 95th percentile of L*/100 and their squares, over 41 photographs at eleven
# gammas from 0.5 to 2 (ridge of 0.3): what most photos are like draws the estimate to zero.
_CONSTANT: Final = 0.37
_LINEAR: Final = np.array([-1.89, -1.38, 0.04])
_SQUARE: Final = np.array([0.87, 1.51, 0.10])


def light_of(pixels: Colours, lightness: NDArray[np.float32]) -> Light:
    """The exposure by opaque `pixels` as they are, N×3 sRGB levels of 0–1, and by the CIE L*
    (0–100) of a small copy, H×W."""
    low, dark, median, bright, high = (
        float(value) for value in np.percentile(lightness, (1, 5, 50, 95, 99))
    )
    return Light(
        shadows=float((brightest(pixels) <= _BLACK).mean()) if len(pixels) else 0.0,
        highlights=float((darkest(pixels) >= _WHITE).mean()) if len(pixels) else 0.0,
        low=low,
        dark=dark,
        median=median,
        bright=bright,
        high=high,
        black=float((lightness < _BLACK_BELOW).mean()),
        gamma=float(np.exp(-darkened(np.array((dark, median, bright)) / 100))),
    )


def darkened(percentiles: NDArray[np.float64]) -> float:
    """The logarithm of the gamma that made a photo darker (above 0) or brighter than usual, by the
    5th, 50th and 95th percentile of its L*/100."""
    return _CONSTANT + float(_LINEAR @ percentiles + _SQUARE @ percentiles**2)
