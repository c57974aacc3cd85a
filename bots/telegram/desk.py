"""The Telegram desk: says texts, keeps the status message, and turns it into the answer."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal, TypeVar

from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    InputMediaDocument,
    InputMediaPhoto,
    LinkPreviewOptions,
)
from telegram.error import BadRequest, ChatMigrated, RetryAfter, TelegramError
from telegram.ext import ExtBot

from bots.desk import Answer, Attachment, Button, File, Steps, TryLater, Undeliverable
from bots.parcels import ALBUM_MAX, Upload, distinct, packed
from bots.telegram import faults
from bots.telegram.attachments import Attachments
from bots.telegram.pace import Busy, Urgency
from bots.telegram.place import Place
from core.jobs import Address

DOWNLOAD_MAX, UPLOAD_MAX = 20_000_000, 50_000_000
LOCAL_MAX = 2_000_000_000
TEXT_MAX = 4096
PRIVATE_SECONDS, GROUP_SECONDS = 1.5, 6.0
_SLOWEST_UPLOAD = 100_000
_NO_FILES = "This group does not let me send files. An administrator can allow it."
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

Kind = Literal["document", "photo"]
Content = Upload | str  # bytes to upload, or the id of a file that Telegram has
_KINDS: dict[str, Kind] = {"p": "photo", "d": "document"}
_MEDIA = {"document": InputMediaDocument, "photo": InputMediaPhoto}

_log = logging.getLogger(__name__)
T = TypeVar("T")


class TelegramDesk:
    """Implements bots.desk.Desk with one bot; with `local` the API server is the operator's own.

    A status text with buttons is one of many and is left out when its chat has had enough
    messages; a text without is the last word and waits.
    """

    platform = "telegram"

    def __init__(
        self,
        bot: ExtBot[Urgency],
        *,
        local: bool = False,
        private_seconds: float = PRIVATE_SECONDS,
        group_seconds: float = GROUP_SECONDS,
    ) -> None:
        self.max_upload_bytes = LOCAL_MAX if local else UPLOAD_MAX
        self.max_download_bytes = LOCAL_MAX if local else DOWNLOAD_MAX
        self.attachments = Attachments(bot, max_bytes=self.max_download_bytes)
        self._bot = bot
        self._seconds = (private_seconds, group_seconds)

    def status_interval(self, address: Address) -> float:
        """Seconds between two edits: 1.5 in private; groups allow 20 messages a minute in all."""
        return self._seconds[0 if Place.of(address).private else 1]

    def attachment(self, ref: str) -> Attachment:
        """The photo behind a ref that was kept."""
        return self.attachments.at(ref)

    async def say(self, address: Address, text: str) -> None:
        """Send a text as an answer to the message at `address`; raises Undeliverable."""
        await self._text(Place.of(address), text)

    async def open_status(self, address: Address, text: str) -> Address:
        """Send the status message; the address returned holds its id. Raises Undeliverable."""
        place = Place.of(address)
        return {**place.address(), "status": await self._text(place, text)}

    async def update_status(
        self, address: Address, text: str, buttons: Sequence[Button] = ()
    ) -> None:
        """Change the status message; gone, unchanged or answered already is no error."""
        place = Place.of(address)
        try:
            await self._edit_text(place, text, (tuple(buttons),), fleeting=bool(buttons))
        except (Busy, RetryAfter):
            if not buttons:
                raise
            _log.debug("a status edit was left out")
        except TelegramError as error:
            if not (faults.gone(error) or faults.hopeless(error)):
                raise

    async def deliver(self, address: Address, answer: Answer, steps: Steps) -> None:
        """Turn the status message into the answer, then send what has no place in it.

        Raises TryLater while Telegram asks for patience or cannot be reached at all; a failure
        of this one answer while Telegram is there is raised as it is.
        """
        try:
            await self._deliver(Place.of(address), answer, steps)
        except RetryAfter as error:
            raise TryLater("Telegram asks for patience") from error
        except TelegramError as error:
            if faults.transient(error) and not await self._reachable():
                raise TryLater("Telegram cannot be reached") from error
            raise

    async def _deliver(self, place: Place, answer: Answer, steps: Steps) -> None:
        try:
            if len(answer.files) == 1:
                await self._deliver_one(place, answer, answer.files[0], steps)
            elif answer.files:
                await self._deliver_many(place, answer, steps)
            else:
                await self._last_word(place, answer.caption, answer.buttons, steps)
        except BadRequest as error:
            if not faults.files_forbidden(error):
                raise
            await self._last_word(place, _NO_FILES, (), steps)

    async def _reachable(self) -> bool:
        """Whether Telegram answers at all.

        An upload that always times out is not harmless to repeat without end, an outage is.
        """
        try:
            await self._bot.get_me()
        except TelegramError:
            return False
        return True

    async def resend(self, address: Address, refs: Sequence[str]) -> None:
        """Send photos once more by their ids, without moving a byte; raises Undeliverable."""
        for letter, kind in _KINDS.items():
            ids = [ref.split(":")[1] for ref in refs if ref.startswith(f"{letter}:")]
            for start in range(0, len(ids), ALBUM_MAX):
                await self._parcel(Place.of(address), kind, ids[start : start + ALBUM_MAX])

    async def _deliver_one(self, place: Place, answer: Answer, file: File, steps: Steps) -> None:
        upload = Upload(file.result.name, file.data)
        keyboard = _keyboard(answer.buttons)

        async def show() -> str:
            media = InputMediaDocument(
                _content(upload), caption=answer.caption, disable_content_type_detection=True
            )
            return await self._edit_or_send(
                place,
                lambda status: self._bot.edit_message_media(
                    media, place.chat, status, reply_markup=keyboard, **_patience([upload])
                ),
                lambda: self._document(place, upload, caption=answer.caption, keyboard=keyboard),
            )

        await steps.once("file", show)
        await self._send_collages(place, answer.files, steps)

    async def _deliver_many(self, place: Place, answer: Answer, steps: Steps) -> None:
        names = distinct([file.result.name for file in answer.files])
        uploads = [Upload(name, file.data) for name, file in zip(names, answer.files, strict=True)]
        for number, parcel in enumerate(packed(uploads, self.max_upload_bytes)):

            async def send(parcel: list[Upload] = parcel) -> str:
                return str(await self._parcel(place, "document", parcel))

            await steps.once(f"files-{number}", send)
        await self._last_word(place, answer.caption, answer.buttons, steps)
        await self._send_collages(place, answer.files, steps)

    async def _send_collages(self, place: Place, files: Sequence[File], steps: Steps) -> None:
        """The comparisons; one that Telegram refuses is left out, the answer itself is there."""
        collages = [
            Upload(f"comparison-{number}.jpg", file.collage)
            for number, file in enumerate(files, 1)
            if file.collage is not None
        ]
        for number, parcel in enumerate(packed(collages, self.max_upload_bytes)):

            async def send(parcel: list[Upload] = parcel) -> str:
                try:
                    return str(await self._parcel(place, "photo", parcel))
                except BadRequest as error:
                    _log.warning("a comparison was not taken: %s", error)
                    return "refused"

            await steps.once(f"collage-{number}", send)

    async def _last_word(
        self, place: Place, text: str, buttons: Sequence[Sequence[Button]], steps: Steps
    ) -> None:
        async def show() -> str:
            return await self._edit_or_send(
                place,
                lambda _: self._edit_text(place, text, buttons),
                lambda: self._text(place, text, buttons),
            )

        await steps.once("text", show)

    async def _edit_or_send(
        self,
        place: Place,
        edit: Callable[[int], Awaitable[object]],
        send: Callable[[], Awaitable[int]],
    ) -> str:
        """Edit the status message, or send a new one when it is not there any more."""
        if place.status is not None:
            try:
                await edit(place.status)
            except ChatMigrated:
                _log.info("a group has become a supergroup")
            except TelegramError as error:
                if faults.unchanged(error):
                    return str(place.status)
                if faults.hopeless(error):
                    raise Undeliverable(error.message) from error
                if not faults.gone(error):
                    raise
            else:
                return str(place.status)
        return str(await send())

    async def _edit_text(
        self,
        place: Place,
        text: str,
        buttons: Sequence[Sequence[Button]],
        *,
        fleeting: bool = False,
    ) -> None:
        if place.status is None:
            return
        urgency: Urgency | None = "status" if fleeting else None
        try:
            await self._bot.edit_message_text(
                text[:TEXT_MAX],
                place.chat,
                place.status,
                reply_markup=_keyboard(buttons),
                link_preview_options=_NO_PREVIEW,
                rate_limit_args=urgency,
            )
        except BadRequest as error:
            if not faults.unchanged(error):
                raise

    async def _text(self, place: Place, text: str, buttons: Sequence[Sequence[Button]] = ()) -> int:
        message = await self._sent(
            place,
            lambda to: self._bot.send_message(
                to.chat,
                text[:TEXT_MAX],
                message_thread_id=to.thread,
                reply_parameters=to.reply(),
                reply_markup=_keyboard(buttons),
                link_preview_options=_NO_PREVIEW,
            ),
        )
        return message.message_id

    async def _parcel(self, place: Place, kind: Kind, contents: Sequence[Content]) -> int:
        """Send files as one album, or a single one by itself; returns the first message's id."""
        if len(contents) == 1:
            send = self._document if kind == "document" else self._photo
            return await send(place, contents[0])
        messages = await self._sent(
            place,
            lambda to: self._bot.send_media_group(
                to.chat,
                [_MEDIA[kind](_content(content)) for content in contents],
                message_thread_id=to.thread,
                reply_parameters=to.reply(),
                **_patience(contents),
            ),
        )
        return messages[0].message_id

    async def _document(
        self,
        place: Place,
        content: Content,
        *,
        caption: str | None = None,
        keyboard: InlineKeyboardMarkup | None = None,
    ) -> int:
        message = await self._sent(
            place,
            lambda to: self._bot.send_document(
                to.chat,
                _content(content),
                caption=caption,
                message_thread_id=to.thread,
                reply_parameters=to.reply(),
                reply_markup=keyboard,
                disable_content_type_detection=True,
                **_patience([content]),
            ),
        )
        return message.message_id

    async def _photo(self, place: Place, content: Content) -> int:
        message = await self._sent(
            place,
            lambda to: self._bot.send_photo(
                to.chat,
                _content(content),
                message_thread_id=to.thread,
                reply_parameters=to.reply(),
                **_patience([content]),
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


def _keyboard(buttons: Sequence[Sequence[Button]]) -> InlineKeyboardMarkup | None:
    rows = [
        [InlineKeyboardButton(button.label, callback_data=button.data) for button in row]
        for row in buttons
        if row
    ]
    return InlineKeyboardMarkup(rows) if rows else None


def _content(content: Content) -> InputFile | str:
    return content if isinstance(content, str) else InputFile(content.data, content.name, True)


def _patience(contents: Sequence[Content]) -> dict[str, Any]:
    """Timeouts (s) for an upload; an own API server passes it on to Telegram meanwhile."""
    weight = sum(len(content.data) for content in contents if isinstance(content, Upload))
    seconds = 30 + weight / _SLOWEST_UPLOAD
    return {"read_timeout": seconds, "write_timeout": seconds}
