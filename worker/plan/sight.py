"""What a plan is made from: all that is known of a photo before anything is done to it."""

from dataclasses import dataclass, replace

from core.recipe import Preset
from worker.diagnosis import Blur, BlurKind, Diagnosis, FaceFigures, Kind, LightNeed, need

__all__ = ["Sight"]

_PORTRAIT = 0.07
"""Eye distance over the photo's shorter side from which on it is about the face: half-length
portraits have some 0.08, people in a group 0.02–0.05."""

_SHORTEST, _SHORTEST_MOTION = 160, 400
"""Pixels of the shorter side from which on a blur, and that it is a motion, are believed: undoing a
wrong one cost up to 7 dB in a photo of 128 pixels, and 1 dB in one of 256."""

_LEAST_MOTION = 5.0
"""Length in pixels: shorter ones are mostly no motion, or a longer one."""

_SOFT = 1.4
"""Sigma in pixels: of sharp photos none of 40, and 2 of 14 others, come to 1.2."""

_JUDGED = 64
"""Pixels of the shorter side below which the light of a picture is left alone, unless asked."""


@dataclass(frozen=True)
class Sight:
    """The diagnosis of a photo, and its faces, the largest first."""

    diagnosis: Diagnosis
    faces: tuple[FaceFigures, ...] = ()

    @property
    def portrait(self) -> bool:
        """Whether it is about somebody's face."""
        short = min(self.diagnosis.width, self.diagnosis.height)
        return any(face.eye_distance >= _PORTRAIT * short for face in self.faces)

    @property
    def blur(self) -> Blur:
        """The blur as far as it is to be believed: in few pixels no shape of it can be told."""
        seen, short = self.diagnosis.blur, min(self.diagnosis.width, self.diagnosis.height)
        if short < _SHORTEST:
            return Blur()
        doubtful = short < _SHORTEST_MOTION or seen.length < _LEAST_MOTION
        if seen.kind is BlurKind.MOTION and doubtful:
            seen = replace(seen, kind=BlurKind.SOFT, length=0.0, angle=0.0)
        if seen.kind is BlurKind.SOFT and seen.sigma < _SOFT:
            return Blur()
        return seen

    def light(self, *, asked: bool) -> LightNeed:
        """What its light needs, more where the person `asked` for a better one."""
        judged = asked or min(self.diagnosis.width, self.diagnosis.height) >= _JUDGED
        return need(self.diagnosis, asked=asked) if judged else LightNeed()

    @property
    def doubtful(self) -> bool:
        """Whether it may be a drawing although it is taken for a photo: somebody's face decides."""
        return self.diagnosis.doubtful and not self.faces

    def picture(self, preset: Preset) -> Kind:
        """The kind of picture that it is taken for."""
        match preset:
            case Preset.AUTO:
                return self.diagnosis.kind
            case Preset.ART:
                return Kind.DRAWING
            case _:
                return Kind.PHOTO
