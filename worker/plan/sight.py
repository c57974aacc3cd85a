"""What a plan is made from: all that is known of a photo before anything is done to it."""

from dataclasses import dataclass, field

from core.recipe import Preset
from worker.diagnosis import Diagnosis, FaceFigures, Kind
from worker.stages.light import LightNeed

__all__ = ["Sight"]

_PORTRAIT = 0.07
"""Eye distance over the photo's shorter side from which on it is about the face: half-length
portraits have some 0.08, people in a group 0.02–0.05."""


@dataclass(frozen=True)
class Sight:
    """The diagnosis of a photo, what its light needs, and its faces, the largest first."""

    diagnosis: Diagnosis
    light: LightNeed = field(default_factory=LightNeed)
    faces: tuple[FaceFigures, ...] = ()

    @property
    def portrait(self) -> bool:
        """Whether it is about somebody's face."""
        short = min(self.diagnosis.width, self.diagnosis.height)
        return any(face.eye_distance >= _PORTRAIT * short for face in self.faces)

    def picture(self, preset: Preset) -> Kind:
        """The kind of picture that it is taken for."""
        match preset:
            case Preset.AUTO:
                return self.diagnosis.kind
            case Preset.ART:
                return Kind.DRAWING
            case _:
                return Kind.PHOTO
