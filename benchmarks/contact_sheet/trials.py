"""One photo enhanced in every way, and what the detectors say of each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from benchmarks.autopilot import said
from benchmarks.contact_sheet.figure import Figure
from benchmarks.contact_sheet.flaws import figures
from benchmarks.contact_sheet.pair import Pair
from core.errors import DarkroomError
from core.images import Limits
from core.jobs import StageName
from core.recipe import Preset, Recipe
from worker.engine import Engine
from worker.imaging.decode import decode
from worker.models import Models
from worker.pipeline import enhance

__all__ = ["RECIPES", "Trial", "trials"]

RECIPES: Final[Mapping[str, Recipe]] = {
    "auto": Recipe(),
    "portrait": Recipe(preset=Preset.PORTRAIT),
    "landscape": Recipe(preset=Preset.LANDSCAPE),
    "art": Recipe(preset=Preset.ART),
    "upscale 4x": Recipe(scale=4),
    "denoise 60": Recipe(denoise=60),
    "faces 80": Recipe(faces=80),
    "light 70": Recipe(light=70),
    "sharpen 60": Recipe(sharpen=60),
    "everything at 100": Recipe(
        denoise=100, faces=100, light=100, sharpen=100, grain=100, creativity=100
    ),
}


@dataclass(frozen=True, eq=False)
class Trial:
    """One way to enhance a photo; `pair` is None where it was refused, `words` say why or what."""

    way: str
    words: str
    pair: Pair | None = None
    figures: tuple[Figure, ...] = ()

    @property
    def flaws(self) -> tuple[Figure, ...]:
        """What is beyond its limit."""
        return tuple(figure for figure in self.figures if figure.flawed)


def trials(
    data: bytes, models: Models, engine: Engine, recipes: Mapping[str, Recipe] = RECIPES
) -> Iterator[Trial]:
    """The photo in `data`, opened and enhanced as the worker does, in each of the `recipes`.

    Raises PhotoRefused if it cannot be opened.
    """
    source = decode(data, Limits())
    finder = models.finder(models.capabilities().detect)
    faces = () if finder is None else finder.find(source.pixels)
    for way, recipe in recipes.items():
        try:
            outcome = enhance(source, recipe, models, engine)
        except DarkroomError as error:
            yield Trial(way, error.text)
            continue
        lit = any(step.done and step.stage is StageName.LIGHT for step in outcome.steps)
        pair = Pair(source, outcome.photo, lit=lit, faces=faces)
        yield Trial(way, said(source, outcome, recipe), pair, figures(pair))
