"""How many times a photo was enlarged, by the rhythm that interpolation leaves."""

from typing import Final

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from worker.diagnosis.samples import Luma

__all__ = ["enlargement"]

Spectrum = NDArray[np.float64]

_LENGTH: Final = 1024
_FREQUENCIES: Final = np.fft.rfftfreq(_LENGTH)  # cycles a pixel
_LOWEST = 0.12
_LEAST_SIDE = 64
_AROUND = 40
_CLEAR, _CLEAR_OF_BLOCKS = 5.0, 7.5
"""Of the median of `_AROUND` frequencies each way: photos reach 4, enlarged ones 5–200."""
_HARMONIC = 0.5
_SOFTNESS = 0.47
"""The sigma that linear and cubic interpolation leave, in pixels of the small photo."""
_LEAST_FACTOR = 1.2
_EMPTY, _FEW = 0.1, 0.3
"""Columns with less than that share of the mean difference are repeated; fewer are chance."""
_BLOCK, _NEAR = 8, 0.07


def enlargement(light: Luma, sigma: float, *, blocks: bool) -> float:
    """How many times (1.2–8) a photo was enlarged in each direction, 1 where nothing shows it.

    Interpolated pixels vary less the farther they lie from those of the small photo, so that the
    mean second difference of columns and rows has a rhythm (A. C. Gallagher, "Detection of Linear
    and Cubic Interpolation in JPEG Compressed Images", CRV 2005); that of the first difference
    tells doubling, which the other does not see. A rhythm is that of several factors: the blur
    `sigma` chooses. With `blocks` the rhythms of JPEG's grid are left out, 2, 4 and 8 with them.
    """
    if min(light.shape) < _LEAST_SIDE:
        return 1.0
    strength = np.maximum(_rhythm(light, 1), _rhythm(light, 2))
    looked = _FREQUENCIES > _LOWEST
    if blocks:
        phase = _FREQUENCIES * _BLOCK
        looked &= np.abs(phase - np.rint(phase)) > _NEAR
    repeated = min(_repeated(light), _repeated(light.T))
    if repeated > _FEW and strength.max() > _CLEAR:
        return 1 / (1 - repeated)
    strength = np.where(looked, strength, 0)
    clear = _CLEAR_OF_BLOCKS if blocks else _CLEAR
    if strength.max() < clear:
        return 1.0
    frequency = float(_FREQUENCIES[_fundamental(strength, clear)])
    factors = (1 / frequency, 1 / (1 - frequency))
    return min(
        (factor for factor in factors if factor >= _LEAST_FACTOR),
        key=lambda factor: abs(factor * _SOFTNESS - sigma),
    )


def _repeated(light: Luma) -> float:
    """The share of columns that are their neighbour once more: enlarged without interpolation."""
    differences = np.abs(np.diff(light, axis=1)).mean(axis=0)
    return float((differences < _EMPTY * differences.mean()).mean())


def _fundamental(strength: Spectrum, clear: float) -> int:
    """The lowest clear peak of which the clearest is a multiple."""
    best = int(strength.argmax())
    for part in (4, 3, 2):
        at = round(best / part)
        around = strength[at - 2 : at + 3]
        if around.size and around.max() > max(clear, _HARMONIC * strength[best]):
            return at - 2 + int(around.argmax())
    return best


def _rhythm(light: Luma, order: int) -> Spectrum:
    """The strength of each frequency in both directions, as multiples of the median."""
    across, down = (_spectrum(np.diff(one, order, axis=1)) for one in (light, light.T))
    both = np.sqrt(across * down)
    padded = np.pad(both, _AROUND, mode="reflect")
    usual = np.median(sliding_window_view(padded, 2 * _AROUND + 1), axis=1)
    found: Spectrum = both / usual
    return found


def _spectrum(difference: Luma) -> Spectrum:
    size = np.abs(difference)
    # A few hard edges would speak for all; and what changes slowly is the picture's own.
    size = np.minimum(size, 4 * size.mean())
    profile = np.log(size.mean(axis=0) + 0.05)[None]
    own = cv2.blur(profile, (15, 1), borderType=cv2.BORDER_REFLECT)
    profile = (profile - own)[0] * np.hanning(profile.size)
    return np.abs(np.fft.rfft(profile, _LENGTH)) + 1e-9
