"""The Telegram desk: says texts, keeps the status message, and turns it into the answer."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence

from telegram import InputMediaDocument
from telegram.error import BadRequest, ChatMigrated, RetryAfter, TelegramError
from telegram.ext import ExtBot

from bots.desk import (
    Answer,
    Attachment,
    Feature,
    File,
    Rows,
    Steps,
    TryLater,
    Undeliverable,
)
from bots.parcels import ALBUM_MAX, Upload, distinct, packed
from bots.telegram import faults
from bots.telegram.attachments import Attachments
from bots.telegram.members import Members
from bots.telegram.pace import Busy, Urgency
from bots.telegram.place import Place
from bots.telegram.post import NO_PREVIEW, Kind, Post, carried, keyboard, patience, worded
from core.jobs import Address
from core.language import N_, _

DOWNLOAD_MAX, UPLOAD_MAX = 20_000_000, 50_000_000
LOCAL_MAX = 2_000_000_000
PRIVATE_SECONDS, GROUP_SECONDS = 1.5, 6.0
_NO_FILES = N_("This group does not let me send files. An administrator can allow it.")
_KINDS: dict[str, Kind] = {"p": "photo", "d": "document"}

_log = logging.getLogger(__name__)


class TelegramDesk:
    """Implements bots.desk.Desk with one bot; with `local` the API server is the operator's own.

    A fleeting text is for later when its chat has had enough messages; any other waits.
    """

    platform = "telegram"
    lacks: Mapping[Feature, str] = {
        Feature.THREADS: N_(
            "Telegram has no threads that a bot could open; answers stay in the topic of the photo."
        ),
        Feature.ROLES: N_("Telegram has no roles, only administrators and members."),
        Feature.DELETION: N_("Telegram does not tell bots which messages were deleted."),
    }

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
        self.members = Members(bot)
        self._bot = bot
        self._post = Post(bot)
        self._seconds = (private_seconds, group_seconds)

    def usage(self, *, community: bool) -> str:
        """How one asks for a photo: bare ones are not seen in a group's privacy mode."""
        if not community:
            return _(
                "Send a photo, or a photo with a command under it, or answer a photo with a "
                "command."
            )
        command = f"/enhance@{self._bot.username}"
        return _("Answer a photo with {command}, or write it under one.").format(command=command)

    def status_interval(self, address: Address) -> float:
        """Seconds between two edits: 1.5 in private; groups allow 20 messages a minute in all."""
        return self._seconds[0 if Place.of(address).private else 1]

    def attachment(self, ref: str) -> Attachment:
        """The photo behind a ref that was kept."""
        return self.attachments.at(ref)

    async def say(self, address: Address, text: str, buttons: Rows = ()) -> None:
        """Send a text as an answer to the message at `address`; raises Undeliverable."""
        await self._post.text(Place.of(address), text, buttons)

    async def open_status(self, address: Address, text: str, *, threaded: bool = False) -> Address:
        """Send the status message; the address returned holds its id. Raises Undeliverable.

        It stays in the topic that was written in, `threaded` or not: bots open no threads here.
        """
        place = Place.of(address)
        return {**place.address(), "status": await self._post.text(place, text)}

    async def update_status(
        self, address: Address, text: str, buttons: Rows = (), *, fleeting: bool = False
    ) -> None:
        """Change the status message; gone, left behind, unchanged or answered is no error."""
        try:
            await self._edit_text(Place.of(address), text, buttons, fleeting=fleeting)
        except (Busy, RetryAfter) as error:
            if not fleeting:
                raise
            raise TryLater("the chat has had enough messages for now") from error
        except ChatMigrated:
            _log.info("a group has become a supergroup")
        except TelegramError as error:
            if not (faults.gone(error) or faults.hopeless(error)):
                raise

    async def unseen(self, address: Address, channel: str | None = None) -> str | None:
        """Why Telegram does not show the bot every photo of a group, and the two ways to mend it.

        None in private, if it does, and while Telegram cannot be asked.
        """
        place = Place.of(address)
        return None if place.private else await self.members.unseen(place.chat)

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
            await self._last_word(place, _(_NO_FILES), (), steps)

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
                await self._post.parcel(Place.of(address), kind, ids[start : start + ALBUM_MAX])

    async def _deliver_one(self, place: Place, answer: Answer, file: File, steps: Steps) -> None:
        upload = Upload(file.result.name, file.data)

        async def show() -> str:
            media = InputMediaDocument(
                carried(upload), caption=answer.caption, disable_content_type_detection=True
            )
            return await self._edit_or_send(
                place,
                lambda status: self._bot.edit_message_media(
                    media,
                    place.chat,
                    status,
                    reply_markup=keyboard(answer.buttons),
                    **patience([upload]),
                ),
                lambda: self._post.document(
                    place, upload, caption=answer.caption, buttons=answer.buttons
                ),
            )

        await steps.once("file", show)
        await self._send_collages(place, answer.files, steps)

    async def _deliver_many(self, place: Place, answer: Answer, steps: Steps) -> None:
        names = distinct([file.result.name for file in answer.files])
        uploads = [Upload(name, file.data) for name, file in zip(names, answer.files, strict=True)]
        for number, parcel in enumerate(packed(uploads, self.max_upload_bytes)):

            async def send(parcel: list[Upload] = parcel) -> str:
                return str(await self._post.parcel(place, "document", parcel))

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
                    return str(await self._post.parcel(place, "photo", parcel))
                except BadRequest as error:
                    _log.warning("a comparison was not taken: %s", error)
                    return "refused"

            await steps.once(f"collage-{number}", send)

    async def _last_word(self, place: Place, text: str, buttons: Rows, steps: Steps) -> None:
        async def show() -> str:
            return await self._edit_or_send(
                place,
                lambda status: self._edit_text(place, text, buttons),
                lambda: self._post.text(place, text, buttons),
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
        self, place: Place, text: str, buttons: Rows, *, fleeting: bool = False
    ) -> None:
        if place.status is None:
            return
        urgency: Urgency | None = "status" if fleeting else None
        try:
            await self._bot.edit_message_text(
                chat_id=place.chat,
                message_id=place.status,
                **worded(text),
                reply_markup=keyboard(buttons),
                link_preview_options=NO_PREVIEW,
                rate_limit_args=urgency,
            )
        except BadRequest as error:
            if not faults.unchanged(error):
                raise
