"""A plan as plain values: the steps, each with its strength and its reason."""

from dataclasses import dataclass, field

from core.jobs import StageName
from weights.roster import Blend
from worker.diagnosis import Blur, LightNeed

__all__ = ["Plan", "PlannedStage"]


@dataclass(frozen=True)
class PlannedStage:
    """One step: how strongly (0–100, 0 = left out), by which model, and why.

    `within` is the other stage whose network does it along with its own work.
    """

    stage: StageName
    strength: int
    reason: str
    model: str | None = None
    within: StageName | None = None


@dataclass(frozen=True)
class Plan:
    """The steps in their order; `passes` are the networks that enlarge, one after the other, from
    `source` (width and height) to at least the result's `width` × `height`, `chain` their scales.
    `lighting` is what the light step corrects, `blur` what sharpening undoes before the photo is
    enlarged; without one it steepens edges of the result.

    `findings` are what was seen, in words, `measured` the figures behind them, `notes` what the
    person should know besides. `drawn` says that the picture is not taken for a photo, `doubtful`
    that a photo may be none.
    """

    denoise: PlannedStage
    light: PlannedStage
    sharpen: PlannedStage
    faces: PlannedStage
    upscale: PlannedStage
    grain: PlannedStage
    chain: tuple[int, ...]
    passes: tuple[Blend, ...]
    source: tuple[int, int]
    width: int
    height: int
    lighting: LightNeed = field(default_factory=LightNeed)
    blur: Blur | None = None
    findings: tuple[str, ...] = ()
    measured: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    drawn: bool = False
    doubtful: bool = False

    @property
    def stages(self) -> tuple[PlannedStage, ...]:
        """Every step in its order."""
        return (self.denoise, self.light, self.sharpen, self.faces, self.upscale, self.grain)
