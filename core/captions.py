"""Every text that a person in a chat reads."""

from collections.abc import Sequence

from core.commands import FORMS
from core.jobs import Enhanced, Failed, Progress, Reply, StageName, Step
from core.queue import Ticket
from core.recipe import Preset, Recipe, Which

CAPTION_MAX = 1024
"""The longest caption that every platform takes (Telegram's limit)."""

LOOKING = "Got it, having a look…"
CANCEL = "Cancel"
LABELS = {
    "2x": "2×",
    "4x": "4×",
    "softer": "Softer",
    "stronger": "Stronger",
    "original": "Original",
    "cancel": "Cancel",
}

START = (
    "Hello! I am a photo lab. Send me a photo and I give it back better: noise removed, enlarged, "
    "as a full-quality file, with a before/after picture and a sentence about what was done.\n\n"
    "Tip: send it as a file, then the chat does not shrink it first. /help shows the rest."
)
NO_PHOTO = (
    "Send me a photo, or answer a photo with this command. "
    "As a file it keeps its full size; an ordinary photo is shrunk by the chat first."
)
SEND_PHOTO = "Send me a photo, as a file if you can, and I make it better. /help shows the rest."
NOTHING_WAITING = "You have no photo in the lab."
NOT_YOURS = "Only the person who sent this photo can choose here."
TOO_OLD = "These buttons are too old. Please send the photo again."
ALREADY = "This is being worked on already."
ON_ITS_WAY = "On its way…"
LOST = "Something went wrong in the lab and this photo was lost. Please send it again."
GIVEN_UP = (
    "This photo stopped the lab's machine twice, so I have given it up. "
    "Saving it anew (as a JPEG, say) and sending that may help."
)
NOT_IN_TIME = (
    "The lab did not get to this photo in time, so it has let it go. Please send it again later."
)
TOO_SLOW = "This photo took too long and was stopped. A smaller scale, such as 2x, may work."
UNEXPECTED = "Something unexpected went wrong with this photo. The operator can find it in the log."
CANCELLED = "Cancelled, as you asked."
OTHER_VERSION = "The lab was being updated just then. Please send the photo again."
FIRST_FRAME = "this was an animation: only its first frame was enhanced"
NOT_DELIVERED = (
    "Your photo is finished, but the chat would not take it. Please try again with a smaller scale."
)

_WORKING = {
    StageName.DENOISE: "removing noise",
    StageName.FACES: "restoring faces",
    StageName.UPSCALE: "enlarging",
    StageName.SHARPEN: "sharpening",
    "decode": "opening",
    "wait": "waiting for the photo before",
    "encode": "saving",
    "collage": "drawing the comparison",
}
_DONE = {
    StageName.DENOISE: "Noise removed",
    StageName.FACES: "Faces restored",
    StageName.UPSCALE: "Enlarged",
    StageName.SHARPEN: "Sharpened",
}
_LEFT = {
    StageName.DENOISE: "Noise left as it is",
    StageName.FACES: "Faces left as they are",
    StageName.UPSCALE: "Size kept",
    StageName.SHARPEN: "Not sharpened",
}


def help_text() -> str:
    """What the bot can do, a line a command."""
    commands = "\n".join(f"/{name} – {form.summary}" for name, form in FORMS.items())
    return (
        "Send a photo, or a photo with a command under it, or answer a photo with a command.\n\n"
        f"{commands}\n\n"
        "Words after a command: 4x, 3000px, 4k, a strength from 0 to 100, sharp, soft, strong, "
        "png, jpeg, webp, nocollage.\n"
        "creativity 0–100: 0 or faithful stays true to the photo, 100 or vivid invents fine "
        "detail when enlarging.\n"
        "faces:main, faces:all, faces:none: which faces are restored.\n"
        "model:general-x4v3: a model of the lab by its name.\n"
        "For example: /upscale 4x vivid · /portrait 60 png · /enhance denoise 30 2x"
    )


