"""From wishes and figures to the steps of the work, each with its reason in words."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from itertools import combinations_with_replacement

from core.jobs import StageName
from core.recipe import SCALES, Preset, Recipe
from worker.diagnosis import Diagnosis
from worker.models import Capabilities

__all__ = ["MAX_OUTPUT_PIXELS", "Plan", "PlannedStage", "plan"]

MAX_OUTPUT_PIXELS = 100_000_000
MAX_OUTPUT_SIDE = 32_000
"""OpenCV's geometry ends at 32,767 pixels a side."""

_CLEAN_SIGMA, _CLEAN_BLOCKING = 2.0, 0.5
_SMALL_EDGE, _MIDDLE_EDGE = 1024, 2048


@dataclass(frozen=True)
class PlannedStage:
    """One step: how strongly (0–100, 0 = left out), by which model, and why."""

    stage: StageName
    strength: int
    reason: str
    model: str | None = None


@dataclass(frozen=True)
class Plan:
    """The steps in their order; `chain` are the upscaling passes that lead to at least the
    result's `width` × `height`, `notes` what the person should know besides.
    """

    denoise: PlannedStage
    faces: PlannedStage
    upscale: PlannedStage
    sharpen: PlannedStage
    chain: tuple[int, ...]
    width: int
    height: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Habit:
    """What a preset makes of strengths that the person left open."""

    denoise: float = 1.0
    denoise_floor: int = 0
    faces: int = 50
    faces_reason: str = "for every face that is found"
    sharpen: int = 0
    sharpen_reason: str = "not asked for"


_HABITS = {
    Preset.AUTO: _Habit(),
    Preset.PORTRAIT: _Habit(denoise_floor=30, faces=70, faces_reason="it is a portrait"),
    Preset.LANDSCAPE: _Habit(
        denoise=0.6,
        faces=0,
        faces_reason="left as they are in landscapes",
        sharpen=25,
        sharpen_reason="landscapes gain from a little",
    ),
    Preset.ART: _Habit(denoise=0.5, faces=0, faces_reason="left as they are in art"),
}


def plan(
    recipe: Recipe,
    diagnosis: Diagnosis,
    capabilities: Capabilities,
    max_output_pixels: int = MAX_OUTPUT_PIXELS,
) -> Plan:
    """The steps for a photo; what the person set wins over the preset and the figures."""
    habit = _HABITS[recipe.preset]
    width, height, reason, notes = _size(recipe, diagnosis, max_output_pixels)
    factor = max(width / diagnosis.width, height / diagnosis.height)
    chain = _chain(factor, capabilities.upscale)
    models = " + ".join(capabilities.upscale[scale] for scale in chain) or None
    if factor > 1 and not chain:
        notes.append("no upscaling model is installed, so the photo was enlarged plainly")
    changed = (width, height) != (diagnosis.width, diagnosis.height)
    return Plan(
        denoise=_denoise(recipe, habit, diagnosis, capabilities),
        faces=_faces(recipe, habit, capabilities),
        upscale=PlannedStage(StageName.UPSCALE, 100 if changed else 0, reason, models),
        sharpen=_sharpen(recipe, habit),
        chain=chain,
        width=width,
        height=height,
        notes=tuple(notes),
    )


def _denoise(
    recipe: Recipe, habit: _Habit, diagnosis: Diagnosis, capabilities: Capabilities
) -> PlannedStage:
    name, model = StageName.DENOISE, capabilities.denoise
    if recipe.denoise == 0:
        return PlannedStage(name, 0, "turned off")
    if recipe.denoise is None:
        wanted, reason = _needed(diagnosis)
        wanted = round(wanted * habit.denoise)
        if habit.denoise_floor > wanted:
            wanted, reason = habit.denoise_floor, "portraits gain from a little"
        if wanted and recipe.intensity != 100:
            reason += f", {'softer' if recipe.intensity < 100 else 'stronger'} as you asked"
        wanted = _intensified(wanted, recipe)
    else:
        wanted, reason = recipe.denoise, "you asked for it"
    if wanted == 0:
        return PlannedStage(name, 0, reason)
    if model is None:
        return PlannedStage(name, 0, "no denoising model is installed")
    return PlannedStage(name, wanted, reason, model)


def _needed(diagnosis: Diagnosis) -> tuple[int, str]:
    """The strength that the figures ask for, a fit to where PSNR peaks with the shipped denoiser.

    About 40 at σ 3, 70 at σ 6 and 90 at σ 10; about 35 at JPEG quality 85, 60 at 75, 85 at 50.
    Photos with both need more than either.
    """
    grain = blocks = 0.0
    if diagnosis.noise_sigma >= _CLEAN_SIGMA:
        grain = 1 - math.exp(-((diagnosis.noise_sigma / 5) ** 1.3))
    if diagnosis.blocking >= _CLEAN_BLOCKING:
        blocks = 1 - math.exp(-(diagnosis.blocking - 0.3) / 0.6)
    reasons = [
        *([f"grainy, σ ≈ {diagnosis.noise_sigma:.0f}"] if grain else []),
        *(["JPEG blocks show"] if blocks else []),
    ]
    if not reasons:
        return 0, "the photo is clean"
    return round(100 * (1 - (1 - grain) * (1 - blocks))), ", ".join(reasons)


