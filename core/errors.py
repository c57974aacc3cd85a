"""Errors whose text may be shown to the person who sent the photo.

DarkroomError
├── PhotoRefused      the file cannot be enhanced: not a photo, broken, too large
├── CommandError      the words of a command are not understood
├── LimitReached      the person or the lab has too much in flight, or has had enough for today
├── NotAllowed        the community or the operator does not let this person do this here
├── ModelUnavailable  a model is missing, damaged or does not fit its purpose
├── ServiceDown       the queue or the photo store cannot be reached
├── SettingsError     a setting has a wrong value
└── Cancelled         the person asked to stop
"""

from core.language import _


class DarkroomError(Exception):
    """An expected failure: `text` is one safe, actionable sentence, `code` a stable name.

    `remedy` is a further sentence for whoever runs the lab, with commands that nobody in a chat
    could use; `str()` of the error has both.
    """

    code = "failed"

    def __init__(self, text: str, *, code: str | None = None, remedy: str = "") -> None:
        super().__init__(f"{text} {remedy}".strip())
        self.text = text
        self.remedy = remedy
        if code is not None:
            self.code = code


class PhotoRefused(DarkroomError):
    """The file is not a photo that can be enhanced."""

    code = "photo_refused"


class CommandError(DarkroomError):
    """A command has a word or a number that is not understood."""

    code = "wrong_command"


class LimitReached(DarkroomError):
    """A person, a community's member or the whole lab has as many photos as is allowed.

    `wait` is the time in seconds after which there is room again, where that is known.
    """

    code = "limit"

    def __init__(self, text: str, *, code: str | None = None, wait: float | None = None) -> None:
        super().__init__(text, code=code)
        self.wait = wait


class NotAllowed(DarkroomError):
    """The community or the operator does not let this person do this here."""

    code = "not_allowed"


class ModelUnavailable(DarkroomError):
    """A model that was asked for is missing, damaged or unfit for the purpose."""

    code = "model"


class ServiceDown(DarkroomError):
    """Redis or the photo store does not answer."""

    code = "service_down"


class SettingsError(DarkroomError):
    """A setting has a value that cannot be used."""

    code = "settings"


class Cancelled(DarkroomError):
    """The person took the photo back before it was finished."""

    code = "cancelled"

    def __init__(self, text: str | None = None) -> None:
        super().__init__(_("Cancelled, as you asked.") if text is None else text)
