"""What each preset and kind of picture makes of the strengths that the person left open."""

from dataclasses import dataclass

from core.language import N_
from core.recipe import Preset
from worker.diagnosis import Kind
from worker.plan.sight import Sight

__all__ = ["Habit", "habit_of"]

_FACES = 70


@dataclass(frozen=True)
class Habit:
    """One row: `denoise` times what the figures ask for, at least `denoise_floor`; whether the
    light may be touched and blur be sharpened, what sharpness is added to a sharp photo, how much
    grain comes back, and where between faithful (0) and vivid (100) it is enlarged.
    """

    denoise: float = 1.0
    denoise_floor: int = 0
    light: bool = True
    light_reason: str = ""
    deblur: bool = True
    crisp: int = 0
    crisp_reason: str = N_("it is sharp")
    faces: int = _FACES
    faces_reason: str = N_("for every face that is found")
    grain: int = 25
    creativity: int = 30


_PHOTO = Habit()
_PORTRAIT = Habit(faces=75, faces_reason=N_("it is a portrait"), grain=40)
_PRESETS = {
    Preset.PORTRAIT: Habit(
        denoise_floor=30, faces=75, faces_reason=N_("it is a portrait"), grain=40
    ),
    Preset.LANDSCAPE: Habit(
        denoise=0.6,
        faces=0,
        faces_reason=N_("left as they are in landscapes"),
        crisp=25,
        crisp_reason=N_("landscapes gain from a little"),
        creativity=60,
    ),
}
_KINDS = {
    Kind.DRAWING: Habit(
        light=False,
        light_reason=N_("left as it is in art"),
        deblur=False,
        faces=0,
        faces_reason=N_("left as they are in art"),
        grain=0,
        creativity=40,
    ),
    Kind.SCREENSHOT: Habit(
        light=False,
        light_reason=N_("left as it is in screenshots"),
        deblur=False,
        faces=0,
        faces_reason=N_("left as they are in screenshots"),
        grain=0,
        creativity=0,
    ),
}


def habit_of(preset: Preset, sight: Sight) -> Habit:
    """The row for a preset, chosen by what is seen where the preset leaves it open."""
    if preset in _PRESETS:
        return _PRESETS[preset]
    kind = sight.picture(preset)
    return _KINDS.get(kind, _PORTRAIT if sight.portrait else _PHOTO)
