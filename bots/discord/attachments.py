"""Photos as Discord offers them: what counts as one, how it is found again, its bytes."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import aiohttp
import discord

from bots.desk import Attachment
from bots.discord import faults
from bots.photos import PHOTO_NAME, is_photo, other_kind, short_name
from core.captions import size
from core.errors import DarkroomError, PhotoRefused
from core.language import N_, _

_ATTEMPTS = 3
_PATIENCE = aiohttp.ClientTimeout(total=180, sock_connect=15, sock_read=60)
_CHUNK = 256 * 1024
_KINDS = {"video": N_("videos"), "audio": N_("music")}

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Held:
    """A file in a message or in a command's option: its id, name, kind, weight and signed link."""

    id: int
    name: str
    media_type: str | None
    count: int | None
    url: str

    @property
    def photo(self) -> bool:
        """Whether it may be a photo."""
        return is_photo((self.media_type or "").partition(";")[0], self.name)

    @property
    def kind(self) -> str:
        """What it is if it is no photo: a msgid, or a suffix such as `PDF`."""
        return _KINDS.get((self.media_type or "").partition("/")[0]) or other_kind(self.name)


class Attachments:
    """The photos that one bot is shown, fetched through `web`, none above `max_bytes`.

    A `ref` is `m:CHANNEL:MESSAGE:FILE:NAME` where a message can be asked for a fresh link, else
    `u:NAME:LINK`, which serves until Discord's link expires.
    """

    def __init__(
        self, client: discord.Client, web: aiohttp.ClientSession, *, max_bytes: int
    ) -> None:
        self._client = client
        self._web = web
        self._max_bytes = max_bytes

    def offer(
        self, held: Held, *, channel: int | None = None, message: int | None = None
    ) -> Attachment:
        """A photo of a message, or of a command's option where no message is given."""
        name = _plain(held.name)
        if channel is None or message is None:
            ref = f"u:{name}:{held.url}"
            return Attachment(ref, name, held.count, lambda: self._fetch_link(held.url, held.count))
        ref = f"m:{channel}:{message}:{held.id}:{name}"

        async def fetch() -> bytes:
            return await self._fetch_from(channel, message, held.id, held.count, held.url)

        return Attachment(ref, name, held.count, fetch)

    def at(self, ref: str) -> Attachment:
        """The photo behind a ref that was kept."""
        kind, _sep, rest = ref.partition(":")
        if kind == "u":
            name, _sep, url = rest.partition(":")
            return Attachment(ref, name, None, lambda: self._fetch_link(url, None))
        channel, message, file, name = rest.split(":", 3)

        async def fetch() -> bytes:
            return await self._fetch_from(int(channel), int(message), int(file), None, None)

        return Attachment(ref, name, None, fetch)

    async def _fetch_link(self, url: str, count: int | None) -> bytes:
        try:
            return await self._download(url, count)
        except _LinkExpired:
            raise _gone() from None

    async def _fetch_from(
        self, channel: int, message: int, file: int, count: int | None, url: str | None
    ) -> bytes:
        """The bytes of a message's file; a link that is missing or has expired is asked for."""
        if url is not None:
            try:
                return await self._download(url, count)
            except _LinkExpired:
                _log.info("a link has expired and is asked for again")
        fresh = await self._look_up(channel, message, file)
        return await self._fetch_link(fresh.url, fresh.count)

    async def _look_up(self, channel: int, message: int, file: int) -> Held:
        try:
            found = await self._client.get_partial_messageable(channel).fetch_message(message)
        except (discord.NotFound, discord.Forbidden) as error:
            _log.info("a message with a photo is out of reach: %s", faults.words(error))
            raise _gone() from error
        except faults.FAULTS as error:
            raise _not_now() from error
        for held in held_by(found):
            if held.id == file:
                return held
        raise _gone()

    async def _download(self, url: str, count: int | None) -> bytes:
        if count is not None and count > self._max_bytes:
            raise self._too_large(count)
        cause: Exception | None = None
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return await self._read(url)
            except (aiohttp.ClientError, OSError) as error:
                # the error's own words may quote the link
                _log.info("download %d: %s", attempt, type(error).__name__)
                cause = error
        raise _not_now() from cause

    async def _read(self, url: str) -> bytes:
        async with self._web.get(url, timeout=_PATIENCE) as response:
            if response.status in (400, 401, 403, 404, 410):
                raise _LinkExpired
            if response.status != 200:
                raise OSError(f"status {response.status}")
            data = bytearray()
            async for chunk in response.content.iter_chunked(_CHUNK):
                data += chunk
                if len(data) > self._max_bytes:
                    raise self._too_large(response.content_length)
            return bytes(data)

    def _too_large(self, count: int | None) -> PhotoRefused:
        if count is None:
            text = _("This file is too large; I can take {most}. Please send a smaller version.")
        else:
            text = _("This file has {size}; I can take {most}. Please send a smaller version.")
        return PhotoRefused(
            text.format(size=size(count or 0), most=size(self._max_bytes)), code="too_many_bytes"
        )


def held_by(message: discord.Message) -> list[Held]:
    """The files in a message, in one that it forwards, or in the layout of one of ours."""
    files = [held(attachment) for attachment in message.attachments]
    for snapshot in message.message_snapshots:
        files += [held(attachment) for attachment in snapshot.attachments]
    known = {file.id for file in files}
    files += [file for file in _laid_out(message.components) if file.id not in known]
    return files


def held(attachment: discord.Attachment) -> Held:
    """A file as a message or an option lists it."""
    return Held(
        id=attachment.id,
        name=_named(attachment),
        media_type=attachment.content_type,
        count=attachment.size,
        url=attachment.url,
    )


def _laid_out(components: Sequence[object]) -> Iterator[Held]:
    """The files to download in a layout; Discord lists those nowhere else."""
    for component in components:
        if isinstance(component, discord.FileComponent):
            media = component.media
            if media.attachment_id is not None:
                name = component.name or PurePath(media.url.partition("?")[0]).name
                yield Held(media.attachment_id, name, media.content_type, component.size, media.url)
        elif isinstance(component, discord.Container):
            yield from _laid_out(component.children)


def _named(attachment: discord.Attachment) -> str:
    """The name that the person gave the file; Discord keeps what it had to drop as a title."""
    if attachment.title:
        return f"{attachment.title}{PurePath(attachment.filename).suffix}"
    return attachment.filename


def _plain(name: str) -> str:
    return short_name(name.replace(":", "_")) or PHOTO_NAME


def _gone() -> PhotoRefused:
    return PhotoRefused(
        _("Discord does not hand this photo out any more. Please send it again."), code="file_gone"
    )


def _not_now() -> DarkroomError:
    return DarkroomError(
        _("Discord did not hand your photo over. Please send it again in a minute."),
        code="download",
    )


class _LinkExpired(Exception):
    """The file is not there, or its link is too old."""
