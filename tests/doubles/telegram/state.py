"""What Telegram remembers: files, chats and the messages that people see in them."""

import io
import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from tests.doubles.telegram.rules import Caps, Refused

if TYPE_CHECKING:
    from tests.doubles.telegram.members import Admin

Json = dict[str, Any]

PHOTO_EDGES = (90, 320, 800, 1280)


@dataclass
class StoredFile:
    """A file on Telegram's servers and the path of its newest download link."""

    file_id: str
    data: bytes
    name: str
    media_type: str
    path: str = ""


@dataclass(frozen=True)
class Shown:
    """A message as a person sees it; `buttons` maps labels to callback data."""

    message_id: int
    text: str
    file: StoredFile | None
    kind: str
    buttons: dict[str, str]
    reply_to: int | None
    group: str | None


class Files:
    """Every file by id and by the path of its download link.

    With a `folder` this is somebody's own server in local mode: files of any size lie there.
    """

    def __init__(self) -> None:
        self.folder: Path | None = None
        self.by_id: dict[str, StoredFile] = {}
        self._by_path: dict[str, StoredFile] = {}

    def store(self, data: bytes, name: str, media_type: str) -> StoredFile:
        """Keep a file under a new id."""
        stored = StoredFile(f"BQAC{secrets.token_urlsafe(40)}", data, name, media_type)
        self.by_id[stored.file_id] = stored
        return stored

    def link(self, stored: StoredFile) -> str:
        """A download path that works until links are expired."""
        if not stored.path:
            suffix = stored.name.rpartition(".")[2]
            stored.path = f"files/{secrets.token_hex(6)}.{suffix}"
            self._by_path[stored.path] = stored
        return stored.path

    def local(self, stored: StoredFile) -> str | None:
        """The absolute path of a file in local mode."""
        if self.folder is None:
            return None
        path = self.folder / stored.name
        path.write_bytes(stored.data)
        return str(path)

    def at(self, path: str) -> StoredFile | None:
        """The file behind a download path, None once the link has expired."""
        return self._by_path.get(path)

    def expire_links(self) -> None:
        """Make every link handed out so far lead nowhere."""
        for stored in self._by_path.values():
            stored.path = ""
        self._by_path.clear()

    def document(self, data: bytes, name: str, media_type: str) -> Json:
        """A Document object, its bytes kept as they are."""
        stored = self.store(data, name, media_type)
        return {
            "file_id": stored.file_id,
            "file_unique_id": stored.file_id[-12:],
            "file_name": name,
            "mime_type": media_type,
            "file_size": len(data),
        }

    def photo(self, data: bytes, caps: Caps) -> list[Json]:
        """An array of PhotoSize: recompressed to 1280 pixels at most, as Telegram does."""
        try:
            image: Image.Image = Image.open(io.BytesIO(data))
            image.load()
        except OSError:
            raise Refused("Bad Request: IMAGE_PROCESS_FAILED") from None
        width, height = image.size
        if len(data) > caps.photo:
            raise Refused("Bad Request: file is too big")
        if width + height > caps.photo_sides or max(width, height) > caps.photo_ratio * min(
            width, height
        ):
            raise Refused("Bad Request: PHOTO_INVALID_DIMENSIONS")
        sizes = []
        for edge in PHOTO_EDGES:
            small = image.convert("RGB")
            small.thumbnail((edge, edge))
            output = io.BytesIO()
            small.save(output, "JPEG", quality=87)
            stored = self.store(output.getvalue(), "photo.jpg", "image/jpeg")
            sizes.append(
                {
                    "file_id": stored.file_id,
                    "file_unique_id": stored.file_id[-12:],
                    "width": small.width,
                    "height": small.height,
                    "file_size": len(stored.data),
                }
            )
            if max(width, height) <= edge:
                break
        return sizes


@dataclass
class Chat:
    """A chat with its messages, in the order they were sent.

    In a group `bot_status` is what our bot is there, `shown_to_bot` the messages that it got.
    """

    chat_id: int
    kind: str
    title: str
    files: Files
    messages: dict[int, Json] = field(default_factory=dict)
    blocked: bool = False
    forbidden: set[str] = field(default_factory=set)
    migrated_to: int | None = None
    topics: set[int] = field(default_factory=set)
    sent_at: deque[float] = field(default_factory=deque)
    bot_status: str = "member"
    admins: "dict[int, Admin]" = field(default_factory=dict)
    shown_to_bot: set[int] = field(default_factory=set)

    def described(self) -> Json:
        """The Chat object of this chat."""
        if self.kind == "private":
            return {"id": self.chat_id, "type": "private", "first_name": self.title}
        described: Json = {"id": self.chat_id, "type": self.kind, "title": self.title}
        return described | ({"is_forum": True} if self.topics else {})

    def add(self, message: Json) -> Json:
        """Put a message into the chat; it gets the next id and the time."""
        message_id = max(self.messages, default=100) + 1
        full = {"message_id": message_id, "date": int(time.time()), "chat": self.described()}
        self.messages[message_id] = full | message
        return self.messages[message_id]

    def quoted(self, message_id: int) -> Json:
        """A message as it lies in another's reply_to_message: without its own."""
        return {k: v for k, v in self.messages[message_id].items() if k != "reply_to_message"}

    def paced(self, caps: Caps, cost: int = 1) -> None:
        """Count messages of the bot; refuse with a flood wait when a group gets too many."""
        if caps.group_per_minute is None or self.kind == "private":
            return
        now = time.monotonic()
        while self.sent_at and self.sent_at[0] <= now - caps.minute:
            self.sent_at.popleft()
        if len(self.sent_at) + cost > caps.group_per_minute:
            wait = max(1, round(self.sent_at[0] + caps.minute - now + 0.5))
            raise Refused(f"Too Many Requests: retry after {wait}", 429, retry_after=wait)
        self.sent_at.extend([now] * cost)

    def shown(self) -> list[Shown]:
        """What people see in this chat, oldest first."""
        return [self.view(message) for _, message in sorted(self.messages.items())]

    def from_bot(self) -> list[Shown]:
        """What people see of the bot in this chat, oldest first."""
        return [
            self.view(message)
            for _, message in sorted(self.messages.items())
            if message.get("from", {}).get("is_bot") and "sender_chat" not in message
        ]

    def last_robot(self) -> int | None:
        """The id of the bot that sent a message last."""
        robots = (
            message["from"]["id"]
            for _, message in sorted(self.messages.items(), reverse=True)
            if message.get("from", {}).get("is_bot") and "sender_chat" not in message
        )
        return next(robots, None)

    def view(self, message: Json) -> Shown:
        """One message as a person sees it."""
        kind, file = "text", None
        if "document" in message:
            kind, file = "document", self.files.by_id[message["document"]["file_id"]]
        elif "photo" in message:
            kind, file = "photo", self.files.by_id[message["photo"][-1]["file_id"]]
        rows = message.get("reply_markup", {}).get("inline_keyboard", [])
        reply = message.get("reply_to_message")
        return Shown(
            message_id=message["message_id"],
            text=message.get("text") or message.get("caption") or "",
            file=file,
            kind=kind,
            buttons={button["text"]: button["callback_data"] for row in rows for button in row},
            reply_to=None if reply is None else reply["message_id"],
            group=message.get("media_group_id"),
        )
