"""How strongly each step that keeps the size is done, and why."""

import math
from collections.abc import Sequence
from dataclasses import replace

from core.jobs import StageName
from core.language import N_, _
from core.recipe import Recipe, Which
from weights.roster import Capabilities
from worker.diagnosis import Blur, BlurKind, Diagnosis, Kind, LightNeed
from worker.plan.compression import coded, is_coarse
from worker.plan.conflicts import LONGEST_MOTION
from worker.plan.findings import NOISE, faulty, worded
from worker.plan.habits import Habit
from worker.plan.sight import Sight
from worker.plan.values import PlannedStage

__all__ = ["denoise", "faces", "grain", "light", "sharpen", "undone"]

_LIGHT, _DEBLUR = 70, 50
_FACES = 70
_LITTLE, _FINE, _CRISP = 4.0, 8.0, 25.0
"""Sigma of little noise; deviations (0–255) of fine texture that should stay, and of so much that
more sharpness would only make halos (nine in ten photos have less)."""
_COARSE_GRAIN = 15.0
"""Noise above this sigma is no grain that anybody misses."""


def denoise(
    recipe: Recipe,
    habit: Habit,
    sight: Sight,
    capabilities: Capabilities,
    upscalers: Sequence[str],
) -> PlannedStage:
    """Noise and JPEG blocks, also while enlarging where a network does both."""
    name, model = StageName.DENOISE, capabilities.denoise
    if recipe.denoise == 0:
        return PlannedStage(name, 0, _("turned off"))
    if recipe.denoise is None:
        wanted, why = _needed(sight, blocks_too=_takes_blocks(upscalers, capabilities))
        wanted = round(wanted * habit.denoise)
        if habit.denoise_floor > wanted:
            wanted, why = habit.denoise_floor, _("portraits gain from a little")
        if wanted and recipe.intensity < 100:
            why = _("{reason}, softer as you asked").format(reason=why)
        elif wanted and recipe.intensity > 100:
            why = _("{reason}, stronger as you asked").format(reason=why)
        wanted = _intensified(wanted, recipe)
    else:
        wanted, why = recipe.denoise, _("you asked for it")
    if wanted == 0:
        return PlannedStage(name, 0, why)
    along = next((upscaler for upscaler in upscalers if upscaler in capabilities.grainy), None)
    if along is not None and model not in capabilities.chosen:
        why = _("{reason}, while enlarging").format(reason=why)
        return PlannedStage(name, wanted, why, along, within=StageName.UPSCALE)
    if model is None:
        return PlannedStage(name, 0, _("no denoising model is installed"))
    return PlannedStage(name, wanted, why, model)


def light(recipe: Recipe, habit: Habit, lighting: LightNeed) -> PlannedStage:
    """Exposure, contrast and cast, where something is wrong with them."""
    name = StageName.LIGHT
    if recipe.light == 0:
        return PlannedStage(name, 0, _("turned off"))
    if recipe.light is None and not habit.light:
        return PlannedStage(name, 0, _(habit.light_reason))
    if not lighting:
        return PlannedStage(name, 0, _("exposure, contrast and colours are well"))
    if recipe.light is None:
        return PlannedStage(name, _intensified(_LIGHT, recipe), faulty(lighting))
    return PlannedStage(name, recipe.light, faulty(lighting))


def sharpen(recipe: Recipe, habit: Habit, sight: Sight) -> PlannedStage:
    """Blur, where it is of a kind that can be undone; else the sharpness that is wished for."""
    name = StageName.SHARPEN
    if recipe.sharpen is not None:
        why = _("you asked for it") if recipe.sharpen else _("turned off")
        return PlannedStage(name, recipe.sharpen, why)
    blur = sight.blur
    if blur.kind is BlurKind.MOTION and blur.length > LONGEST_MOTION:
        return PlannedStage(name, 0, _("shaken too much"))
    soft = habit.deblur and blur.kind in (BlurKind.SOFT, BlurKind.MOTION)
    if soft and is_coarse(sight.diagnosis):
        return PlannedStage(name, 0, _("compressed too much, blocks would be sharpened too"))
    if soft and sight.diagnosis.noise_sigma > _COARSE_GRAIN:
        return PlannedStage(name, 0, _("too noisy, noise would be sharpened too"))
    if soft:
        why = _("out of focus") if blur.kind is BlurKind.SOFT else _("shaken")
        return PlannedStage(name, _intensified(_DEBLUR, recipe), why)
    if habit.crisp and sight.diagnosis.texture > _CRISP:
        return PlannedStage(name, 0, _("crisp enough"))
    return PlannedStage(name, _intensified(habit.crisp, recipe), _(habit.crisp_reason))


