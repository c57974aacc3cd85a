"""Every text that a person in a chat reads."""

from collections.abc import Sequence

from core.commands import FORMS, Action
from core.jobs import Enhanced, Failed, Progress, Reply, StageName, Step
from core.language import N_, _, decimal, ngettext
from core.recipe import Preset, Recipe, Which
from core.tickets import Ticket

CAPTION_MAX = 1024
"""The longest caption that every platform takes (Telegram's limit)."""

LOOKING = N_("Got it, having a look…")
CANCEL = N_("Cancel")
LABELS = {
    "2x": "2×",
    "4x": "4×",
    "softer": N_("Softer"),
    "stronger": N_("Stronger"),
    "original": N_("Original"),
    "cancel": N_("Cancel"),
}

START = N_(
    "Hello! I am a photo lab. Send me a photo and I give it back better: noise removed, enlarged, "
    "as a full-quality file, with a before/after picture and a sentence about what was done.\n\n"
    "Tip: send it as a file, then the chat does not shrink it first. /help shows the rest."
)
NO_PHOTO = N_(
    "Send me a photo, or answer a photo with this command. "
    "As a file it keeps its full size; an ordinary photo is shrunk by the chat first."
)
SEND_PHOTO = N_(
    "Send me a photo, as a file if you can, and I make it better. /help shows the rest."
)
NOTHING_WAITING = N_("You have no photo in the lab.")
NOT_YOURS = N_("Only the person who sent this photo can choose here.")
TOO_OLD = N_("These buttons are too old. Please send the photo again.")
ALREADY = N_("This is being worked on already.")
ON_ITS_WAY = N_("On its way…")
LOST = N_("Something went wrong in the lab and this photo was lost. Please send it again.")
GIVEN_UP = N_(
    "This photo stopped the lab's machine twice, so I have given it up. "
    "Saving it anew (as a JPEG, say) and sending that may help."
)
NOT_IN_TIME = N_(
    "The lab did not get to this photo in time, so it has let it go. Please send it again later."
)
TOO_SLOW = N_("This photo took too long and was stopped. A smaller scale, such as 2x, may work.")
UNEXPECTED = N_("Something unexpected went wrong. The operator can find it in the log.")
CANCELLED = N_("Cancelled, as you asked.")
FIRST_FRAME = N_("this was an animation: only its first frame was enhanced")
NOT_DELIVERED = N_(
    "Your photo is finished, but the chat would not take it. Please try again with a smaller scale."
)

_WORKING = {
    StageName.DENOISE: N_("removing noise"),
    StageName.FACES: N_("restoring faces"),
    StageName.UPSCALE: N_("enlarging"),
    StageName.SHARPEN: N_("sharpening"),
    "decode": N_("opening"),
    "wait": N_("waiting for the photo before"),
    "encode": N_("saving"),
    "collage": N_("drawing the comparison"),
}
_SOMEHOW = N_("working on it")
_DONE = {
    StageName.DENOISE: N_("Noise removed"),
    StageName.FACES: N_("Faces restored"),
    StageName.UPSCALE: N_("Enlarged"),
    StageName.SHARPEN: N_("Sharpened"),
}
_BRIEFLY = {
    StageName.DENOISE: N_("noise removed"),
    StageName.FACES: N_("faces restored"),
    StageName.UPSCALE: N_("enlarged"),
    StageName.SHARPEN: N_("sharpened"),
}
_LEFT = {
    StageName.DENOISE: N_("Noise left as it is"),
    StageName.FACES: N_("Faces left as they are"),
    StageName.UPSCALE: N_("Size kept"),
    StageName.SHARPEN: N_("Not sharpened"),
}


def help_text(usage: str, *, community: bool = False) -> str:
    """How one asks and a line a command, in a community also those that are only there."""
    commands = "\n".join(
        f"/{name} – {_(form.summary)}"
        for name, form in FORMS.items()
        if form.action is not Action.START
        and not form.operator
        and (community or not form.community)
    )
    words = "\n".join(
        (
            _(
                "Words after a command: 4x, 3000px, 4k, a strength from 0 to 100, sharp, soft, "
                "strong, png, jpeg, webp, nocollage."
            ),
            _(
                "creativity 0–100: 0 or faithful stays true to the photo, 100 or vivid invents "
                "fine detail when enlarging."
            ),
            _("faces:main, faces:all, faces:none: which faces are restored."),
            _("model:general-x4v3: a model of the lab by its name."),
            _("For example: /upscale 4x vivid · /portrait 60 png · /enhance denoise 30 2x"),
        )
    )
    return f"{usage}\n\n{commands}\n\n{words}"


def not_a_photo(kind: str) -> str:
    """The answer to something else: `videos` (a msgid), or a suffix such as `PDF`."""
    words = _("{kind} files").format(kind=kind) if kind.isupper() else _(kind)
    return _(
        "I can't work on {kind}. Send me a photo (JPEG, PNG, HEIC, WebP…), as a file if you can."
    ).format(kind=words)


def queued(ticket: Ticket) -> str:
    """Where a waiting photo stands."""
    if ticket.running:
        return working(ticket)
    if ticket.place == 1:
        return _("Queued: next in the queue, {about}.").format(about=about(ticket.seconds))
    return _("Queued: place {place} in the queue, {about}.").format(
        place=ticket.place, about=about(ticket.seconds)
    )


