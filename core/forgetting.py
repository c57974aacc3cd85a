"""All that is kept of a person, deleted at once."""

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from core import keys, versions
from core.belongings import Belongings
from core.jobs import Job, Reply, UnknownVersion
from core.language import N_, _, matching, speaking
from core.outbox import GROUP, Outbox
from core.store import Client, spoken

FORGOTTEN = N_("Taken back and deleted, as you asked.")
_PAGE = 500


@dataclass
class Found:
    """What was kept of a person and is deleted, `blobs` aside, which the caller deletes.

    `replies` are the answers to photos in flight and those that had not arrived, `buttons` the
    answers under which buttons stood, `notes` what else there was.
    """

    replies: list[Reply] = field(default_factory=list)
    blobs: list[str] = field(default_factory=list)
    buttons: int = 0
    notes: int = 0

    def __bool__(self) -> bool:
        return bool(self.replies or self.blobs or self.buttons or self.notes)


class Forgetting:
    """Deletes what one Redis keeps of a person."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._outbox = Outbox(client)
        self._belongings = Belongings(client)

    async def clear(self, platform: str, user: str) -> Found:
        """Delete all that is kept of a person at this moment; returns what it was.

        Their photos in flight are answered with `FORGOTTEN`, and nothing is left to be delivered:
        the caller tells them.
        """
        found = Found()
        with spoken():
            await self._take_back(platform, user, found)
            for stream in (keys.outbox(platform), keys.dead(platform)):
                async for entry, record in self._written(stream, user):
                    await self._withdraw(stream, entry, record, found)
            await self._delete_noted(platform, user, found)
        return found

    async def _take_back(self, platform: str, user: str, found: Found) -> None:
        """Answer a person's requests in flight, whoever works on them."""
        places = keys.user(platform, user)
        members = await self._client.zrange(places, 0, -1)
        for job_id in dict.fromkeys(member.rpartition("#")[0] for member in members):
            record = await self._client.get(keys.job(job_id))
            if record is not None:
                reply, photos = _answered(record, job_id, found)
                await self._outbox.publish(reply, photos=photos)
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.zrem(keys.QUEUE, job_id)
                pipe.delete(f"arq:job:{job_id}", f"arq:retry:{job_id}")
                await pipe.execute()
        await self._client.delete(places)

    async def _written(self, stream: str, user: str) -> AsyncIterator[tuple[str, str]]:
        """The entries of a stream of replies that are to a person."""
        start = "-"
        while entries := await self._client.xrange(stream, start, count=_PAGE):
            for entry, fields in entries:
                record = fields.get("reply", "")
                if f'"{user}"' in record and _reader(record) == user:
                    yield entry, record
            start = f"({entries[-1][0]}"

    async def _withdraw(self, stream: str, entry: str, record: str, found: Found) -> None:
        reply = _read(record)
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.xack(stream, GROUP, entry)
            pipe.xdel(stream, entry)
            if reply is not None:
                pipe.delete(keys.sent(reply.job), keys.status(reply.job))
                # what a worker still puts into the photo store is swept by this mark
                pipe.set(keys.done(reply.job), "delivered", xx=True, keepttl=True)
            await pipe.execute()
        if reply is not None:
            found.replies.append(reply)
            found.blobs += reply.blob_keys()

    async def _delete_noted(self, platform: str, user: str, found: Found) -> None:
        noted = await self._belongings.noted(platform, user)
        buttons = [key for key in noted if key.startswith(keys.button(""))]
        others = [key for key in noted if not key.startswith(keys.button(""))]
        if buttons:
            found.buttons += await self._client.delete(*buttons)
        if others:
            found.notes += await self._client.delete(*others)
        if noted:
            await self._belongings.strike(platform, user, noted)


def _answered(record: str, job_id: str, found: Found) -> tuple[Reply, int]:
    """The reply to a request that is taken back, and its number of photos."""
    try:
        job = Job.from_json(record)
    except UnknownVersion:
        return versions.refusal(record, job_id=job_id), versions.photos(record)
    found.blobs += [photo.key for photo in job.photos]
    with speaking(matching(job.language)):
        return Reply.failure(job, "cancelled", _(FORGOTTEN)), len(job.photos)


def _reader(record: str) -> str | None:
    """Who a reply is to, of whatever version it is."""
    with contextlib.suppress(ValueError, AttributeError):
        user = json.loads(record).get("user")
        return user if isinstance(user, str) else None
    return None


def _read(record: str) -> Reply | None:
    try:
        return Reply.from_json(record)
    except UnknownVersion:
        pass
    try:
        return versions.refusal(record)
    except UnknownVersion:
        return None
