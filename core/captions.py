"""What a person in a chat reads, answers (`core.answers`) aside."""

from collections.abc import Sequence

from core.commands import FORMS, Action
from core.jobs import Progress, StageName
from core.language import N_, _, decimal, ngettext
from core.tickets import Ticket

LOOKING = N_("Got it, having a look…")
CANCEL = N_("Cancel")
LABELS = {
    "2x": "2×",
    "4x": "4×",
    "softer": N_("Softer"),
    "stronger": N_("Stronger"),
    "original": N_("Original"),
    "why": N_("Why?"),
    "light": N_("Better light"),
    "nolight": N_("Light as it was"),
    "nofaces": N_("Faces as they were"),
    "photo": N_("It is a photo"),
    "art": N_("It is a drawing"),
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
NO_WHY = N_("The reasons are not known any more.")
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
    StageName.LIGHT: N_("correcting the light"),
    StageName.FACES: N_("restoring faces"),
    StageName.UPSCALE: N_("enlarging"),
    StageName.SHARPEN: N_("sharpening"),
    StageName.GRAIN: N_("giving grain back"),
    "decode": N_("opening"),
    "wait": N_("waiting for the photo before"),
    "look": N_("looking at it"),
    "encode": N_("saving"),
    "collage": N_("drawing the comparison"),
}
_SOMEHOW = N_("working on it")


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
                "light 0–100: exposure, contrast and colour cast, 0 leaves them. grain 0–100: how "
                "much of its own grain comes back."
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
