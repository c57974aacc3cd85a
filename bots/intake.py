"""Photos on their way in: fetched, looked over by their header, and put into the photo store."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from bots.desk import Attachment, Desk
from core import captions, images
from core.blobs import Blobs
from core.errors import DarkroomError, PhotoRefused
from core.images import Limits
from core.jobs import Failed, PhotoRef
from core.language import _

log = logging.getLogger(__name__)

MAX_PHOTOS = 10
FETCHED_AT_ONCE = 8
"""Photos whose bytes are in this process's memory on their way into the store."""


@dataclass(frozen=True)
class Taken:
    """The photos of one request that are in the store, and those that were turned down.

    `refs` are the platform's own names of `photos`, in the same order.
    """

    photos: tuple[PhotoRef, ...]
    refs: tuple[str, ...]
    refused: tuple[Failed, ...]


class Intake:
    """Takes one platform's photos in, a few at a time."""

    def __init__(self, desk: Desk, blobs: Blobs, limits: Limits) -> None:
        self._desk = desk
        self._blobs = blobs
        self._limits = limits
        self._door = asyncio.Semaphore(FETCHED_AT_ONCE)

    async def take(self, job_id: str, photos: Sequence[Attachment], until: float) -> Taken:
        """Put a job's photos into the store, where they may stay `until` (Unix seconds).

        Raises PhotoRefused with the sentences of all, and the code of the first, when none could
        be taken.
        """
        photos, left = photos[:MAX_PHOTOS], photos[MAX_PHOTOS:]
        answers = await asyncio.gather(
            *(self._store(job_id, number, photo, until) for number, photo in enumerate(photos)),
            return_exceptions=True,
        )
        taken: list[tuple[PhotoRef, str]] = []
        refused: list[Failed] = []
        for photo, answer in zip(photos, answers, strict=True):
            if isinstance(answer, PhotoRef):
                taken.append((answer, photo.ref))
            elif isinstance(answer, DarkroomError):
                refused.append(Failed(code=answer.code, text=answer.text, source_name=photo.name))
            elif isinstance(answer, Exception):
                log.error("a photo could not be taken in", exc_info=answer)
                text = _(captions.UNEXPECTED)
                refused.append(Failed(code="unexpected", text=text, source_name=photo.name))
            else:
                raise answer
        if left:
            text = _("I take up to {count} photos at a time; please send the others again.")
            refused.append(Failed(code="too_many", text=text.format(count=MAX_PHOTOS)))
        if not taken:
            texts = dict.fromkeys(failed.text for failed in refused)
            raise PhotoRefused("\n".join(texts), code=refused[0].code)
        return Taken(
            photos=tuple(ref for ref, _name in taken),
            refs=tuple(name for _ref, name in taken),
            refused=tuple(refused),
        )

    async def _store(self, job_id: str, number: int, photo: Attachment, until: float) -> PhotoRef:
        most = min(self._limits.max_bytes, self._desk.max_download_bytes)
        if photo.size is not None and photo.size > most:
            raise PhotoRefused(
                _("This file has {size}; I can take {most}. Please send a smaller version.").format(
                    size=captions.size(photo.size), most=captions.size(most)
                ),
                code="too_many_bytes",
            )
        key = Blobs.key(job_id, f"in-{number}", until)
        async with self._door:
            data = await photo.fetch()
            await asyncio.to_thread(images.inspect, data, self._limits)
            await self._blobs.put(key, data)
        return PhotoRef(key=key, name=photo.name)
