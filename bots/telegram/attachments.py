"""Photos as Telegram offers them: what counts as one, how it is found again, its bytes."""

import logging

from telegram import Bot, ExternalReplyInfo, Message, PhotoSize
from telegram.error import BadRequest, Forbidden, InvalidToken, TelegramError

from bots import photos
from bots.desk import Attachment
from bots.photos import PHOTO_NAME, is_photo, short_name
from bots.telegram.faults import too_large
from core.captions import size
from core.errors import DarkroomError, PhotoRefused
from core.language import N_, _

_LINKS = 3
_READ_SECONDS = 120.0

Content = Message | ExternalReplyInfo

_log = logging.getLogger(__name__)

_KINDS = {
    "animation": N_("animations"),
    "sticker": N_("stickers"),
    "video": N_("videos"),
    "video_note": N_("video messages"),
    "voice": N_("voice messages"),
    "audio": N_("music"),
    "live_photo": N_("live photos"),
}
_OTHER = N_("messages of this kind")


class Attachments:
    """The photos of one bot; a `ref` is `p:FILE_ID` or `d:FILE_ID:NAME` and outlives any link."""

    def __init__(self, bot: Bot, *, max_bytes: int) -> None:
        self._bot = bot
        self._max_bytes = max_bytes

    def of(self, message: Content) -> Attachment | None:
        """The photo in a message, the largest of its sizes or the file; None without one."""
        if message.photo:
            largest = max(message.photo, key=_pixels)
            return self._offer("p", largest.file_id, PHOTO_NAME, largest.file_size)
        document = message.document
        if document is None or message.animation is not None:
            return None
        if not is_photo(document.mime_type, document.file_name):
            return None
        name = document.file_name or PHOTO_NAME
        return self._offer("d", document.file_id, name, document.file_size)

    def at(self, ref: str) -> Attachment:
        """The photo behind a ref that was kept."""
        kind, _, rest = ref.partition(":")
        file_id, _, name = rest.partition(":")
        return self._offer(kind, file_id, name or PHOTO_NAME, None)

    def _offer(self, kind: str, file_id: str, name: str, count: int | None) -> Attachment:
        short = short_name(name)
        ref = f"p:{file_id}" if kind == "p" else f"d:{file_id}:{short}"
        return Attachment(ref, short, count, lambda: self._fetch(file_id, count))

    async def _fetch(self, file_id: str, count: int | None) -> bytes:
        """The bytes of a file; a link that has expired is asked for again."""
        if count is not None and count > self._max_bytes:
            raise self._too_large(count)
        for attempt in range(1, _LINKS + 1):
            try:
                file = await self._bot.get_file(file_id)
                return bytes(await file.download_as_bytearray(read_timeout=_READ_SECONDS))
            except (BadRequest, Forbidden) as error:
                if too_large(error):
                    raise self._too_large(count) from error
                raise PhotoRefused(
                    _("Telegram does not hand this photo out any more. Please send it again."),
                    code="file_gone",
                ) from error
            except (TelegramError, OSError) as error:
                # a 404 of the file server arrives as InvalidToken: the link was too old
                expired = isinstance(error, InvalidToken)
                _log.info("download %d: %s", attempt, "link expired" if expired else error)
                cause = error
        raise DarkroomError(
            _("Telegram did not hand your photo over. Please send it again in a minute."),
            code="download",
        ) from cause

    def _too_large(self, count: int | None) -> PhotoRefused:
        most = size(self._max_bytes)
        if count:
            text = _(
                "This file has {size}; Telegram gives bots at most {most}. "
                "Please send a smaller version."
            ).format(size=size(count), most=most)
        else:
            text = _(
                "This file is too large; Telegram gives bots at most {most}. "
                "Please send a smaller version."
            ).format(most=most)
        return PhotoRefused(text, code="too_many_bytes")


def other_kind(message: Content) -> str | None:
    """What a message without a photo holds instead, a msgid or a suffix such as `PDF`.

    None when it is only text.
    """
    for name, words in _KINDS.items():
        if getattr(message, name, None):
            return words
    if message.document is not None:
        return photos.other_kind(message.document.file_name)
    attached = isinstance(message, Message) and message.effective_attachment
    return _OTHER if attached else None


def _pixels(photo: PhotoSize) -> int:
    return photo.width * photo.height
