"""How a photo is exposed."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from worker.diagnosis.values import Blank, Light

__all__ = ["lightness", "light_of"]

_BLACK, _WHITE = 2.5 / 255, 252.5 / 255
"""Of full scale: all three channels at or beyond are clipped."""
_DIM, _BRIGHT = 8.0, 97.0
"""L*: photos that stay below or above show nothing."""
_PLAIN = 1.5
"""L*: a span that no eye makes anything of."""

_USUAL = 0.43
"""The middle level (0–1) of photos as they are."""
_FREE = (0.26, 0.62)
"""Levels between which eight in ten photos as they are have their middle: nothing is wrong."""


def lightness(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """CIE lightness L* (0–100) of sRGB levels of 0–1, N×3 (IEC 61966-2-1, CIE 15)."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    found: NDArray[np.float32] = np.where(
        luminance > 216 / 24389,
        116 * np.cbrt(luminance) - 16,
        luminance * (24389 / 27),
    ).astype(np.float32)
    return found
