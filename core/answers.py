"""What an answer says: what was seen in the photo, what was done to it, and why."""

from collections.abc import Sequence

from core.captions import duration, size
from core.jobs import Enhanced, Failed, Reply, StageName, Step
from core.language import N_, _, decimal
from core.recipe import Preset, Recipe, Which

CAPTION_MAX = 1024
"""The longest caption that every platform takes (Telegram's limit)."""
WHY_MAX = 1900
"""The longest message that every platform takes, less some room (Discord's limit is 2000)."""

_DONE = {
    StageName.DENOISE: N_("Noise removed"),
    StageName.LIGHT: N_("Light corrected"),
    StageName.FACES: N_("Faces restored"),
    StageName.UPSCALE: N_("Enlarged"),
    StageName.SHARPEN: N_("Sharpened"),
    StageName.GRAIN: N_("Grain given back"),
}
_BRIEFLY = {
    StageName.DENOISE: N_("noise removed"),
    StageName.LIGHT: N_("light corrected"),
    StageName.FACES: N_("faces restored"),
    StageName.UPSCALE: N_("enlarged"),
    StageName.SHARPEN: N_("sharpened"),
    StageName.GRAIN: N_("a little grain given back"),
}
_LEFT = {
    StageName.DENOISE: N_("Noise left as it is"),
    StageName.LIGHT: N_("Light left as it is"),
    StageName.FACES: N_("Faces left as they are"),
    StageName.UPSCALE: N_("Size kept"),
    StageName.SHARPEN: N_("Not sharpened"),
    StageName.GRAIN: N_("No grain given back"),
}


def caption(reply: Reply) -> str:
    """What was done to the photos of a reply and why, in short; at most `CAPTION_MAX` long.

    One photo: `Noisy (σ ≈ 14) and small: cleaned first, 2 faces restored at 70 %, 4× → 2560 ×
    1920.`, then its figures and what there is to know besides.
    """
    enhanced = [result for result in reply.results if isinstance(result, Enhanced)]
    if len(reply.results) == 1:
        text = _one(reply.results[0], reply.recipe)
    else:
        head = _("{done} of {photos} photos enhanced.")
        lines = [head.format(done=len(enhanced), photos=len(reply.results))]
        lines += [
            f"{n}. {_brief(result)}" if isinstance(result, Enhanced) else f"{n}. {result.text}"
            for n, result in enumerate(reply.results, 1)
        ]
        text = "\n".join(lines)
    return _cut(text, CAPTION_MAX)


def why(reply: Reply) -> str:
    """Every step of an answer with its reason, and what was measured; at most `WHY_MAX` long."""
    photos = [result for result in reply.results if isinstance(result, Enhanced)]
    parts = []
    for number, result in enumerate(photos, 1):
        lines = [f"{number}. {result.source_name}"] if len(photos) > 1 else []
        lines += [f"• {line(step, result)}" for step in result.steps]
        if result.measured:
            lines.append(_("Measured: {figures}.").format(figures=", ".join(result.measured)))
        parts.append("\n".join(lines))
    return _cut("\n\n".join(parts), WHY_MAX)


def figures(result: Enhanced) -> str:
    """Sizes, format, weight and time: `640 × 480 → 2560 × 1920, JPEG, 1.2 MB, 6 s`."""
    return (
        f"{result.source_width} × {result.source_height} → {result.width} × {result.height}, "
        f"{_file(result)}"
    )


def line(step: Step, result: Enhanced) -> str:
    """One stage in words: `Noise removed, 60 %: grainy, σ ≈ 14`."""
    text = _(_DONE[step.stage] if step.done else _LEFT[step.stage])
    if step.done and step.stage is StageName.FACES:
        return step.reason  # It counts the faces and says the strength by itself.
    if step.done and step.stage is StageName.UPSCALE:
        larger = result.width > result.source_width
        text = (
            _("Enlarged {factor}×").format(factor=_factor(result)) if larger else _("Made smaller")
        )
    if step.done and step.strength is not None:
        text += f", {step.strength} %"
    return _("{what}: {reason}").format(what=text, reason=step.reason) if step.reason else text


def _one(result: Enhanced | Failed, recipe: Recipe) -> str:
    if isinstance(result, Failed):
        return result.text
    lines = [_sentence(result), _origin(result)]
    asides = [aside for step in result.steps for aside in _asides(step, result, recipe)]
    lines += [f"• {_capital(text)}" for text in (*asides, *result.notes)]
    return "\n".join(lines)


def _sentence(result: Enhanced) -> str:
    done = [step for step in result.steps if step.done]
    deeds = [_deed(step, result, more=step is not done[-1]) for step in done]
    seen = _joined(result.findings)
    if not deeds:
        deeds = [_("left as it is")]
        seen = seen or _("Nothing to mend here")
    told = ", ".join(deeds)
    text = _("{seen}: {done}.").format(seen=seen, done=told) if seen else f"{told}."
    return _capital(text)


def _deed(step: Step, result: Enhanced, *, more: bool) -> str:
    match step.stage:
        case StageName.DENOISE:
            return _("cleaned first") if more else _("cleaned")
        case StageName.FACES:
            return step.reason.partition("; ")[0]
        case StageName.UPSCALE if result.width > result.source_width:
            return f"{_factor(result)}× → {result.width} × {result.height}"
        case StageName.UPSCALE:
            return _("made smaller → {size}").format(size=f"{result.width} × {result.height}")
        case stage:
            return _(_BRIEFLY[stage])


def _asides(step: Step, result: Enhanced, recipe: Recipe) -> list[str]:
    """What is told of a stage beside the sentence: faces left alone, and what was asked in vain."""
    if step.done:
        rest = step.reason.partition("; ")[2] if step.stage is StageName.FACES else ""
        return [_("Faces: {what}").format(what=rest)] if rest else []
    return [line(step, result)] if _asked(step.stage, recipe) else []


def _asked(stage: StageName, recipe: Recipe) -> bool:
    """Whether the person wished for a stage."""
    match stage:
        case StageName.FACES:
            some = recipe.which_faces not in (None, Which.NONE)
            return bool(recipe.faces) or some or recipe.preset is Preset.PORTRAIT
        case StageName.UPSCALE:
            return (recipe.scale or 1) > 1 or recipe.long_edge is not None
        case _:
            return bool(getattr(recipe, stage.value))


def _origin(result: Enhanced) -> str:
    before = f"{result.source_width} × {result.source_height}"
    if (result.width, result.height) == (result.source_width, result.source_height):
        return f"{before}, {_file(result)}."
    return _("{size} before; {file}.").format(size=before, file=_file(result))


def _file(result: Enhanced) -> str:
    kind = result.media_type.rpartition("/")[2].upper()
    return f"{kind}, {size(result.bytes)}, {duration(result.seconds)}"


def _factor(result: Enhanced) -> str:
    return decimal(f"{result.width / result.source_width:.2g}")


def _brief(result: Enhanced) -> str:
    done = [_(_BRIEFLY[step.stage]) for step in result.steps if step.done]
    if not done:
        return figures(result)
    return _("{what}: {reason}").format(what=figures(result), reason=", ".join(done))


def _joined(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return _("{some} and {last}").format(some=", ".join(words[:-1]), last=words[-1])


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _cut(text: str, most: int) -> str:
    encoded = text.encode("utf-16-le")  # Telegram counts UTF-16 units
    if len(encoded) <= 2 * most:
        return text
    return encoded[: 2 * (most - 1)].decode("utf-16-le", "ignore").rstrip() + "…"
