"""How large the result becomes: what is wished or suits the photo, within what is allowed."""

import math
from dataclasses import dataclass

from core.language import _
from core.recipe import SCALES, Recipe
from worker.diagnosis import Diagnosis

__all__ = ["MAX_OUTPUT_PIXELS", "Size", "result_size"]

MAX_OUTPUT_PIXELS = 100_000_000
MAX_OUTPUT_SIDE = 32_000
"""OpenCV's geometry ends at 32,767 pixels a side."""

_SMALL_EDGE, _MIDDLE_EDGE = 1024, 2048


@dataclass(frozen=True)
class Size:
    """Width and height of a result in pixels, the reason for them, a note if a limit bites, and
    what the photo's own size is called where that decided.
    """

    width: int
    height: int
    reason: str
    notes: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()


def result_size(recipe: Recipe, diagnosis: Diagnosis, max_pixels: int) -> Size:
    """How large the result of a photo becomes, with at most so many pixels."""
    if recipe.long_edge is not None:
        return _size_by_edge(recipe, recipe.long_edge, diagnosis, max_pixels)
    wanted, reason = _wanted_scale(recipe, diagnosis)
    most = _most(recipe, wanted)
    fitting = [
        scale
        for scale in sorted({*SCALES, most})
        if scale <= most and _allowed(diagnosis.width * scale, diagnosis.height * scale, max_pixels)
    ]
    scale = fitting[-1] if fitting else 1
    notes = []
    if scale < most:
        megapixels = diagnosis.width * diagnosis.height * wanted**2 / 1e6
        text = (
            _(
                "enlarged {scale}× instead of {wanted}×, since {wanted}× would make {megapixels} "
                "megapixels (the limit here is {limit})"
            )
            if scale > 1
            else _(
                "kept at its size, since {wanted}× would make {megapixels} megapixels "
                "(the limit here is {limit})"
            )
        )
        limit = f"{max_pixels / 1e6:.0f}"
        notes.append(
            text.format(scale=scale, wanted=wanted, megapixels=f"{megapixels:.0f}", limit=limit)
        )
    elif scale < wanted:
        notes.append(_ceiling_note(scale, wanted))
    if scale == 1 < wanted:
        reason = _("no more is allowed here")
    return Size(
        diagnosis.width * scale,
        diagnosis.height * scale,
        reason,
        tuple(notes),
        _called(diagnosis) if scale > 1 and recipe.scale is None else (),
    )


def _called(diagnosis: Diagnosis) -> tuple[str, ...]:
    return (_("small") if diagnosis.long_edge <= _SMALL_EDGE else _("of middling size"),)


def _wanted_scale(recipe: Recipe, diagnosis: Diagnosis) -> tuple[int, str]:
    """The scale that is wished or that the photo's size asks for, below the group's ceiling."""
    if recipe.scale is not None:
        return recipe.scale, (
            _("you asked for it") if recipe.scale > 1 else _("you asked to keep the size")
        )
    if diagnosis.long_edge <= _SMALL_EDGE:
        wanted, reason = 4, _("the photo is small")
    elif diagnosis.long_edge <= _MIDDLE_EDGE:
        wanted, reason = 2, _("the photo is of middling size")
    else:
        wanted, reason = 1, _("the photo is large enough")
    most = _most(recipe, wanted)
    if most == 1 < wanted:
        return most, _("photos are not enlarged in this group")
    if most < wanted:
        text = _("{reason}, and the most allowed in this group is {most}×")
        return most, text.format(reason=reason, most=most)
    return wanted, reason


def _most(recipe: Recipe, scale: int) -> int:
    return scale if recipe.largest_scale is None else min(scale, recipe.largest_scale)


def _ceiling_note(scale: int, wanted: int) -> str:
    if scale == 1:
        return _("kept at its size: photos are not enlarged in this group")
    return _(
        "enlarged {scale}× instead of {wanted}×, the most allowed in this group is {scale}×"
    ).format(scale=scale, wanted=wanted)


def _size_by_edge(recipe: Recipe, wanted: int, diagnosis: Diagnosis, max_pixels: int) -> Size:
    def sized(edge: int) -> tuple[int, int]:
        factor = edge / diagnosis.long_edge
        return max(1, round(diagnosis.width * factor)), max(1, round(diagnosis.height * factor))

    edge, notes = wanted, []
    if recipe.largest_scale is not None and edge > recipe.largest_scale * diagnosis.long_edge:
        edge = recipe.largest_scale * diagnosis.long_edge
        notes = [
            _(
                "the long edge is {pixels} pixels instead of {wanted}, "
                "the most allowed in this group is {most}×"
            ).format(pixels=edge, wanted=wanted, most=recipe.largest_scale)
        ]
    if not _allowed(*sized(edge), max_pixels):
        pixels = diagnosis.width * diagnosis.height
        largest = math.floor(diagnosis.long_edge * math.sqrt(max_pixels / pixels))
        edge = min(largest, MAX_OUTPUT_SIDE, edge)
        while not _allowed(*sized(edge), max_pixels):  # Rounding may lift the short side by one.
            edge -= 1
        notes = [
            _("the long edge is {pixels} pixels instead of {wanted}, the most allowed here").format(
                pixels=edge, wanted=wanted
            )
        ]
    return Size(*sized(edge), _("you asked for it"), tuple(notes))


def _allowed(width: int, height: int, max_pixels: int) -> bool:
    return width * height <= max_pixels and max(width, height) <= MAX_OUTPUT_SIDE
