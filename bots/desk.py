"""What the conversation needs from a chat platform, and what it gets from it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from core.jobs import Address, Enhanced, Reply


@dataclass(frozen=True)
class Attachment:
    """A photo as the platform offers it: `ref` finds it again later, `fetch` brings its bytes.

    `size` is in bytes where the platform tells it beforehand. `fetch` raises
    core.errors.DarkroomError with a sentence when the platform does not hand the file out.
    """

    ref: str
    name: str
    size: int | None
    fetch: Callable[[], Awaitable[bytes]]


@dataclass(frozen=True)
class Standing:
    """What somebody is in a community: an administrator or not, and the ids of their roles."""

    admin: bool = False
    roles: frozenset[str] = frozenset()


async def nobody() -> Standing:
    """The standing of a person outside any community."""
    return Standing()


@dataclass(frozen=True)
class Request:
    """One message of a person, album parts already gathered into one.

    `origin` names the message that asked and never repeats within the platform: the same origin
    is the same request, however often it arrives. `address` is where the answer goes. `private`
    is a one-to-one chat. `text` is the message's text or caption, `other_kinds` says in words what
    was sent that is no photo.

    `addressed` says that the person speaks to the bot for certain: in private, by a mention, by an
    answer to it, by a command with its name. In a `community` (a group, a server), `channel` is
    the part of it that was written in (a topic, a channel) and `standing` looks up what the person
    is there. `language` is the code their app speaks, `max_bytes` the largest file that can be
    sent to this place where it differs from the desk's.
    """

    origin: str
    user: str
    address: Address
    private: bool
    text: str = ""
    photos: Sequence[Attachment] = ()
    other_kinds: Sequence[str] = ()
    addressed: bool = False
    community: str | None = None
    channel: str | None = None
    standing: Callable[[], Awaitable[Standing]] = nobody
    language: str | None = None
    max_bytes: int | None = None


@dataclass(frozen=True)
class Press:
    """A button that somebody pressed: its data, who and where (`request`), and what it hangs under.

    `under` is the address by which `Desk.update_status` changes that message.
    """

    data: str
    request: Request
    under: Address


@dataclass(frozen=True)
class Arrival:
    """The bot was added to a community; `address` is a place there where it may speak."""

    community: str
    address: Address
    language: str | None = None


@dataclass(frozen=True)
class File:
    """One enhanced photo with its bytes: the full-quality file and the collage, if there is one."""

    result: Enhanced
    data: bytes
    collage: bytes | None


@dataclass(frozen=True)
class Button:
    """A choice under a message: the label to show and the data that comes back when pressed.

    `data` has at most 64 bytes.
    """

    label: str
    data: str


Rows = Sequence[Sequence[Button]]
"""Buttons as they stand under a message, at most five rows of five."""


@dataclass(frozen=True)
class Answer:
    """A reply ready to be sent: caption, files, sentences of the photos that failed, buttons.

    `caption` has at most 1,024 characters and already tells the failures as well.
    """

    reply: Reply
    caption: str
    files: tuple[File, ...]
    buttons: Rows = ()


@dataclass
class Steps:
    """Which parts of an answer have been sent, kept in Redis so that a retry sends the rest."""

    done: dict[str, str]
    record: Callable[[str, str], Awaitable[None]] = field(repr=False)

    async def once(self, name: str, send: Callable[[], Awaitable[str]]) -> str:
        """The outcome of the part `name`, sent now unless an earlier attempt has sent it."""
        if name not in self.done:
            outcome = await send()
            await self.record(name, outcome)
            self.done[name] = outcome
        return self.done[name]


class Undeliverable(Exception):
    """The answer can never arrive: the chat is gone or the bot was blocked; says which."""


class TryLater(Exception):
    """The platform cannot be reached now; repeating is harmless and is not counted."""


@dataclass(frozen=True)
class Told:
    """What whoever pressed a button is told; a `fleeting` text need not be said if it is late."""

    text: str = ""
    fleeting: bool = False


class Feature(StrEnum):
    """What one platform has and another may lack."""

    COMMUNITIES = "communities"
    THREADS = "threads"
    ROLES = "roles"
    ALBUMS = "albums"
    BUTTONS = "buttons"
    DELETION = "deletion"
    NETWORK = "network"


class Desk(Protocol):
    """One chat platform's counter: shows texts and hands out answers, and decides nothing."""

    platform: str
    max_upload_bytes: int
    max_download_bytes: int

    @property
    def lacks(self) -> Mapping[Feature, str]:
        """The features that the platform does not have, each with the reason in words (msgids)."""
        ...

    def usage(self, *, community: bool) -> str:
        """How one asks for a photo here, in private or in a community: a sentence for people."""
        ...

    async def say(self, address: Address, text: str, buttons: Rows = ()) -> None:
        """Send a text as an answer to the message at `address`."""
        ...

    async def open_status(self, address: Address, text: str, *, threaded: bool = False) -> Address:
        """Send a request's one status message; the address returned also finds that message.

        `threaded` begins a thread of its own for it, where the platform has threads.
        """
        ...

    async def update_status(
        self, address: Address, text: str, buttons: Rows = (), *, fleeting: bool = False
    ) -> None:
        """Change the status message's text; a message that is gone or unchanged is no error.

        A `fleeting` text is one of many; where the chat has had enough it raises TryLater rather
        than wait.
        """
        ...

    async def deliver(self, address: Address, answer: Answer, steps: Steps) -> None:
        """Turn the status message into the answer, harmless when repeated.

        Raises Undeliverable when it can never succeed and TryLater when the platform is out of
        reach; any other exception counts as an attempt.
        """
        ...

    async def resend(self, address: Address, refs: Sequence[str]) -> None:
        """Send the original photos at `refs` once more, as they came."""
        ...

    def attachment(self, ref: str) -> Attachment:
        """The photo behind a `ref` that was kept, to be fetched again."""
        ...

    def status_interval(self, address: Address) -> float:
        """Seconds between two edits of a status message that this chat allows."""
        ...

    async def unseen(self, address: Address, channel: str | None = None) -> str | None:
        """Why the bot does not see every photo in the community at `address`, and what mends it.

        `channel` is the one that is meant where it is not that of the address. None if it does.
        """
        ...
