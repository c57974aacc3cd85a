"""People who write to the bot: what they do becomes updates."""

import itertools
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.doubles.telegram.state import Chat, Json

if TYPE_CHECKING:
    from tests.doubles.telegram.server import TelegramServer


@dataclass(frozen=True)
class Person:
    """Somebody in a chat; every method sends something and returns its message id."""

    server: "TelegramServer"
    chat: Chat
    user_id: int
    name: str = "Ada"

    def described(self) -> Json:
        """The User object of this person."""
        return {"id": self.user_id, "is_bot": False, "first_name": self.name}

    def write(self, text: str, *, reply_to: int | None = None, thread: int | None = None) -> int:
        """Send a text."""
        return self._send({"text": text} | _command(text, "entities"), reply_to, thread)

    def photo(
        self,
        data: bytes,
        caption: str = "",
        *,
        reply_to: int | None = None,
        group: str | None = None,
        thread: int | None = None,
    ) -> int:
        """Send a photo, which Telegram recompresses."""
        sizes = self.server.files.photo(data, self.server.caps)
        return self._send(_captioned({"photo": sizes}, caption, group), reply_to, thread)

    def document(
        self,
        data: bytes,
        name: str,
        caption: str = "",
        *,
        media_type: str = "image/png",
        reply_to: int | None = None,
        group: str | None = None,
    ) -> int:
        """Send a file, whose bytes stay as they are."""
        described = self.server.files.document(data, name, media_type)
        return self._send(_captioned({"document": described}, caption, group), reply_to)

    def album(self, photos: list[bytes], caption: str = "", *, caption_on: int = 0) -> list[int]:
        """Send several photos as one album, the caption on one of them."""
        group = secrets.token_hex(8)
        return [
            self.photo(data, caption if n == caption_on else "", group=group)
            for n, data in enumerate(photos)
        ]

    def other(self, kind: str, content: Json, caption: str = "") -> int:
        """Send anything else: a video, a sticker, a voice message."""
        return self._send(_captioned({kind: content}, caption, None))

    def edit(self, message_id: int, text: str) -> None:
        """Change a message that was sent."""
        message = self.chat.messages[message_id]
        message |= {"text": text, "edit_date": message["date"] + 1}
        self.server.push({"edited_message": message})

    def delete(self, message_id: int) -> None:
        """Remove a message from the chat."""
        del self.chat.messages[message_id]
        self.server.changed()

    def press(self, message_id: int, label: str) -> str:
        """Press the button with this label; returns the id of the callback query."""
        message = self.chat.messages[message_id]
        query_id = str(next(_QUERY_IDS))
        self.server.open_queries.add(query_id)
        self.server.push(
            {
                "callback_query": {
                    "id": query_id,
                    "from": self.described(),
                    "message": message,
                    "chat_instance": str(self.chat.chat_id),
                    "data": self.chat.view(message).buttons[label],
                }
            }
        )
        return query_id

    def _send(self, content: Json, reply_to: int | None = None, thread: int | None = None) -> int:
        message: Json = {"from": self.described(), **content}
        if thread is not None:
            message |= {"message_thread_id": thread, "is_topic_message": True}
        if reply_to is not None:
            message["reply_to_message"] = self.chat.quoted(reply_to)
        added = self.chat.add(message)
        self.server.push({"message": added})
        return int(added["message_id"])


_QUERY_IDS = itertools.count(4_000_000_000)


def _captioned(content: Json, caption: str, group: str | None) -> Json:
    message = dict(content)
    if caption:
        message |= {"caption": caption} | _command(caption, "caption_entities")
    return message | ({"media_group_id": group} if group else {})


def _command(text: str, key: str) -> Json:
    if not text.startswith("/"):
        return {}
    length = len(text.split()[0])
    return {key: [{"type": "bot_command", "offset": 0, "length": length}]}
