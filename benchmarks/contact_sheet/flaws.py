"""All the detectors."""

from collections.abc import Callable
from typing import Final

from benchmarks.contact_sheet.edges import fringe, halos, ragged, stray
from benchmarks.contact_sheet.figure import Figure
from benchmarks.contact_sheet.lines import boxes, seams
from benchmarks.contact_sheet.pair import Pair
from benchmarks.contact_sheet.tones import clipped, colour_shift, tint

__all__ = ["DETECTORS", "figures", "flaws"]

DETECTORS: Final[tuple[Callable[[Pair], Figure | None], ...]] = (
    colour_shift,
    tint,
    clipped,
    seams,
    boxes,
    halos,
    stray,
    ragged,
    fringe,
)


def figures(pair: Pair) -> tuple[Figure, ...]:
    """What every detector that has something to say of a photo measured."""
    return tuple(figure for detect in DETECTORS if (figure := detect(pair)) is not None)


def flaws(pair: Pair) -> tuple[Figure, ...]:
    """The figures that are beyond their limits."""
    return tuple(figure for figure in figures(pair) if figure.flawed)
