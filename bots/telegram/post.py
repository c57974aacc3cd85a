"""Messages sent into a Telegram chat: texts, files and albums, wherever the chat has moved to."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal, TypeVar

from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    InputMediaDocument,
    InputMediaPhoto,
    LinkPreviewOptions,
    MessageEntity,
)
from telegram.error import ChatMigrated, TelegramError

from bots.desk import Rows, Undeliverable
from bots.parcels import Upload
from bots.passages import passages
from bots.telegram import faults
from bots.telegram.place import Place

TEXT_MAX = 4096
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_SLOWEST_UPLOAD = 100_000

Kind = Literal["document", "photo"]
Content = Upload | str  # bytes to upload, or the id of a file that Telegram has
_MEDIA = {"document": InputMediaDocument, "photo": InputMediaPhoto}

T = TypeVar("T")


class Post:
    """Sends for one bot; what can never arrive raises Undeliverable."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    async def text(self, place: Place, text: str, buttons: Rows = ()) -> int:
        """Send a text, cut to what Telegram takes; returns the message's id."""
        message = await self._sent(
            place,
            lambda to: self._bot.send_message(
                to.chat,
                **worded(text),
                message_thread_id=to.thread,
                reply_parameters=to.reply(),
                reply_markup=keyboard(buttons),
                link_preview_options=NO_PREVIEW,
            ),
        )
        return message.message_id

    async def parcel(self, place: Place, kind: Kind, contents: Sequence[Content]) -> int:
        """Send files as one album, or a single one by itself; returns the first message's id."""
        if len(contents) == 1:
            send = self.document if kind == "document" else self.photo
            return await send(place, contents[0])
        messages = await self._sent(
            place,
            lambda to: self._bot.send_media_group(
                to.chat,
                [_MEDIA[kind](carried(content)) for content in contents],
                message_thread_id=to.thread,
                reply_parameters=to.reply(),
                **patience(contents),
            ),
        )
        return messages[0].message_id

    async def document(
        self, place: Place, content: Content, *, caption: str | None = None, buttons: Rows = ()
    ) -> int:
        """Send a file as it is; returns the message's id."""
        message = await self._sent(
            place,
            lambda to: self._bot.send_document(
                to.chat,
                carried(content),
                caption=caption,
                message_thread_id=to.thread,
                reply_parameters=to.reply(),
                reply_markup=keyboard(buttons),
                disable_content_type_detection=True,
                **patience([content]),
            ),
        )
        return message.message_id

    async def photo(self, place: Place, content: Content) -> int:
        """Send a picture that Telegram may recompress; returns the message's id."""
        message = await self._sent(
            place,
            lambda to: self._bot.send_photo(
                to.chat,
                carried(content),
                message_thread_id=to.thread,
                reply_parameters=to.reply(),
                **patience([content]),
            ),
        )
        return message.message_id

    async def _sent(self, place: Place, send: Callable[[Place], Awaitable[T]]) -> T:
        """Send to a place, to where it has moved, or beside a topic that was deleted."""
        try:
            return await send(place)
        except ChatMigrated as error:
            return await self._sent(place.moved(error.new_chat_id), send)
        except TelegramError as error:
            if faults.thread_gone(error) and place.thread is not None:
                return await self._sent(place.outside_topic(), send)
            if faults.hopeless(error):
                raise Undeliverable(error.message) from error
            raise


def worded(text: str) -> dict[str, Any]:
    """A text as Telegram takes it, cut to its limit, with its blocks of code marked as such."""
    shown = ""
    blocks = []
    for passage in passages(text):
        part = passage.text[: TEXT_MAX - len(shown)]
        if passage.code is not None and part:
            start, length, language = _units(shown), _units(part), passage.code or None
            blocks.append(MessageEntity(MessageEntity.PRE, start, length, language=language))
        shown += part
    return {"text": shown, "entities": blocks or None}


def keyboard(buttons: Rows) -> InlineKeyboardMarkup | None:
    """Buttons as Telegram shows them under a message, None without any."""
    rows = [
        [InlineKeyboardButton(button.label, callback_data=button.data) for button in row]
        for row in buttons
        if row
    ]
    return InlineKeyboardMarkup(rows) if rows else None


def carried(content: Content) -> InputFile | str:
    """A file as the client sends it."""
    return content if isinstance(content, str) else InputFile(content.data, content.name, True)


def patience(contents: Sequence[Content]) -> dict[str, Any]:
    """Timeouts (s) for an upload; an own API server passes it on to Telegram meanwhile."""
    weight = sum(len(content.data) for content in contents if isinstance(content, Upload))
    seconds = 30 + weight / _SLOWEST_UPLOAD
    return {"read_timeout": seconds, "write_timeout": seconds}


def _units(text: str) -> int:
    """The length of a text as Telegram counts it, in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2
