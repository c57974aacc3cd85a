"""Replies on their way back: published once, delivered until acknowledged.

A reply is owed from the moment its job is enqueued (`core.queue`). Publishing is one atomic step
that happens once a job, whoever publishes: a worker, the sweeper, or a cancel. The adapter reads
the platform's stream in a consumer group and acknowledges after the send, so a restart between
the two repeats the delivery and loses nothing.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import cast

from redis.exceptions import ResponseError

from core import keys, metrics, store, versions
from core.jobs import Job, Reply, UnknownVersion
from core.letters import Letters
from core.store import EVEN_IF_FULL, Client

KEPT_SECONDS = 48 * 3600
"""How long it is remembered that a job was answered, so that nothing answers it again."""
COUNTERS_SECONDS = 40 * 24 * 3600
"""How long a day's counters are kept."""
GROUP = "bots"
CONSUMER = "desk"  # one bot per token: the next process must find what this one left unfinished
VANISHED_SECONDS = 15.0
FOREIGN_SECONDS = 60.0
"""How long past its deadline a job of another version is left to processes of that version."""
_DELIVERED = "delivered"

_Entry = tuple[str, dict[str, str]]

# A connection that breaks behind the script makes the client send it again: the same reply is then
# known by its hash and is no loss. Deletions come first, so that a Redis without memory, which
# would refuse the first write if it took room, lets the reply out and gains room. A platform that
# was closed (a command line that has ended) gets no stream again that nobody would read. A photo
# that failed is given back to its member's daily allowance.
PUBLISH = (
    f"local counters_seconds = {COUNTERS_SECONDS}"
    + """
local function publish(id, stream, owed, user, photos, reply, kept)
  local mark, mine = redis.call('GET', 'darkroom:done:' .. id), redis.sha1hex(reply)
  if mark then return mark == mine and 1 or 0 end
  local known, job = pcall(cjson.decode, redis.call('GET', 'darkroom:job:' .. id) or '')
  local results = cjson.decode(reply).results
  redis.call('ZREM', owed, id)
  local platform = string.sub(stream, string.len('darkroom:out:') + 1)
  local community = known and type(job) == 'table' and type(job.community) == 'string'
    and platform .. ':' .. job.community
  for n = 1, photos do
    redis.call('ZREM', user, id .. '#' .. n)
    if community then redis.call('ZREM', 'darkroom:crowd:' .. community, id .. '#' .. n) end
  end
  redis.call('DEL', 'darkroom:job:' .. id, 'darkroom:progress:' .. id, 'darkroom:cancel:' .. id,
    'darkroom:starts:' .. id)
  redis.call('SET', 'darkroom:done:' .. id, mine, 'EX', kept)
  if redis.call('SISMEMBER', 'darkroom:platforms', platform) == 1 then
    redis.call('XADD', stream, '*', 'reply', reply)
  end
  local day = 'darkroom:day:' .. math.floor(redis.call('TIME')[1] / 86400)
  for n, result in ipairs(results) do
    if result.kind == 'enhanced' then
      redis.call('HINCRBY', day, 'enhanced', 1)
    else
      redis.call('HINCRBY', day, 'failed:' .. result.code, 1)
      if community then
        redis.call('ZREM', 'darkroom:taken:' .. community .. ':' .. job.user, id .. '#' .. n)
      end
    end
  end
  redis.call('EXPIRE', day, counters_seconds)
  return redis.call('SISMEMBER', 'darkroom:platforms', platform)
end
"""
)
_PUBLISH = (
    PUBLISH
    + "return publish(ARGV[1], KEYS[1], KEYS[2], KEYS[3], tonumber(ARGV[2]), ARGV[3], ARGV[4])"
)
# Also let through by a Redis without memory: an answer that cannot be noted would be sent again.
_GROUP = EVEN_IF_FULL + "redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')"
_COUNT = (
    EVEN_IF_FULL
    + """
local count = redis.call('HINCRBY', KEYS[1], 'attempts', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
return count
"""
)
_RECORD = (
    EVEN_IF_FULL
    + """
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
"""
)
_ACKNOWLEDGE = """
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
redis.call('XDEL', KEYS[1], ARGV[2])
redis.call('DEL', KEYS[2])
redis.call('SET', KEYS[3], ARGV[3], 'XX', 'KEEPTTL')
"""


