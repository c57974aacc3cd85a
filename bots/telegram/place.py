"""Where an answer goes in Telegram, and its form inside an Address."""

from dataclasses import dataclass, replace
from typing import Self

from telegram import MaybeInaccessibleMessage, Message, ReplyParameters

from core.jobs import Address


@dataclass(frozen=True)
class Place:
    """A chat, the message that asked in it, its forum topic, and our own status message."""

    chat: int
    message: int | None = None
    thread: int | None = None
    status: int | None = None

    @classmethod
    def of(cls, address: Address) -> Self:
        """The place that an address names."""

        def number(name: str) -> int | None:
            value = address.get(name)
            return None if value is None else int(value)

        chat = number("chat")
        if chat is None:
            raise ValueError("a Telegram address names a chat")
        return cls(chat, number("message"), number("thread"), number("status"))

    @classmethod
    def at(cls, message: MaybeInaccessibleMessage) -> Self:
        """The place of an answer to `message`; one too old for bots does not tell its topic."""
        topic = isinstance(message, Message) and message.is_topic_message
        thread = message.message_thread_id if isinstance(message, Message) and topic else None
        return cls(message.chat.id, message.message_id, thread)

    def address(self) -> Address:
        """This place as it travels with a job."""
        fields = {
            "chat": self.chat,
            "message": self.message,
            "thread": self.thread,
            "status": self.status,
        }
        return {name: value for name, value in fields.items() if value is not None}

    @property
    def private(self) -> bool:
        """Whether this is a one-to-one chat; groups have negative ids."""
        return self.chat > 0

    @property
    def community(self) -> str | None:
        """The group's name to the rest of Darkroom."""
        return None if self.private else str(self.chat)

    @property
    def channel(self) -> str | None:
        """The forum topic's name to the rest of Darkroom."""
        return None if self.thread is None else str(self.thread)

    def shown(self) -> "Place":
        """The message at this place as one of our own, to be edited."""
        return Place(self.chat, thread=self.thread, status=self.message)

    def moved(self, chat: int) -> "Place":
        """The same place after its group became a supergroup: old messages are not there."""
        return Place(chat)

    def outside_topic(self) -> "Place":
        """The same place without its topic."""
        return replace(self, thread=None)

    def reply(self) -> ReplyParameters | None:
        """The parameters that hang an answer onto the message that asked, if it is still there."""
        if self.message is None:
            return None
        return ReplyParameters(self.message, allow_sending_without_reply=True)