def _faces(recipe: Recipe, habit: _Habit, capabilities: Capabilities) -> PlannedStage:
    name = StageName.FACES
    if recipe.faces == 0:
        return PlannedStage(name, 0, "turned off")
    if recipe.faces is None:
        wanted, reason = _intensified(habit.faces, recipe), habit.faces_reason
    else:
        wanted, reason = recipe.faces, "you asked for it"
    if wanted == 0:
        return PlannedStage(name, 0, reason)
    if capabilities.faces is None:
        return PlannedStage(name, 0, "no face model is installed")
    if capabilities.detect is None:
        return PlannedStage(name, 0, "no face finder is installed")
    return PlannedStage(name, wanted, reason, capabilities.faces)


def _sharpen(recipe: Recipe, habit: _Habit) -> PlannedStage:
    if recipe.sharpen is not None:
        reason = "you asked for it" if recipe.sharpen else "turned off"
        return PlannedStage(StageName.SHARPEN, recipe.sharpen, reason)
    return PlannedStage(
        StageName.SHARPEN, _intensified(habit.sharpen, recipe), habit.sharpen_reason
    )


def _intensified(strength: int, recipe: Recipe) -> int:
    return min(100, round(strength * recipe.intensity / 100))


def _size(recipe: Recipe, diagnosis: Diagnosis, max_pixels: int) -> tuple[int, int, str, list[str]]:
    """Width and height of the result, the reason for them, and a note if a limit bites."""
    if recipe.long_edge is not None:
        return _size_by_edge(recipe.long_edge, diagnosis, max_pixels)
    if recipe.scale is not None:
        wanted = recipe.scale
        reason = "you asked for it" if wanted > 1 else "you asked to keep the size"
    elif diagnosis.long_edge <= _SMALL_EDGE:
        wanted, reason = 4, "the photo is small"
    elif diagnosis.long_edge <= _MIDDLE_EDGE:
        wanted, reason = 2, "the photo is of middling size"
    else:
        wanted, reason = 1, "the photo is large enough"
    fitting = [
        scale
        for scale in sorted({*SCALES, wanted})
        if scale <= wanted
        and _allowed(diagnosis.width * scale, diagnosis.height * scale, max_pixels)
    ]
    scale = fitting[-1] if fitting else 1
    notes = []
    if scale < wanted:
        megapixels = diagnosis.width * diagnosis.height * wanted**2 / 1e6
        done = f"enlarged {scale}× instead of {wanted}×" if scale > 1 else "kept at its size"
        notes.append(
            f"{done}, since {wanted}× would make {megapixels:.0f} megapixels "
            f"(the limit here is {max_pixels / 1e6:.0f})"
        )
    return diagnosis.width * scale, diagnosis.height * scale, reason, notes


def _size_by_edge(
    edge: int, diagnosis: Diagnosis, max_pixels: int
) -> tuple[int, int, str, list[str]]:
    def sized(edge: int) -> tuple[int, int]:
        factor = edge / diagnosis.long_edge
        return max(1, round(diagnosis.width * factor)), max(1, round(diagnosis.height * factor))

    notes = []
    if not _allowed(*sized(edge), max_pixels):
        pixels = diagnosis.width * diagnosis.height
        largest = math.floor(diagnosis.long_edge * math.sqrt(max_pixels / pixels))
        fitting = min(largest, MAX_OUTPUT_SIDE, edge)
        while not _allowed(*sized(fitting), max_pixels):  # Rounding may lift the short side by one.
            fitting -= 1
        notes.append(f"the long edge is {fitting} pixels instead of {edge}, the most allowed here")
        edge = fitting
    return *sized(edge), "you asked for it", notes


def _allowed(width: int, height: int, max_pixels: int) -> bool:
    return width * height <= max_pixels and max(width, height) <= MAX_OUTPUT_SIDE


def _chain(factor: float, scales: Collection[int]) -> tuple[int, ...]:
    """The passes that enlarge by at least `factor` with the least surplus, then the fewest.

    Three passes are the most; where they do not reach it, the strongest three.
    """
    if factor <= 1 or not scales:
        return ()
    chains = [
        tuple(sorted(passes, reverse=True))
        for count in (1, 2, 3)
        for passes in combinations_with_replacement(scales, count)
    ]
    enough = [chain for chain in chains if math.prod(chain) >= factor - 1e-6]
    if not enough:
        return max(chains, key=math.prod)
    return min(enough, key=lambda chain: (math.prod(chain), len(chain)))