@dataclass(frozen=True)
class Delivery:
    """A published reply in an adapter's hands, and its entry in the stream.

    A record of another version comes as `foreign`; `reply` is then the sentence that says so.
    """

    entry: str
    reply: Reply
    foreign: str | None = None


class Outbox:
    """The replies of every platform in one Redis."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._letters = Letters(client)
        self._publish = client.register_script(_PUBLISH)
        self._group = client.register_script(_GROUP)
        self._count = client.register_script(_COUNT)
        self._record = client.register_script(_RECORD)
        self._acknowledge = client.register_script(_ACKNOWLEDGE)

    async def publish(self, reply: Reply, *, photos: int | None = None) -> bool:
        """Publish a job's reply; False if it has been answered already.

        `photos` is the number of the person's places to free, by default one a result.
        """
        done = await self._publish(
            keys=[
                keys.outbox(reply.platform),
                keys.owed(reply.platform),
                keys.user(reply.platform, reply.user),
            ],
            args=[
                reply.job,
                len(reply.results) if photos is None else photos,
                reply.to_json(),
                KEPT_SECONDS,
            ],
        )
        if done:
            metrics.answered(reply)
        return bool(done)

    async def published(self, job_id: str) -> bool:
        """Whether the job has been answered."""
        return bool(await self._client.exists(keys.done(job_id)))

    async def delivered(self, job_ids: Collection[str]) -> set[str]:
        """Those of the jobs whose answer has arrived: nobody needs their photos any more."""
        if not job_ids:
            return set()
        marks = await self._client.mget([keys.done(job_id) for job_id in job_ids])
        return {job for job, mark in zip(job_ids, marks, strict=True) if mark == _DELIVERED}

    async def now(self) -> float:
        """The time of Redis in Unix seconds: the one clock that all processes share."""
        return await store.now(self._client)

    async def deliveries(
        self, platform: str, *, block_seconds: float = 2.0
    ) -> AsyncIterator[Delivery]:
        """Replies to deliver: first what an earlier process left unfinished, then new ones.

        Ends after `block_seconds` without a new reply, so that the caller can look after retries
        and its own stopping.
        """
        last = "0"
        while entries := await self._read(platform, last, None):
            last = entries[-1][0]
            async for delivery in self._deliveries(platform, entries):
                yield delivery
        entries = await self._read(platform, ">", round(block_seconds * 1000))
        async for delivery in self._deliveries(platform, entries):
            yield delivery

    async def acknowledge(self, delivery: Delivery) -> None:
        """The answer has arrived: forget it. A record of another version goes to the dead letters.

        Processes of that version may still find it there (`darkroom letters replay`).
        """
        platform, job = delivery.reply.platform, delivery.reply.job
        if delivery.foreign is not None:
            await self.bury(delivery, "of another version; the person was told")
            return
        await self._acknowledge(
            keys=[keys.outbox(platform), keys.sent(job), keys.done(job)],
            args=[GROUP, delivery.entry, _DELIVERED],
        )
        metrics.delivered(platform, delivery.entry)

    async def bury(self, delivery: Delivery, cause: str) -> None:
        """Move a reply that cannot be delivered to the dead letters, with the cause in words."""
        reply = delivery.reply
        record = reply.to_json() if delivery.foreign is None else delivery.foreign
        await self._letters.bury(reply.platform, GROUP, delivery.entry, record, cause)
        metrics.undelivered(reply.platform, "dead")

    async def close(self, platform: str) -> None:
        """Forget a platform that will never be read again (a command line that has ended)."""
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.delete(keys.outbox(platform), keys.owed(platform), keys.dead(platform))
            pipe.srem(keys.PLATFORMS, platform)
            await pipe.execute()

    async def attempt(self, delivery: Delivery) -> int:
        """Count one more attempt to deliver; the first is 1."""
        count = await self._count(keys=[keys.sent(delivery.reply.job)], args=[1, KEPT_SECONDS])
        metrics.attempted(delivery.reply.platform)
        return int(count)

    async def spare(self, delivery: Delivery) -> None:
        """Take back one attempt: the reply was not to blame."""
        await self._count(keys=[keys.sent(delivery.reply.job)], args=[-1, KEPT_SECONDS])
        metrics.undelivered(delivery.reply.platform, "later")

    async def sent_parts(self, job_id: str) -> dict[str, str]:
        """The parts of an answer that have been sent already, by name."""
        parts = await cast("Awaitable[dict[str, str]]", self._client.hgetall(keys.sent(job_id)))
        parts.pop("attempts", None)
        return parts

    def recorder(self, job_id: str) -> Callable[[str, str], Awaitable[None]]:
        """A function that notes a part of an answer as sent."""

        async def record(name: str, outcome: str) -> None:
            await self._record(keys=[keys.sent(job_id)], args=[name, outcome, KEPT_SECONDS])

        return record

    async def sweep(self, lost: Callable[[Job, bool], Reply], *, now: float | None = None) -> int:
        """Answer for every job that is past its deadline or has vanished from the queue.

        `lost` writes the reply, told whether the job is late. A job has vanished when neither the
        queue nor a worker knows it for longer than a moment. The time is that of Redis, so that no
        other machine's clock makes a job late. Returns how many were answered.
        """
        moment = await self.now() if now is None else now
        answered = 0
        platforms = await cast("Awaitable[set[str]]", self._client.smembers(keys.PLATFORMS))
        for platform in platforms:
            for job_id, deadline in await self._client.zrange(
                keys.owed(platform), 0, -1, withscores=True
            ):
                answered += await self._answer_lost(platform, job_id, deadline, moment, lost)
        return answered

    async def expire_letters(self, platform: str) -> int:
        """Delete the dead letters whose time is over; returns how many."""
        return await self._letters.expire(platform)

    async def _answer_lost(
        self,
        platform: str,
        job_id: str,
        deadline: float,
        moment: float,
        lost: Callable[[Job, bool], Reply],
    ) -> int:
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.get(keys.job(job_id))
            pipe.zscore(keys.QUEUE, job_id)
            pipe.exists(f"arq:in-progress:{job_id}")
            record, queued, running = await pipe.execute()
        if record is None:
            await self._client.zrem(keys.owed(platform), job_id)
            return 0
        late = moment * 1000 >= deadline
        try:
            job = Job.from_json(record)
        except UnknownVersion:
            if moment < deadline / 1000 + FOREIGN_SECONDS:
                return 0
            with contextlib.suppress(UnknownVersion):
                reply = versions.refusal(record, job_id=job_id)
                return int(await self.publish(reply, photos=versions.photos(record)))
            return 0
        vanished = queued is None and not running and moment - job.created > VANISHED_SECONDS
        if not vanished and not late:
            return 0
        published = await self.publish(lost(job, late), photos=len(job.photos))
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.zrem(keys.QUEUE, job_id)
            pipe.delete(f"arq:job:{job_id}", f"arq:retry:{job_id}")
            await pipe.execute()
        return int(published)

    async def _read(self, platform: str, start: str, block: int | None) -> list[_Entry]:
        stream = keys.outbox(platform)
        try:
            streams = await self._client.xreadgroup(
                GROUP, CONSUMER, {stream: start}, count=64, block=block
            )
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            await self._group(keys=[stream], args=[GROUP])
            return await self._read(platform, start, block)
        return [entry for _, entries in streams or () for entry in entries]

    async def _deliveries(
        self, platform: str, entries: Sequence[_Entry]
    ) -> AsyncIterator[Delivery]:
        for entry, fields in entries:
            delivery = await self._delivery(platform, entry, fields)
            if delivery is not None:
                yield delivery

    async def _delivery(self, platform: str, entry: str, fields: dict[str, str]) -> Delivery | None:
        record = fields.get("reply", "")
        try:
            return Delivery(entry, Reply.from_json(record))
        except UnknownVersion:
            with contextlib.suppress(UnknownVersion):
                return Delivery(entry, versions.refusal(record), foreign=record)
        await self._letters.bury(platform, GROUP, entry, record, "cannot be read")
        return None
