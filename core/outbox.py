"""Replies on their way back: published once, delivered until acknowledged.

A reply is owed from the moment its job is enqueued (`core.queue`). Publishing is one atomic step
that happens once a job, whoever publishes: a worker, the sweeper, or a cancel. The adapter reads
the platform's stream in a consumer group and acknowledges after the send, so a restart between
the two repeats the delivery and loses nothing.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import cast

from redis.exceptions import ResponseError

from core import keys, metrics
from core.jobs import Job, Reply, UnknownVersion
from core.store import Client

KEPT_SECONDS = 48 * 3600
"""How long it is remembered that a job was answered, so that nothing answers it again."""
GROUP = "bots"
CONSUMER = "desk"  # one bot per token: the next process must find what this one left unfinished
VANISHED_SECONDS = 15.0

_Entry = tuple[str, dict[str, str]]

# A connection that breaks behind the script makes the client send it again: the same reply is then
# known by its hash and is no loss. Deletions come first, so that a Redis without memory, which
# would refuse the first write if it took room, lets the reply out and gains room. A platform that
# was closed (a command line that has ended) gets no stream again that nobody would read. A photo
# that failed is given back to its member's daily allowance. The day's counters are kept 40 days.
PUBLISH = """
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
  redis.call('EXPIRE', day, 3456000)
  return redis.call('SISMEMBER', 'darkroom:platforms', platform)
end
"""
_PUBLISH = (
    PUBLISH
    + "return publish(ARGV[1], KEYS[1], KEYS[2], KEYS[3], tonumber(ARGV[2]), ARGV[3], ARGV[4])"
)


@dataclass(frozen=True)
class Delivery:
    """A published reply in an adapter's hands, and its entry in the stream."""

    entry: str
    reply: Reply


