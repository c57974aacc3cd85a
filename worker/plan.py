"""From wishes and figures to the steps of the work, each with its reason in words."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

from core.jobs import StageName
from core.recipe import SCALES, Preset, Recipe, Which
from weights.catalog import Purpose
from weights.roster import Blend, Capabilities
from worker.diagnosis import Diagnosis

__all__ = ["MAX_OUTPUT_PIXELS", "Plan", "PlannedStage", "plan"]

MAX_OUTPUT_PIXELS = 100_000_000
MAX_OUTPUT_SIDE = 32_000
"""OpenCV's geometry ends at 32,767 pixels a side."""

_CLEAN_SIGMA, _CLEAN_BLOCKING = 2.0, 0.5
_SMALL_EDGE, _MIDDLE_EDGE = 1024, 2048
_FACES = 50


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
    """The steps in their order; `passes` are the networks that enlarge, one after the other, to at
    least the result's `width` × `height`, `chain` their scales, `notes` what the person should
    know besides.
    """

    denoise: PlannedStage
    faces: PlannedStage
    upscale: PlannedStage
    sharpen: PlannedStage
    chain: tuple[int, ...]
    passes: tuple[Blend, ...]
    width: int
    height: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Habit:
    """What a preset makes of strengths that the person left open."""

    denoise: float = 1.0
    denoise_floor: int = 0
    faces: int = _FACES
    faces_reason: str = "for every face that is found"
    sharpen: int = 0
    sharpen_reason: str = "not asked for"
    creativity: int = 40


_HABITS = {
    Preset.AUTO: _Habit(),
    Preset.PORTRAIT: _Habit(
        denoise_floor=30, faces=70, faces_reason="it is a portrait", creativity=30
    ),
    Preset.LANDSCAPE: _Habit(
        denoise=0.6,
        faces=0,
        faces_reason="left as they are in landscapes",
        sharpen=25,
        sharpen_reason="landscapes gain from a little",
        creativity=60,
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
    chain = _chain(factor, capabilities.upscale, _asked_scale(capabilities))
    if factor > 1 and not chain:
        notes.append("no upscaling model is installed, so the photo was enlarged plainly")
    changed = (width, height) != (diagnosis.width, diagnosis.height)
    names = [capabilities.upscale[scale] for scale in chain]
    denoise = _denoise(recipe, habit, diagnosis, capabilities, names)
    faces = _faces(recipe, habit, capabilities)
    passes = tuple(_pass(name, recipe, habit, denoise, capabilities) for name in names)
    notes += _creativity_notes(recipe, names, capabilities)
    notes += _asked_notes(capabilities, factor, chain, denoise, faces)
    return Plan(
        denoise=denoise,
        faces=faces,
        upscale=PlannedStage(
            StageName.UPSCALE,
            100 if changed else 0,
            reason + _details(recipe, names, capabilities),
            " + ".join(map(str, passes)) or None,
        ),
        sharpen=_sharpen(recipe, habit),
        chain=chain,
        passes=passes,
        width=width,
        height=height,
        notes=tuple(notes),
    )


def _denoise(
    recipe: Recipe,
    habit: _Habit,
    diagnosis: Diagnosis,
    capabilities: Capabilities,
    upscalers: Sequence[str],
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
    along = next((upscaler for upscaler in upscalers if upscaler in capabilities.grainy), None)
    if along is not None and model not in capabilities.chosen:
        reason += ", while enlarging"
        return PlannedStage(name, wanted, reason, along, within=StageName.UPSCALE)
    if model is None:
        return PlannedStage(name, 0, "no denoising model is installed")
    return PlannedStage(name, wanted, reason, model)


def _pass(
    name: str,
    recipe: Recipe,
    habit: _Habit,
    denoise: PlannedStage,
    capabilities: Capabilities,
) -> Blend:
    """How an upscaler is mixed with its twin; one that was named runs as it is, unless asked."""
    if name in capabilities.grainy:
        # As in Real-ESRGAN's own `-dn`; what another denoiser has cleaned is left alone.
        share = denoise.strength if denoise.within else 0
        return Blend.between(name, capabilities.grainy[name], share)
    if name not in capabilities.pairs:
        return Blend(name)
    vivid, faithful = capabilities.pairs[name]
    if recipe.creativity is not None:
        return Blend.between(vivid, faithful, recipe.creativity)
    if name in capabilities.chosen:
        return Blend(name)
    return Blend.between(vivid, faithful, habit.creativity)


def _details(recipe: Recipe, upscalers: Sequence[str], capabilities: Capabilities) -> str:
    """What the person asked for by name, as a tail of the reason."""
    asked = capabilities.asked
    told = f", with {asked.id}" if asked is not None and asked.id in upscalers else ""
    if recipe.creativity is not None and any(name in capabilities.pairs for name in upscalers):
        told += f", creativity {recipe.creativity} %"
    return told


def _creativity_notes(
    recipe: Recipe, upscalers: Sequence[str], capabilities: Capabilities
) -> list[str]:
    if recipe.creativity is None:
        return []
    if not upscalers:
        return ["creativity counts only where a model enlarges the photo"]
    single = dict.fromkeys(name for name in upscalers if name not in capabilities.pairs)
    return [f"creativity had no say in {name}: only one variant is installed" for name in single]


def _asked_scale(capabilities: Capabilities) -> int | None:
    asked = capabilities.asked
    return asked.scale if asked is not None and asked.purpose is Purpose.UPSCALE else None


def _asked_notes(
    capabilities: Capabilities,
    factor: float,
    chain: tuple[int, ...],
    denoise: PlannedStage,
    faces: PlannedStage,
) -> list[str]:
    """What the person who named a model should know of its use."""
    asked = capabilities.asked
    if asked is None:
        return []
    if asked.purpose is Purpose.UPSCALE:
        if not chain:
            return [f"the model {asked.id} was not used: the photo is not enlarged"]
        if math.prod(chain) > factor + 1e-6:
            reduced = f"so its result was reduced to {factor:.2g}×"
            return [f"the model {asked.id} enlarges {asked.scale}×, {reduced}"]
    stages = {Purpose.DENOISE: denoise, Purpose.FACES: faces}
    stage = stages.get(asked.purpose)
    if stage is not None and not stage.strength:
        return [f"the model {asked.id} was not used: {stage.reason}"]
    return []


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
    if recipe.faces == 0 or recipe.which_faces is Which.NONE:
        return PlannedStage(name, 0, "turned off")
    if recipe.faces is None and recipe.which_faces is not None:
        # Whoever says which faces wants some restored, also where the preset leaves them.
        wanted, reason = _intensified(habit.faces or _FACES, recipe), "you asked for it"
    elif recipe.faces is None:
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


def _chain(factor: float, scales: Collection[int], asked: int | None = None) -> tuple[int, ...]:
    """The passes that enlarge by at least `factor` with the least surplus, then the fewest.

    Three passes are the most; where they do not reach it, the strongest three. The scale `asked`
    is among them, and as many of them as can be without more surplus.
    """
    if factor <= 1 or not scales:
        return ()
    chains = [
        tuple(sorted(passes, reverse=True))
        for count in (1, 2, 3)
        for passes in combinations_with_replacement(scales, count)
        if asked is None or asked in passes
    ]
    enough = [chain for chain in chains if math.prod(chain) >= factor - 1e-6]
    if not enough:
        return max(chains, key=math.prod)

    def merit(chain: tuple[int, ...]) -> tuple[int, int, int]:
        others = 0 if asked is None else len(chain) - chain.count(asked)
        return math.prod(chain), others, len(chain)

    return min(enough, key=merit)
