"""Which networks enlarge a photo, one after the other, and what there is to say of them."""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement

from core.jobs import StageName
from core.language import _, decimal
from core.recipe import Recipe
from weights.catalog import Purpose
from weights.roster import Blend, Capabilities
from worker.diagnosis import BlurKind
from worker.plan.habits import Habit
from worker.plan.sight import Sight
from worker.plan.values import PlannedStage

__all__ = ["asked_notes", "chain", "creativity_notes", "detailed", "mixed", "origin"]

_FURTHEST = 16
"""Times that a photo is enlarged by networks at most from what it is taken back to: two passes."""


def origin(sight: Sight, factor: float, capabilities: Capabilities) -> tuple[int, int]:
    """The width and height from which networks enlarge a photo to `factor` times its size: its own,
    or those that it had before it was enlarged the first time.

    Networks know small photos rather than enlarged ones: taken back, photos enlarged 2.5, 3 and 4
    times come out 0.5 to 0.8 dB better, with an estimate that is off by 15 % from 0.2 better to
    0.1 worse. A model that was asked for by name gets the photo as it is.
    """
    seen, blur = sight.diagnosis, sight.blur
    named = _asked_scale(capabilities) is not None
    back = min(blur.factor, _FURTHEST / factor) if blur.kind is BlurKind.ENLARGED else 1.0
    if factor <= 1 or back <= 1 or named or not capabilities.upscale:
        return seen.width, seen.height
    return max(1, round(seen.width / back)), max(1, round(seen.height / back))


def chain(factor: float, capabilities: Capabilities) -> tuple[int, ...]:
    """The passes that enlarge by at least `factor` with the least surplus, then the fewest.

    Three passes are the most; where they do not reach it, the strongest three. The scale of a model
    that was asked for is among them, and as many of them as can be without more surplus.
    """
    scales, asked = capabilities.upscale, _asked_scale(capabilities)
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


def mixed(
    name: str,
    recipe: Recipe,
    habit: Habit,
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


def detailed(
    reason: str,
    recipe: Recipe,
    upscalers: Sequence[str],
    capabilities: Capabilities,
    source: tuple[int, int] | None,
) -> str:
    """The reason with what the photo was taken back to, and what the person asked for by name."""
    if source is not None:
        reason = _("{reason}; taken back to {width} × {height} first").format(
            reason=reason, width=source[0], height=source[1]
        )
    asked = capabilities.asked
    if asked is not None and asked.id in upscalers:
        reason = _("{reason}, with {model}").format(reason=reason, model=asked.id)
    if recipe.creativity is not None and any(name in capabilities.pairs for name in upscalers):
        reason = _("{reason}, creativity {creativity} %").format(
            reason=reason, creativity=recipe.creativity
        )
    return reason


def creativity_notes(
    recipe: Recipe, upscalers: Sequence[str], capabilities: Capabilities
) -> list[str]:
    """What became of the wish for creativity."""
    if recipe.creativity is None:
        return []
    if not upscalers:
        return [_("creativity counts only where a model enlarges the photo")]
    single = dict.fromkeys(name for name in upscalers if name not in capabilities.pairs)
    text = _("creativity had no say in {model}: only one variant is installed")
    return [text.format(model=name) for name in single]


def asked_notes(
    capabilities: Capabilities,
    factor: float,
    passes: tuple[int, ...],
    steps: Mapping[StageName, PlannedStage],
) -> list[str]:
    """What the person who named a model should know of its use."""
    asked = capabilities.asked
    if asked is None:
        return []
    if asked.purpose is Purpose.UPSCALE:
        if not passes:
            return [_not_used(asked.id, _("the photo is not enlarged"))]
        if math.prod(passes) > factor + 1e-6:
            text = _("the model {model} enlarges {scale}×, so its result was reduced to {factor}×")
            told = decimal(f"{factor:.2g}")
            return [text.format(model=asked.id, scale=asked.scale, factor=told)]
    stages = {
        Purpose.DENOISE: steps[StageName.DENOISE],
        Purpose.FACES: steps[StageName.FACES],
    }
    stage = stages.get(asked.purpose)
    if stage is not None and not stage.strength:
        return [_not_used(asked.id, stage.reason)]
    return []


def _asked_scale(capabilities: Capabilities) -> int | None:
    asked = capabilities.asked
    return asked.scale if asked is not None and asked.purpose is Purpose.UPSCALE else None


def _not_used(model: str, why: str) -> str:
    return _("the model {model} was not used: {why}").format(model=model, why=why)