class Outbox:
    """The replies of every platform in one Redis."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._publish = client.register_script(_PUBLISH)

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

    async def deliveries(
        self, platform: str, *, block_seconds: float = 2.0
    ) -> AsyncIterator[Delivery]:
        """Replies to deliver: first what an earlier process left unfinished, then new ones.

        Ends after `block_seconds` without a new reply, so that the caller can look after retries
        and its own stopping.
        """
        await self._group(platform)
        last = "0"
        while entries := await self._read(platform, last, None):
            last = entries[-1][0]
            async for delivery in self._deliveries(platform, entries):
                yield delivery
        entries = await self._read(platform, ">", round(block_seconds * 1000))
        async for delivery in self._deliveries(platform, entries):
            yield delivery

    async def acknowledge(self, delivery: Delivery) -> None:
        """The answer has arrived: forget it."""
        platform = delivery.reply.platform
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.xack(keys.outbox(platform), GROUP, delivery.entry)
            pipe.xdel(keys.outbox(platform), delivery.entry)
            pipe.delete(keys.sent(delivery.reply.job))
            await pipe.execute()
        metrics.delivered(platform, delivery.entry)

    async def bury(self, delivery: Delivery, cause: str) -> None:
        """Move a reply that cannot be delivered to the dead letters, with the cause in words."""
        platform = delivery.reply.platform
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.xadd(
                keys.dead(platform),
                {"reply": delivery.reply.to_json(), "cause": cause},
                maxlen=10_000,
                approximate=True,
            )
            pipe.xack(keys.outbox(platform), GROUP, delivery.entry)
            pipe.xdel(keys.outbox(platform), delivery.entry)
            await pipe.execute()
        metrics.undelivered(platform, "dead")

    async def close(self, platform: str) -> None:
        """Forget a platform that will never be read again (a command line that has ended)."""
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.delete(keys.outbox(platform), keys.owed(platform))
            pipe.srem(keys.PLATFORMS, platform)
            await pipe.execute()

    async def attempt(self, delivery: Delivery) -> int:
        """Count one more attempt to deliver; the first is 1."""
        name = keys.sent(delivery.reply.job)
        count = await cast("Awaitable[int]", self._client.hincrby(name, "attempts", 1))
        await self._client.expire(name, KEPT_SECONDS)
        metrics.attempted(delivery.reply.platform)
        return count

    async def spare(self, delivery: Delivery) -> None:
        """Take back one attempt: the reply was not to blame."""
        await cast(
            "Awaitable[int]",
            self._client.hincrby(keys.sent(delivery.reply.job), "attempts", -1),
        )
        metrics.undelivered(delivery.reply.platform, "later")

    async def sent_parts(self, job_id: str) -> dict[str, str]:
        """The parts of an answer that have been sent already, by name."""
        parts = await cast("Awaitable[dict[str, str]]", self._client.hgetall(keys.sent(job_id)))
        parts.pop("attempts", None)
        return parts

    def recorder(self, job_id: str) -> Callable[[str, str], Awaitable[None]]:
        """A function that notes a part of an answer as sent."""

        async def record(name: str, outcome: str) -> None:
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.hset(keys.sent(job_id), name, outcome)
                pipe.expire(keys.sent(job_id), KEPT_SECONDS)
                await pipe.execute()

        return record

    async def sweep(self, lost: Callable[[Job], Reply], *, now: float | None = None) -> int:
        """Answer for every job that is past its deadline or has vanished from the queue.

        `lost` writes the reply. A job has vanished when neither the queue nor a worker knows it
        for longer than a moment. Returns how many were answered.
        """
        moment = time.time() if now is None else now
        answered = 0
        platforms = await cast("Awaitable[set[str]]", self._client.smembers(keys.PLATFORMS))
        for platform in platforms:
            for job_id, deadline in await self._client.zrange(
                keys.owed(platform), 0, -1, withscores=True
            ):
                answered += await self._answer_lost(platform, job_id, deadline, moment, lost)
        return answered

    async def _answer_lost(
        self,
        platform: str,
        job_id: str,
        deadline: float,
        moment: float,
        lost: Callable[[Job], Reply],
    ) -> int:
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.get(keys.job(job_id))
            pipe.zscore(keys.QUEUE, job_id)
            pipe.exists(f"arq:in-progress:{job_id}")
            record, queued, running = await pipe.execute()
        if record is None:
            await self._client.zrem(keys.owed(platform), job_id)
            return 0
        try:
            job = Job.from_json(record)
        except UnknownVersion:
            return 0  # a newer version's job: its own processes look after it
        vanished = queued is None and not running and moment - job.created > VANISHED_SECONDS
        if not vanished and moment * 1000 < deadline:
            return 0
        published = await self.publish(lost(job), photos=len(job.photos))
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.zrem(keys.QUEUE, job_id)
            pipe.delete(f"arq:job:{job_id}", f"arq:retry:{job_id}")
            await pipe.execute()
        return int(published)

    async def _group(self, platform: str) -> None:
        try:
            await self._client.xgroup_create(keys.outbox(platform), GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def _read(self, platform: str, start: str, block: int | None) -> list[_Entry]:
        streams = await self._client.xreadgroup(
            GROUP, CONSUMER, {keys.outbox(platform): start}, count=64, block=block
        )
        return [entry for _, entries in streams or () for entry in entries]

    async def _deliveries(
        self, platform: str, entries: Sequence[_Entry]
    ) -> AsyncIterator[Delivery]:
        for entry, fields in entries:
            delivery = await self._delivery(platform, entry, fields)
            if delivery is not None:
                yield delivery

    async def _delivery(self, platform: str, entry: str, fields: dict[str, str]) -> Delivery | None:
        try:
            reply = Reply.from_json(fields["reply"])
        except (UnknownVersion, KeyError):
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.xadd(
                    keys.dead(platform),
                    {"reply": fields.get("reply", ""), "cause": "not of this version"},
                )
                pipe.xack(keys.outbox(platform), GROUP, entry)
                pipe.xdel(keys.outbox(platform), entry)
                await pipe.execute()
            return None
        return Delivery(entry=entry, reply=reply)