def undone(sight: Sight, kind: Kind) -> Blur | None:
    """The blur of a picture taken for `kind` that can be undone, None where there is none."""
    seen = sight.blur
    if kind is not Kind.PHOTO or is_coarse(sight.diagnosis):
        return None
    if seen.kind is BlurKind.SOFT:
        return seen
    if seen.kind is BlurKind.MOTION and seen.length <= LONGEST_MOTION:
        return replace(seen, sigma=0.0)
    return None


def faces(recipe: Recipe, habit: Habit, capabilities: Capabilities) -> PlannedStage:
    """Faces, where there are a model and a finder for them."""
    name = StageName.FACES
    if recipe.faces == 0 or recipe.which_faces is Which.NONE:
        return PlannedStage(name, 0, _("turned off"))
    if recipe.faces is None and recipe.which_faces is not None:
        # Whoever says which faces wants some restored, also where the preset leaves them.
        wanted, why = _intensified(habit.faces or _FACES, recipe), _("you asked for it")
    elif recipe.faces is None:
        wanted, why = _intensified(habit.faces, recipe), _(habit.faces_reason)
    else:
        wanted, why = recipe.faces, _("you asked for it")
    if wanted == 0:
        return PlannedStage(name, 0, why)
    if capabilities.faces is None:
        return PlannedStage(name, 0, _("no face model is installed"))
    if capabilities.detect is None:
        return PlannedStage(name, 0, _("no face finder is installed"))
    return PlannedStage(name, wanted, why, capabilities.faces)


def grain(
    recipe: Recipe, habit: Habit, diagnosis: Diagnosis, cleaned: PlannedStage
) -> PlannedStage:
    """Some of the grain that was taken out, so that the photo does not look like plastic."""
    name = StageName.GRAIN
    if recipe.grain == 0:
        return PlannedStage(name, 0, _("turned off"))
    if not cleaned.strength or cleaned.within is not None:
        return PlannedStage(name, 0, _("none was taken out"))
    if recipe.grain is not None:
        return PlannedStage(name, recipe.grain, _("you asked for it"))
    if not NOISE <= diagnosis.noise_sigma <= _COARSE_GRAIN or not habit.grain:
        return PlannedStage(name, 0, _("what was taken out is no fine grain"))
    return PlannedStage(name, habit.grain, _("so that it still looks like a photo"))


def _needed(sight: Sight, *, blocks_too: bool) -> tuple[int, str]:
    """The strength that the figures ask for, a fit to where PSNR peaks with the shipped denoiser.

    About 40 at σ 3, 70 at σ 6 and 90 at σ 10; about 41 at JPEG quality 85, 60 at 75, 85 at 50.
    Photos with both need more than either. Where a network follows that was trained to enlarge by
    four what is compressed, `blocks_too`, blocks count half: more costs up to 0.4 dB. A little
    noise counts half where there is fine texture, which goes with it.
    """
    diagnosis = sight.diagnosis
    noise, blocks = 0.0, coded(diagnosis) * (0.5 if blocks_too else 1)
    if diagnosis.noise_sigma >= NOISE:
        noise = 1 - math.exp(-((diagnosis.noise_sigma / 5) ** 1.3))
    gently = noise > 0 and diagnosis.noise_sigma < _LITTLE and diagnosis.texture > _FINE
    if gently:
        noise *= 0.5
    reasons = [
        *([worded(N_("noisy, σ ≈ {sigma}"), sight)] if noise else []),
        *([_("gently, for its fine texture")] if gently else []),
        *([_("JPEG blocks show")] if blocks else []),
    ]
    if not reasons:
        return 0, _("the photo is clean")
    return round(100 * (1 - (1 - noise) * (1 - blocks))), ", ".join(reasons)


def _takes_blocks(upscalers: Sequence[str], capabilities: Capabilities) -> bool:
    return any(capabilities.upscale.get(4) == name for name in upscalers)


def _intensified(strength: int, recipe: Recipe) -> int:
    return min(100, round(strength * recipe.intensity / 100))
