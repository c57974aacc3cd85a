"""Where an answer goes in Discord, and its form inside an Address."""

import hashlib
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Self

from core.jobs import Address

NONCE_MAX = 25


@dataclass(frozen=True)
class Place:
    """A channel, what asked in it, and our own status message.

    `asked` is the id of the message or interaction that asked, `message` the one to hang an answer
    onto. `status` is our message, in `thread` where that was begun for it. An interaction has a
    `token`, good for a quarter of an hour from `issued` (Unix seconds); `original` says that the
    status message is the interaction's own response, `deferred` that nothing was shown in it yet.
    An `ephemeral` answer is seen by who asked alone; `outside` is a place where the bot itself is
    not and may only answer interactions.
    """

    channel: int
    asked: int
    user: int | None = None
    guild: int | None = None
    message: int | None = None
    status: int | None = None
    thread: int | None = None
    application: int | None = None
    token: str | None = field(default=None, repr=False)
    issued: float | None = None
    original: bool = False
    deferred: bool = False
    ephemeral: bool = False
    outside: bool = False

    @classmethod
    def of(cls, address: Address) -> Self:
        """The place that an address names."""
        known = {one.name for one in fields(cls)}
        values = {name: value for name, value in address.items() if name in known}
        if "channel" not in values or "asked" not in values:
            raise ValueError("a Discord address names a channel and what asked there")
        return cls(**values)  # type: ignore[arg-type]

    def address(self) -> Address:
        """This place as it travels with a job."""
        return {
            name: value for name, value in asdict(self).items() if value is not None and value != 0
        }

    @property
    def here(self) -> int:
        """The channel of the status message: where it began, or the thread begun for it."""
        return self.thread or self.channel

    @property
    def hidden(self) -> bool:
        """Whether an ordinary message of the bot has no place here."""
        return self.ephemeral or self.outside

    @property
    def shared(self) -> bool:
        """Whether others than who asked see what is shown here."""
        return not self.ephemeral and (self.guild is not None or self.outside)

    def shown(self, status: int) -> "Place":
        """The same place with an ordinary message of the bot as its status."""
        return replace(self, status=status, token=None, original=False, deferred=False)

    def nonce(self, *parts: object) -> str:
        """What makes a message of this request the same one when it is sent again."""
        return nonce(self.asked, *parts)


def nonce(*parts: object) -> str:
    """A name for one message, the same whenever it is sent again; at most `NONCE_MAX` long."""
    text = ":".join(str(part) for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()[:NONCE_MAX]
