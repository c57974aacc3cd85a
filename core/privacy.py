"""What people read about what is kept of them: where, how long, and what was deleted."""

from dataclasses import dataclass

from core import buttons, entrance, letters, outbox
from core.durations import told
from core.forgetting import Found
from core.language import N_, _, ngettext

ALLOWED = N_("Whoever runs this lab has you on the list of those who are let in.")
DENIED = N_("Whoever runs this lab has you on the list of those who are kept out.")
NOTHING = N_("There was nothing of you in the lab.")
BUSY = N_("More of you is coming in just now. Please write /forget again in a moment.")


@dataclass(frozen=True)
class Periods:
    """How long photos lie in the store at most, in seconds: the one sent in, and its result."""

    photo: float
    result: float


def statement(periods: Periods) -> str:
    """The answer to /privacy."""
    lines = [
        _("What this lab keeps of you, and how long:"),
        _("• The photo you send: until its answer is ready, {time} at most.").format(
            time=told(periods.photo)
        ),
        _("• The result and the comparison: until you have them, {time} at most.").format(
            time=told(periods.result)
        ),
        _(
            "• Your user number, the place of the message, the file's name and your wishes: until "
            "the answer has arrived. If it cannot arrive: {time}, without pictures."
        ).format(time=told(letters.KEPT_SECONDS)),
        _(
            "• For the buttons under an answer, your user number, your wishes, and where this chat "
            "has the photo: {time}."
        ).format(time=told(buttons.KEPT_SECONDS)),
        _("• In a group with a daily number of photos, when you sent yours: {time}.").format(
            time=told(entrance.ALLOWANCE_SECONDS)
        ),
        _(
            "• Marks that a message was answered, {mark}, and counters a day, {count}: "
            "of nobody in particular."
        ).format(mark=told(outbox.KEPT_SECONDS), count=told(outbox.COUNTERS_SECONDS)),
        _(
            "• In the log of whoever runs the lab: times, sizes, errors, the numbers of requests "
            "and chats; no names, texts or photos."
        ),
        "",
        _(
            "Results carry no GPS position and no serial numbers. Nothing is sent anywhere but "
            "back to this chat. /forget deletes all that is kept of you, now; only the counts stay "
            "for their time, so that nobody gets around a limit."
        ),
    ]
    return "\n".join(lines)


def forgotten(found: Found, *, listed: str | None = None, late: float | None = None) -> str:
    """The answer to /forget, once a last look has found nothing more.

    `listed` says that the operator has the person on a list (`ALLOWED`, `DENIED`); `late` is the
    time in seconds within which pictures are deleted that could not be reached.
    """
    parts = _counted(found)
    lines = [
        _("Deleted: {what}.").format(what=", ".join(parts)) if parts else _(NOTHING),
    ]
    if late is not None:
        lines.append(
            _("The photo store does not answer; its pictures are deleted within {time}.").format(
                time=told(late)
            )
        )
    lines.append(
        _(
            "Nothing about you is left in the lab but, where a group limits photos, how many you "
            "sent there within {time}."
        ).format(time=told(entrance.ALLOWANCE_SECONDS))
    )
    if listed is not None:
        lines.append(_(listed))
    lines.append(_("What this chat has, you can delete here."))
    return "\n".join(lines)


def _counted(found: Found) -> list[str]:
    photos = sum(len(reply.results) for reply in found.replies)
    counts = [
        (photos, ngettext("{count} photo on its way", "{count} photos on their way", photos)),
        (
            found.buttons,
            ngettext(
                "the buttons of {count} answer", "the buttons of {count} answers", found.buttons
            ),
        ),
        (found.notes, ngettext("{count} note", "{count} notes", found.notes)),
    ]
    return [text.format(count=count) for count, text in counts if count]
