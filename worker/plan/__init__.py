"""From wishes and what is seen to the steps of the work, each with its reason in words."""

from core.jobs import StageName
from core.language import _
from core.recipe import Recipe
from weights.roster import Capabilities
from worker.diagnosis import Kind
from worker.plan import strengths
from worker.plan.conflicts import Case, conflicts
from worker.plan.enlarging import asked_notes, chain, creativity_notes, detailed, mixed, origin
from worker.plan.findings import findings, measured, refuse_blank
from worker.plan.habits import habit_of
from worker.plan.sight import Sight
from worker.plan.size import MAX_OUTPUT_PIXELS, result_size
from worker.plan.values import Plan, PlannedStage

__all__ = ["MAX_OUTPUT_PIXELS", "Plan", "PlannedStage", "Sight", "plan", "refuse_blank"]

_MENDING = (StageName.DENOISE, StageName.LIGHT, StageName.SHARPEN, StageName.UPSCALE)
"""A photo that gets none of these is in order; faces are looked for all the same."""


def plan(
    recipe: Recipe,
    sight: Sight,
    capabilities: Capabilities,
    max_output_pixels: int = MAX_OUTPUT_PIXELS,
) -> Plan:
    """The steps for a photo; what the person set wins over the preset and the figures."""
    diagnosis, kind = sight.diagnosis, sight.picture(recipe.preset)
    habit = habit_of(recipe.preset, sight)
    lighting = sight.light(asked=bool(recipe.light))
    size = result_size(recipe, diagnosis, max_output_pixels)
    factor = max(size.width / diagnosis.width, size.height / diagnosis.height)
    source = origin(sight, factor, capabilities)
    again = source != (diagnosis.width, diagnosis.height)
    passes = chain(max(size.width / source[0], size.height / source[1]), capabilities)
    names = [capabilities.upscale[scale] for scale in passes]
    denoise = strengths.denoise(recipe, habit, sight, capabilities, names)
    networks = tuple(mixed(name, recipe, habit, denoise, capabilities) for name in names)
    changed = (size.width, size.height) != (diagnosis.width, diagnosis.height)
    upscale = PlannedStage(
        StageName.UPSCALE,
        100 if changed else 0,
        detailed(size.reason, recipe, names, capabilities, source if again else None),
        " + ".join(map(str, networks)) or None,
    )
    steps = {
        step.stage: step
        for step in (
            denoise,
            strengths.light(recipe, habit, lighting),
            strengths.sharpen(recipe, habit, sight),
            strengths.faces(recipe, habit, capabilities),
            upscale,
            strengths.grain(recipe, habit, diagnosis, denoise),
        )
    }
    notes = list(size.notes)
    if factor > 1 and not passes:
        notes.append(_("no upscaling model is installed, so the photo was enlarged plainly"))
    notes += creativity_notes(recipe, names, capabilities)
    notes += asked_notes(capabilities, factor, passes, steps)
    notes += conflicts(Case(recipe, sight, kind, steps))
    seen = findings(sight, kind, lighting) + size.findings
    if not seen and not any(steps[stage].strength for stage in _MENDING):
        seen = (_("clean"), _("large enough")) if _size_left(recipe) else (_("clean"),)
    return Plan(
        denoise=steps[StageName.DENOISE],
        light=steps[StageName.LIGHT],
        sharpen=steps[StageName.SHARPEN],
        faces=steps[StageName.FACES],
        upscale=upscale,
        grain=steps[StageName.GRAIN],
        chain=passes,
        passes=networks,
        source=source,
        width=size.width,
        height=size.height,
        lighting=lighting,
        blur=strengths.undone(sight, kind),
        findings=seen,
        measured=measured(sight),
        notes=tuple(notes),
        drawn=kind is not Kind.PHOTO,
        doubtful=sight.doubtful,
    )


def _size_left(recipe: Recipe) -> bool:
    """Whether the size was the plan's to choose."""
    return recipe.scale is None and recipe.long_edge is None and recipe.largest_scale != 1
