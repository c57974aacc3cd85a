"""From wishes and figures to the steps of the work, each with its reason in words."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

from core.jobs import StageName
from core.language import N_, _, decimal
from core.recipe import Preset, Recipe, Which
from weights.catalog import Purpose
from weights.roster import Blend, Capabilities
from worker.diagnosis import Diagnosis
from worker.size import MAX_OUTPUT_PIXELS, result_size

__all__ = ["MAX_OUTPUT_PIXELS", "Plan", "PlannedStage", "plan"]

_CLEAN_SIGMA, _CLEAN_BLOCKING = 2.0, 0.5
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
    faces_reason: str = N_("for every face that is found")
    sharpen: int = 0
    sharpen_reason: str = N_("not asked for")
    creativity: int = 40


_HABITS = {
    Preset.AUTO: _Habit(),
    Preset.PORTRAIT: _Habit(
        denoise_floor=30, faces=70, faces_reason=N_("it is a portrait"), creativity=30
    ),
    Preset.LANDSCAPE: _Habit(
        denoise=0.6,
        faces=0,
        faces_reason=N_("left as they are in landscapes"),
        sharpen=25,
        sharpen_reason=N_("landscapes gain from a little"),
        creativity=60,
    ),
    Preset.ART: _Habit(denoise=0.5, faces=0, faces_reason=N_("left as they are in art")),
}


def plan(
    recipe: Recipe,
    diagnosis: Diagnosis,
    capabilities: Capabilities,
    max_output_pixels: int = MAX_OUTPUT_PIXELS,
) -> Plan:
    """The steps for a photo; what the person set wins over the preset and the figures."""
    habit = _HABITS[recipe.preset]
    width, height, reason, notes = result_size(recipe, diagnosis, max_output_pixels)
    factor = max(width / diagnosis.width, height / diagnosis.height)
    chain = _chain(factor, capabilities.upscale, _asked_scale(capabilities))
    if factor > 1 and not chain:
        notes.append(_("no upscaling model is installed, so the photo was enlarged plainly"))
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
            _detailed(reason, recipe, names, capabilities),
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
        return PlannedStage(name, 0, _("turned off"))
    if recipe.denoise is None:
        wanted, reason = _needed(diagnosis)
        wanted = round(wanted * habit.denoise)
        if habit.denoise_floor > wanted:
            wanted, reason = habit.denoise_floor, _("portraits gain from a little")
        if wanted and recipe.intensity < 100:
            reason = _("{reason}, softer as you asked").format(reason=reason)
        elif wanted and recipe.intensity > 100:
            reason = _("{reason}, stronger as you asked").format(reason=reason)
        wanted = _intensified(wanted, recipe)
    else:
        wanted, reason = recipe.denoise, _("you asked for it")
    if wanted == 0:
        return PlannedStage(name, 0, reason)
    along = next((upscaler for upscaler in upscalers if upscaler in capabilities.grainy), None)
    if along is not None and model not in capabilities.chosen:
        reason = _("{reason}, while enlarging").format(reason=reason)
        return PlannedStage(name, wanted, reason, along, within=StageName.UPSCALE)
    if model is None:
        return PlannedStage(name, 0, _("no denoising model is installed"))
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


def _detailed(
    reason: str, recipe: Recipe, upscalers: Sequence[str], capabilities: Capabilities
) -> str:
    """The reason with what the person asked for by name."""
    asked = capabilities.asked
    if asked is not None and asked.id in upscalers:
        reason = _("{reason}, with {model}").format(reason=reason, model=asked.id)
    if recipe.creativity is not None and any(name in capabilities.pairs for name in upscalers):
        reason = _("{reason}, creativity {creativity} %").format(
            reason=reason, creativity=recipe.creativity
        )
    return reason


def _creativity_notes(
    recipe: Recipe, upscalers: Sequence[str], capabilities: Capabilities
) -> list[str]:
    if recipe.creativity is None:
        return []
    if not upscalers:
        return [_("creativity counts only where a model enlarges the photo")]
    single = dict.fromkeys(name for name in upscalers if name not in capabilities.pairs)
    text = _("creativity had no say in {model}: only one variant is installed")
    return [text.format(model=name) for name in single]


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
            return [_not_used(asked.id, _("the photo is not enlarged"))]
        if math.prod(chain) > factor + 1e-6:
            text = _("the model {model} enlarges {scale}×, so its result was reduced to {factor}×")
            told = decimal(f"{factor:.2g}")
            return [text.format(model=asked.id, scale=asked.scale, factor=told)]
    stages = {Purpose.DENOISE: denoise, Purpose.FACES: faces}
    stage = stages.get(asked.purpose)
    if stage is not None and not stage.strength:
        return [_not_used(asked.id, stage.reason)]
    return []


def _not_used(model: str, why: str) -> str:
    return _("the model {model} was not used: {why}").format(model=model, why=why)


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
        *([_("grainy, σ ≈ {sigma}").format(sigma=f"{diagnosis.noise_sigma:.0f}")] if grain else []),
        *([_("JPEG blocks show")] if blocks else []),
    ]
    if not reasons:
        return 0, _("the photo is clean")
    return round(100 * (1 - (1 - grain) * (1 - blocks))), ", ".join(reasons)


def _faces(recipe: Recipe, habit: _Habit, capabilities: Capabilities) -> PlannedStage:
    name = StageName.FACES
    if recipe.faces == 0 or recipe.which_faces is Which.NONE:
        return PlannedStage(name, 0, _("turned off"))
    if recipe.faces is None and recipe.which_faces is not None:
        # Whoever says which faces wants some restored, also where the preset leaves them.
        wanted, reason = _intensified(habit.faces or _FACES, recipe), _("you asked for it")
    elif recipe.faces is None:
        wanted, reason = _intensified(habit.faces, recipe), _(habit.faces_reason)
    else:
        wanted, reason = recipe.faces, _("you asked for it")
    if wanted == 0:
        return PlannedStage(name, 0, reason)
    if capabilities.faces is None:
        return PlannedStage(name, 0, _("no face model is installed"))
    if capabilities.detect is None:
        return PlannedStage(name, 0, _("no face finder is installed"))
    return PlannedStage(name, wanted, reason, capabilities.faces)


def _sharpen(recipe: Recipe, habit: _Habit) -> PlannedStage:
    if recipe.sharpen is not None:
        reason = _("you asked for it") if recipe.sharpen else _("turned off")
        return PlannedStage(StageName.SHARPEN, recipe.sharpen, reason)
    return PlannedStage(
        StageName.SHARPEN, _intensified(habit.sharpen, recipe), _(habit.sharpen_reason)
    )


def _intensified(strength: int, recipe: Recipe) -> int:
    return min(100, round(strength * recipe.intensity / 100))


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
