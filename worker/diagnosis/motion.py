"""Whether a motion has blurred a photo, how far and which way."""

from typing import Final

import cv2
import numpy as np

from worker.diagnosis.edges import DIRECTIONS, Widths
from worker.diagnosis.samples import Luma

__all__ = ["motion_of"]

_LEAN, _LIKENESS = 0.4, 0.5
_LEAST_SPREAD = 2.1
"""Squared pixels across the widest edges: below, it is the photo's own."""
_ANGLES: Final = np.arange(DIRECTIONS) * (np.pi / DIRECTIONS)

_LONG = 8.5
"""Pixels: where widths begin to tell too little of a length."""
_NEAREST, _FARTHER, _RIGHT, _FARTHEST = 0.9, 0.8, 6.0, 2.6
"""An echo lies between 0.9 and 2.6 times what the widths tell, and beyond it by no more than 0.8
times the square of what exceeds 6 pixels: of 12 pixels they tell 9, of 20 11."""
_ECHO = -0.15
_SLOW, _PART = 20, 0.7  # pixels; the share of the window that no turn carries outside


def motion_of(light: Luma, widths: Widths) -> tuple[float, float] | None:
    """Length in pixels and angle in degrees (0–180) of a motion, None if there was none.

    A motion widens each edge by its own length across it, so that the variance of the edges follows
    a cosine of twice their angle; that of a line of length L is L²/12. Long ones are measured by
    the echo of each edge: the autocorrelation of the derivative along the motion is least at L
    (Y. Yitzhaky and N. S. Kopeika, "Identification of Blur Parameters from Motion Blurred Images",
    CVGIP 59(5), 1997).
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
        or mean + lean < _LEAST_SPREAD
        or rest > (1 - _LIKENESS) * whole
    ):
        return None
    angle = float(np.degrees(np.arctan2(swing[1], swing[0])) / 2 % 180)
    length = float(np.sqrt(12 * 2 * lean))
    return (_echo(light, angle, length) if length > _LONG else length), angle


def _echo(light: Luma, angle: float, length: float) -> float:
    """The length again, from near the one that the widths tell, or that one if there is no echo."""
    height, width = light.shape
    side = int(_PART * min(height, width))
    longest = min(length + _FARTHER * (length - _RIGHT) ** 2, _FARTHEST * length, side / 2)
    level = cv2.GaussianBlur(light, (0, 0), 1) - cv2.GaussianBlur(light, (0, 0), _SLOW)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -angle, 1)
    turn[0, 2] += (side - width) / 2
    turn[1, 2] += (side - height) / 2
    slope = np.diff(cv2.warpAffine(level, turn, (side, side)), axis=1) * np.hanning(side - 1)
    power = (np.abs(np.fft.rfft(slope, 2 * side, axis=1)) ** 2).sum(axis=0)
    likeness = np.fft.irfft(power)
    first = int(_NEAREST * length)
    near = likeness[first : int(longest) + 1]
    if not near.size or near.min() > _ECHO * likeness[0]:
        return length
    return float(first + near.argmin())