def not_a_photo(kind: str) -> str:
    """The answer to a video, sticker or the like."""
    return (
        f"I can't work on {kind}. Send me a photo (JPEG, PNG, HEIC, WebP…), as a file if you can."
    )


def queued(ticket: Ticket) -> str:
    """Where a waiting photo stands."""
    if ticket.running:
        return working(ticket)
    ahead = "next in the queue" if ticket.place == 1 else f"place {ticket.place} in the queue"
    return f"Queued: {ahead}, {about(ticket.seconds)}."


def working(ticket: Ticket) -> str:
    """How far a running photo is."""
    progress = ticket.progress or Progress()
    what = _WORKING.get(progress.stage, "working on it")
    of = f" photo {progress.photo} of {progress.photos}," if progress.photos > 1 else ""
    if progress.fraction <= 0:
        return f"In the lab:{of} {what}…"
    filled = round(10 * progress.fraction)
    bar = "▰" * filled + "▱" * (10 - filled)
    return f"In the lab:{of} {what}…\n{bar} {round(100 * progress.fraction)} %"


def status(tickets: Sequence[Ticket | None]) -> str:
    """The answer to /status."""
    lines = [queued(ticket) for ticket in tickets if ticket is not None]
    return "\n".join(lines) if lines else NOTHING_WAITING


def cancelled(count: int) -> str:
    """The answer to /cancel, by how many requests are taken back."""
    if count == 0:
        return NOTHING_WAITING
    return "Taking it back." if count == 1 else "Taking them back."


def caption(reply: Reply) -> str:
    """What was done to the photos of a reply and why, with figures; at most `CAPTION_MAX` long."""
    enhanced = [result for result in reply.results if isinstance(result, Enhanced)]
    if len(reply.results) == 1:
        text = _one(reply.results[0], reply.recipe)
    else:
        lines = [f"{len(enhanced)} of {len(reply.results)} photos enhanced."]
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
    return f"{max(1, round(count / 1000))} kB" if count < 999_500 else f"{count / 1e6:.1f} MB"


def duration(seconds: float) -> str:
    """A time for people: `0.4 s`, `6 s`, `2 min`."""
    if seconds < 0.95:
        return f"{max(0.1, seconds):.1f} s"
    return f"{round(seconds)} s" if seconds < 90 else f"{round(seconds / 60)} min"


def about(seconds: float) -> str:
    """A guessed time for people, coarse on purpose: `about 20 s`."""
    if seconds < 10:
        return f"about {max(1, round(seconds))} s"
    if seconds < 90:
        return f"about {5 * round(seconds / 5)} s"
    return f"about {round(seconds / 60)} min"


def _one(result: Enhanced | Failed, recipe: Recipe) -> str:
    if isinstance(result, Failed):
        return result.text
    done = any(step.done for step in result.steps)
    head = "Enhanced" if done else "Nothing to mend here"
    lines = [f"{head}: {figures(result)}."]
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
    text = _DONE[step.stage] if step.done else _LEFT[step.stage]
    if step.done and step.stage is StageName.FACES:
        return step.reason  # It counts the faces and says the strength by itself.
    if step.done and step.stage is StageName.UPSCALE:
        factor = result.width / result.source_width
        text = f"{text} {factor:.2g}×" if factor > 1 else "Made smaller"
    if step.done and step.strength is not None:
        text += f", {step.strength} %"
    return f"{text}: {step.reason}" if step.reason else text


def _brief(result: Enhanced) -> str:
    done = [_DONE[step.stage].lower() for step in result.steps if step.done]
    return f"{figures(result)}: {', '.join(done)}" if done else figures(result)


def _cut(text: str) -> str:
    encoded = text.encode("utf-16-le")  # Telegram counts UTF-16 units
    if len(encoded) <= 2 * CAPTION_MAX:
        return text
    return encoded[: 2 * (CAPTION_MAX - 1)].decode("utf-16-le", "ignore").rstrip() + "…"
