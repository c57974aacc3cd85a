"""Whether a photo's light needs a hand, from measured figures."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from worker.diagnosis.light import darkened
from worker.diagnosis.values import Diagnosis

__all__ = ["Fault", "LightNeed", "need"]

_SURE, _SURE_BRIGHT, _ASKED = 0.36, 0.43, 0.16
"""How large the logarithm of an estimated gamma has to be by itself, for photos that are too dark
and too bright, and where the person asks for better light: no clean photo of the 81 at hand comes
to the first; blur and reduction, which lift the shadows, bring one of 40 to −0.40."""

_DARK_BELOW, _BRIGHT_ABOVE = 0.5, 0.3
"""Medians of L*/100 above which no photo is too dark, and below which none is too bright."""

_NIGHT: Final = 0.35
"""A photo of which so much is black is meant to be dark."""

_PLAIN: Final = 4.0
"""A span of L* that is plain, without a light to be judged."""

_DIM, _DIM_SOFT, _SOFT = 60.0, 54.0, 1.2
"""Where nothing is brighter than this L*, there was too little light; less where a blur of more
than so many pixels (sigma) spreads the small lights: those of an evening lose 8."""

_WHITE: Final = 90.0
"""Without anything this bright a photo is not too bright, but has lost its blacks at most."""

_FLAT_BLACK, _FLAT_WHITE = 17.0, 85.0
"""A photo whose 1st and 99th percentile of L* both lie inside is flat."""

_CAST, _CAST_WARM, _CAST_ASKED, _MOOD = 9.0, 11.0, 4.0, 16.0
"""From which size on, in units of chroma, a cast is taken back, a warm one later, any earlier where
the person asks; beyond the last it is a mood."""

Reals = NDArray[np.float64]


class Fault(StrEnum):
    """What is wrong with a photo's light."""

    DARK = "dark"
    BRIGHT = "bright"
    FLAT = "flat"
    CAST = "cast"


@dataclass(frozen=True)
class LightNeed:
    """What would bring a photo to a usual light; the defaults change nothing.

    Lightness L* (0–100) is drawn so that `dark` comes to `dark_to` and `bright` to `bright_to`,
    then L*/100 is raised to `exponent` (below 1 brightens). `cast_a` and `cast_b` are the CIE a*
    and b* that a neutral grey of L* 60 has now.
    """

    exponent: float = 1.0
    dark: float = 0.0
    dark_to: float = 0.0
    bright: float = 100.0
    bright_to: float = 100.0
    cast_a: float = 0.0
    cast_b: float = 0.0
    faults: tuple[Fault, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.faults)

    def stretched(self, lightness: Reals) -> Reals:
        """L*/100 with its ends drawn to where they should be; black and white stay."""
        knots = np.array([0.0, self.dark, self.bright, 100.0]) / 100
        drawn = np.array([0.0, self.dark_to, self.bright_to, 100.0]) / 100
        return np.interp(lightness, knots, drawn)

    def curve(self, lightness: Reals) -> Reals:
        """L*/100 as it should be."""
        return self.stretched(lightness) ** self.exponent


def need(seen: Diagnosis, *, asked: bool = False) -> LightNeed:
    """What the light of a photo needs, by what is seen in it; nothing for most photos.

    By itself only what is plainly wrong counts, so that moods stay: a night, a high key, a sunset.
    Where the person `asked` for better light, smaller faults count too.
    """
    light, colour = seen.light, seen.colour
    if light.contrast < _PLAIN:
        return LightNeed()
    night = light.black > _NIGHT
    faults: list[Fault] = []
    ends = (0.0, 0.0, 100.0, 100.0)
    flat = light.low > _FLAT_BLACK and light.high < _FLAT_WHITE
    if flat:
        faults.append(Fault.FLAT)
        ends = _ends(light.low, light.high)
    elif light.high < (_DIM_SOFT if seen.blur.sigma > _SOFT else _DIM) and not night:
        faults.append(Fault.DARK)
        ends = (0.0, 0.0, light.high, min(85.0, 1.6 * light.high))
    percentiles = np.array((light.dark, light.median, light.bright)) / 100
    spread = LightNeed(1.0, *ends).stretched(percentiles)
    # Where the ends were drawn already, only a plain rest counts.
    gamma = _gamma(spread, (_ASKED, _ASKED) if asked and not faults else (_SURE, _SURE_BRIGHT))
    if Fault.DARK in faults or (night and gamma > 0) or (gamma < 0 and light.high < _WHITE):
        gamma = 0.0
    if gamma:
        faults.append(Fault.DARK if gamma > 0 else Fault.BRIGHT)
    cast_a, cast_b = colour.cast_a, colour.cast_b
    least = _CAST_ASKED if asked else _CAST_WARM if cast_b > abs(cast_a) / 2 else _CAST
    if not least < colour.cast < _MOOD:
        cast_a = cast_b = 0.0
    else:
        faults.append(Fault.CAST)
    if not faults:
        return LightNeed()
    return LightNeed(math.exp(-gamma), *ends, cast_a, cast_b, tuple(faults))


def _ends(low: float, high: float) -> tuple[float, float, float, float]:
    """Where the ends of a flat photo go: to usual ones, with twice the contrast at most."""
    gain = min(2.0, (94 - 6) / (high - low))
    middle = (low + high) / 2
    room = gain * (high - low) / 2
    middle = min(max(middle, 6 + room), 94 - room)
    return low, middle - room, high, middle + room


def _gamma(percentiles: Reals, sure: tuple[float, float]) -> float:
    """The logarithm of the gamma that made the photo darker (above 0) or brighter; 0 if unsure."""
    gamma = darkened(percentiles)
    # It goes by the shadows above all: black clothes alone make no bright photo too dark.
    middle = percentiles[1]
    contradicted = middle > _DARK_BELOW if gamma > 0 else middle < _BRIGHT_ABOVE
    return gamma if abs(gamma) >= sure[gamma < 0] and not contradicted else 0.0