def working(ticket: Ticket) -> str:
    """How far a running photo is."""
    progress = ticket.progress or Progress()
    what = _(_WORKING.get(progress.stage, _SOMEHOW))
    text = _("In the lab: {what}…").format(what=what)
    if progress.photos > 1:
        text = _("In the lab: photo {photo} of {photos}, {what}…").format(
            photo=progress.photo, photos=progress.photos, what=what
        )
    if progress.fraction <= 0:
        return text
    filled = round(10 * progress.fraction)
    bar = "▰" * filled + "▱" * (10 - filled)
    return f"{text}\n{bar} {round(100 * progress.fraction)} %"


def status(tickets: Sequence[Ticket | None]) -> str:
    """The answer to /status."""
    lines = [queued(ticket) for ticket in tickets if ticket is not None]
    return "\n".join(lines) if lines else _(NOTHING_WAITING)


def cancelled(count: int) -> str:
    """The answer to /cancel, by how many requests are taken back."""
    if count == 0:
        return _(NOTHING_WAITING)
    return ngettext("Taking it back.", "Taking them back.", count)


def caption(reply: Reply) -> str:
    """What was done to the photos of a reply and why, with figures; at most `CAPTION_MAX` long."""
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
    return _cut(text)


def figures(result: Enhanced) -> str:
    """Sizes, format, weight and time: `640 × 480 → 2560 × 1920, JPEG, 1.2 MB, 6 s`."""
    kind = result.media_type.rpartition("/")[2].upper()
    return (
        f"{result.source_width} × {result.source_height} → {result.width} × {result.height}, "
        f"{kind}, {size(result.bytes)}, {duration(result.seconds)}"
    )


def size(count: int) -> str:
    """Bytes for people: `840 kB`, `1.2 MB`."""
    if count < 999_500:
        return _("{number} kB").format(number=max(1, round(count / 1000)))
    return _("{number} MB").format(number=decimal(f"{count / 1e6:.1f}"))


def duration(seconds: float) -> str:
    """A time for people: `0.4 s`, `6 s`, `2 min`."""
    if seconds < 0.95:
        return _("{number} s").format(number=decimal(f"{max(0.1, seconds):.1f}"))
    if seconds < 90:
        return _("{number} s").format(number=round(seconds))
    return _("{number} min").format(number=round(seconds / 60))


def about(seconds: float) -> str:
    """A guessed time for people, coarse on purpose: `about 20 s`."""
    if seconds < 10:
        return _("about {number} s").format(number=max(1, round(seconds)))
    if seconds < 90:
        return _("about {number} s").format(number=5 * round(seconds / 5))
    return _("about {number} min").format(number=round(seconds / 60))


def _one(result: Enhanced | Failed, recipe: Recipe) -> str:
    if isinstance(result, Failed):
        return result.text
    done = any(step.done for step in result.steps)
    head = _("Enhanced: {figures}.") if done else _("Nothing to mend here: {figures}.")
    lines = [head.format(figures=figures(result))]
    lines += [f"• {line(step, result)}" for step in result.steps if _telling(step, recipe)]
    lines += [f"• {note[:1].upper()}{note[1:]}" for note in result.notes]
    return "\n".join(lines)


def _telling(step: Step, recipe: Recipe) -> bool:
    """Whether a stage is worth a line: it was run, or left out though one may have expected it."""
    if step.done:
        return True
    match step.stage:
        case StageName.DENOISE:
            return recipe.denoise != 0
        case StageName.FACES:
            turned_off = recipe.faces == 0 or recipe.which_faces is Which.NONE
            return not turned_off and recipe.preset in (Preset.AUTO, Preset.PORTRAIT)
        case StageName.UPSCALE:
            return recipe.scale != 1
        case _:
            return bool(recipe.sharpen)


def line(step: Step, result: Enhanced) -> str:
    """One stage in words: `Noise removed, 60 %: grainy, σ ≈ 14`."""
    text = _(_DONE[step.stage] if step.done else _LEFT[step.stage])
    if step.done and step.stage is StageName.FACES:
        return step.reason  # It counts the faces and says the strength by itself.
    if step.done and step.stage is StageName.UPSCALE:
        factor = result.width / result.source_width
        text = (
            _("Enlarged {factor}×").format(factor=decimal(f"{factor:.2g}"))
            if factor > 1
            else _("Made smaller")
        )
    if step.done and step.strength is not None:
        text += f", {step.strength} %"
    return _("{what}: {reason}").format(what=text, reason=step.reason) if step.reason else text


def _brief(result: Enhanced) -> str:
    done = [_(_BRIEFLY[step.stage]) for step in result.steps if step.done]
    if not done:
        return figures(result)
    return _("{what}: {reason}").format(what=figures(result), reason=", ".join(done))


def _cut(text: str) -> str:
    encoded = text.encode("utf-16-le")  # Telegram counts UTF-16 units
    if len(encoded) <= 2 * CAPTION_MAX:
        return text
    return encoded[: 2 * (CAPTION_MAX - 1)].decode("utf-16-le", "ignore").rstrip() + "…"
