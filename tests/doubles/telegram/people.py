"""People who write to the bot: what they do becomes updates."""

import itertools
import re
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.doubles.telegram import members, privacy
from tests.doubles.telegram.state import Chat, Json

if TYPE_CHECKING:
    from tests.doubles.telegram.server import TelegramServer


@dataclass(frozen=True)
class Person:
    """Somebody in a chat; every method sends something and returns its message id.

    Who writes in the name of a chat (`behind`) still presses as the person they are.
    """

    server: "TelegramServer"
    chat: Chat
    user_id: int
    name: str = "Ada"
    language: str | None = None
    behind: Chat | None = None

    def described(self) -> Json:
        """The User object of this person."""
        user = {"id": self.user_id, "is_bot": False, "first_name": self.name}
        return user | ({"language_code": self.language} if self.language else {})

    def write(self, text: str, *, reply_to: int | None = None, thread: int | None = None) -> int:
        """Send a text."""
        return self._send({"text": text} | _marked(text, "entities"), reply_to, thread)

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

    def add_bot(self, status: str = "member") -> None:
        """Add the bot to the group, or change what it is there."""
        self._set_bot(status)

    def remove_bot(self, status: str = "kicked") -> None:
        """Throw the bot out of the group."""
        self._set_bot(status)

    def create_group(self) -> None:
        """Create this group with the bot in it."""
        self.chat.bot_status = "left"
        self._set_bot("member")
        self._send({"group_chat_created": True})

    def upgrade(self, chat_id: int, *, notice_first: bool = True) -> Chat:
        """Make the group a supergroup; the bot joins it and is told of the move."""
        new = self.server.group(chat_id, bot="left")
        new.admins, self.chat.migrated_to = self.chat.admins, chat_id
        there = Person(self.server, new, self.user_id, self.name, self.language)

        def tell() -> None:
            self._send({"migrate_to_chat_id": chat_id})
            there._send({"migrate_from_chat_id": self.chat.chat_id})

        if notice_first:
            tell()
        there._set_bot("member")
        if not notice_first:
            tell()
        return new

    def _set_bot(self, status: str) -> None:
        """Change the bot's status, which Telegram tells it whatever its privacy mode."""
        bot = self.server.bot
        change = {
            "chat": self.chat.described(),
            "from": self.described(),
            "date": int(time.time()),
            "old_chat_member": members.described(bot, self.chat.bot_status),
            "new_chat_member": members.described(bot, status),
        }
        self.chat.bot_status = status.partition(" ")[0]
        self.server.push({"my_chat_member": change})

    def _send(self, content: Json, reply_to: int | None = None, thread: int | None = None) -> int:
        message: Json = {"from": self.described(), **content}
        if self.behind is not None:
            anonymous = self.behind is self.chat
            standing_in = privacy.ANONYMOUS if anonymous else privacy.CHANNEL
            message |= {
                "from": {"id": standing_in, "is_bot": True, "first_name": "Group"},
                "sender_chat": self.behind.described(),
            }
        if thread is not None:
            message |= {"message_thread_id": thread, "is_topic_message": True}
        if reply_to is not None:
            message["reply_to_message"] = self.chat.quoted(reply_to)
        server, chat = self.server, self.chat
        shown = privacy.shown(message, chat, server.bot, privacy=server.privacy)
        added = chat.add(message)
        if shown:
            chat.shown_to_bot.add(added["message_id"])
            server.push({"message": added})
        return int(added["message_id"])


_QUERY_IDS = itertools.count(4_000_000_000)
_MARKS = re.compile(r"(?<!\S)(?P<bot_command>/\w+(?:@\w+)?)|(?<!\w)(?P<mention>@\w{3,})")


def _captioned(content: Json, caption: str, group: str | None) -> Json:
    message = dict(content)
    if caption:
        message |= {"caption": caption} | _marked(caption, "caption_entities")
    return message | ({"media_group_id": group} if group else {})


def _marked(text: str, key: str) -> Json:
    """The commands and mentions that Telegram marks in a text; it counts UTF-16 units."""
    entities = [
        {
            "type": mark.lastgroup,
            "offset": len(text[: mark.start()].encode("utf-16-le")) // 2,
            "length": len(mark.group().encode("utf-16-le")) // 2,
        }
        for mark in _MARKS.finditer(text)
    ]
    return {key: entities} if entities else {}
