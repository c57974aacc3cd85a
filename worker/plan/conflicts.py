"""Wishes that work against each other or the photo, and what cannot be won: each is said."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from core.jobs import StageName
from core.language import N_, _
from core.recipe import Recipe
from worker.diagnosis import BlurKind, Kind
from worker.plan.compression import is_coarse
from worker.plan.findings import NOISE
from worker.plan.sight import Sight
from worker.plan.values import PlannedStage

__all__ = ["LONGEST_MOTION", "Case", "conflicts"]

LONGEST_MOTION = 15.0
"""Pixels that a photo may be shaken and still be sharpened."""

_PLAIN_NOISE, _BURNT = 6.0, 0.08
_INVENTING = 60
_CUT_OFF = 0.6
"""Share of a face that has to lie in the photo for it to be restored."""


@dataclass(frozen=True)
class Case:
    """The wishes, what is seen, and the steps as they are planned."""

    recipe: Recipe
    sight: Sight
    kind: Kind
    steps: dict[StageName, PlannedStage]

    def runs(self, stage: StageName) -> bool:
        """Whether a step is to be done."""
        return self.steps[stage].strength > 0


def _noise(case: Case) -> float:
    return case.sight.diagnosis.noise_sigma


_ROWS: Final[tuple[tuple[Callable[[Case], bool], str], ...]] = (
    (
        lambda case: (
            bool(case.recipe.sharpen) and not case.runs(StageName.DENOISE) and _noise(case) >= NOISE
        ),
        N_("sharpening also lifts the noise, which was left"),
    ),
    (
        lambda case: (
            bool(case.recipe.sharpen)
            and case.kind is Kind.PHOTO
            and case.sight.blur.kind is not BlurKind.SHARP
            and is_coarse(case.sight.diagnosis)
        ),
        N_("it is compressed: sharpened gently, or its blocks would come out"),
    ),
    (
        lambda case: (
            case.recipe.denoise == 0
            and not case.recipe.sharpen
            and case.runs(StageName.UPSCALE)
            and _noise(case) >= _PLAIN_NOISE
        ),
        N_("the noise was left as you asked, and shows more in a larger photo"),
    ),
    (
        lambda case: case.kind is not Kind.PHOTO and case.runs(StageName.FACES),
        N_("face models know photos: faces in drawings may come out strange"),
    ),
    (
        lambda case: (
            case.kind is Kind.DRAWING
            and case.sight.diagnosis.kind is Kind.PHOTO
            and not case.sight.doubtful
            and case.runs(StageName.UPSCALE)
        ),
        N_("it looks like a photo; enlarged as a drawing it comes out painted"),
    ),
    (
        lambda case: (
            case.sight.portrait
            and (case.recipe.creativity or 0) >= _INVENTING
            and case.runs(StageName.UPSCALE)
        ),
        N_("so much creativity may change a face; 20 to 40 suits portraits"),
    ),
    (
        lambda case: (
            case.runs(StageName.FACES) and any(face.inside < _CUT_OFF for face in case.sight.faces)
        ),
        N_("a face is cut off by the edge of the photo: what is outside cannot come back"),
    ),
    (
        lambda case: bool(case.recipe.grain) and not case.runs(StageName.DENOISE),
        N_("no grain was taken out, so none comes back"),
    ),
    (
        lambda case: (
            case.sight.blur.kind is BlurKind.MOTION and case.sight.blur.length > LONGEST_MOTION
        ),
        N_("it is shaken too much to be made sharp"),
    ),
    (
        lambda case: case.kind is Kind.PHOTO and case.sight.diagnosis.light.highlights >= _BURNT,
        N_("what is burnt out to white holds no detail that could come back"),
    ),
    (
        lambda case: case.sight.diagnosis.generated,
        N_("the file says that a model made this picture"),
    ),
)


def conflicts(case: Case) -> list[str]:
    """What the person should know, a sentence each."""
    return [_(text) for is_so, text in _ROWS if is_so(case)]
