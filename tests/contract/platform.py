"""What the contract needs of a chat platform, in people's words."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from bots.desk import Feature


@dataclass(frozen=True)
class Photo:
    """A file that somebody sends."""

    data: bytes = field(repr=False)
    name: str = "beach.png"
    media_type: str = "image/png"


@dataclass(frozen=True)
class Seen:
    """A message of the bot as a person sees it.

    `files` can be downloaded with these very bytes, `pictures` are only looked at: their sizes in
    pixels. `threaded` says that it stands in a thread of its own. `key` is the platform's own.
    """

    text: str = ""
    files: tuple[bytes, ...] = field(default=(), repr=False)
    pictures: tuple[tuple[int, int], ...] = ()
    buttons: tuple[str, ...] = ()
    threaded: bool = False
    key: Any = field(default=None, repr=False)


class Moment(StrEnum):
    """What the bot is about to do: show its first words on a photo, or hand the answer out."""

    OPENING = "the first words"
    ANSWER = "the answer"


class Trouble(StrEnum):
    """What the platform does to one request; `LOST` takes effect, and only the receipt is lost."""

    LIMITED = "429"
    BROKEN = "500"
    CLOSED = "closed"
    LOST = "closed-after-it-took-effect"


class Window(StrEnum):
    """What may stand there twice after a bot was killed between sending and noting it."""

    COMPARISON = "the comparison"
    ANEW = "the file of an answer that could not replace the words before it"


class Person(Protocol):
    """Somebody at a place: in private with the bot, or in a community."""

    most_bytes: int
    """The largest file that can be sent to this place."""

    def send(self, *photos: Photo, text: str = "") -> Any:
        """Send photos together, with words or a command if there is a text; returns the message."""
        ...

    def answer(self, asked: Any, text: str) -> Any:
        """Answer an earlier photo with a command."""
        ...

    def say(self, text: str) -> None:
        """Write something that is not for the bot in particular, or give it a command."""
        ...

    def press(self, message: Seen, label: str) -> None:
        """Press a button."""
        ...

    def delete(self, asked: Any) -> None:
        """Delete what this person sent."""
        ...

    def wipe(self) -> None:
        """Remove everything that the bot has shown here."""
        ...

    def sees(self) -> list[Seen]:
        """What this person sees of the bot here, oldest first."""
        ...

    def told(self) -> list[str]:
        """All words of the bot to this person here, also those that pass, such as a toast."""
        ...


class Community(Protocol):
    """A group or server with the bot in it."""

    id: str
    role: str
    """A role as it is written in a command."""

    def member(self, name: str = "Ada") -> Person:
        """Somebody who may do nothing special."""
        ...

    def admin(self) -> Person:
        """Somebody who may change the settings."""
        ...

    def add_bot(self) -> None:
        """An administrator adds the bot."""
        ...


class Bot(Protocol):
    """A bot that runs."""

    async def kill(self) -> None:
        """End it without its good manners."""
        ...


class Platform(Protocol):
    """A platform with its real client library, our bot on it, and people."""

    name: str
    at: str
    """The bot's name behind a command in a community."""
    notes: tuple[str, ...]
    """The parts of a single photo's answer in the order in which they are sent and noted."""
    windows: frozenset[Window]
    """The windows that docs/architecture.md names."""
    faults: list[str]
    """What broke the platform's rules."""

    @property
    def lacks(self) -> Mapping[Feature, str]:
        """What the adapter says that the platform does not have."""
        ...

    def bot(self) -> AbstractAsyncContextManager[Bot]:
        """Start our bot; it is stopped in good manners at the end, unless it was killed."""
        ...

    def private(self, name: str = "Ada") -> Person:
        """Somebody alone with the bot."""
        ...

    def community(self, *, bot: bool = True) -> Community:
        """A community, the bot in it unless left out."""
        ...

    def trouble(self, moment: Moment, trouble: Trouble) -> None:
        """Let the platform fail the next time that the bot does this."""
        ...

    def tries(self, moment: Moment) -> int:
        """How often the bot has tried this."""
        ...

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait until something holds that people see."""
        ...
