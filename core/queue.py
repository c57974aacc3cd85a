"""The queue: one atomic enqueue, the place in it, how long it takes, and taking a job back."""

import contextlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from core import durations, keys, metrics
from core.communities import UNLIMITED, Allowance
from core.errors import LimitReached, ServiceDown
from core.jobs import Address, Job, Progress, Reply, UnknownVersion
from core.language import _, ngettext
from core.outbox import KEPT_SECONDS, PUBLISH
from core.presence import ALIVE_SECONDS
from core.store import Client, spoken

FUNCTION = "enhance"
"""The name of the worker's function in the queue."""
PACE_WEIGHT = 0.2
"""The share of the newest photo in the moving average of seconds a photo."""
FIRST_GUESS_SECONDS = 8.0

# How long a member has to wait for so many photos: nil if not at all, else "pause" or "daily", the
# photos that are left, and milliseconds. `0` is no limit.
_WAIT = """
local function wait(taken, now, photos, daily, cooldown)
  local newest = redis.call('ZREVRANGE', taken, 0, 0, 'WITHSCORES')[2]
  if cooldown > 0 and newest and tonumber(newest) + cooldown > now then
    return 'pause:0:' .. (tonumber(newest) + cooldown - now)
  end
  if daily == 0 then return nil end
  local since = now - 86400000
  local mine = redis.call('ZCOUNT', taken, '(' .. since, '+inf')
  if mine + photos <= daily then return nil end
  local last = math.min(mine, mine + photos - daily)
  local leaves = redis.call('ZRANGEBYSCORE', taken, '(' .. since, '+inf', 'WITHSCORES',
    'LIMIT', last - 1, 1)[2]
  return 'daily:' .. math.max(0, daily - mine) .. ':' .. ((leaves or now) - since)
end
"""
_LOOK = (
    _WAIT
    + """
return wait(KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]))
"""
)
_ENQUEUE = (
    _WAIT
    + """
local id, now, deadline, photos = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
if redis.call('EXISTS', 'darkroom:job:' .. id, 'darkroom:done:' .. id) > 0 then return 'known' end
local mine = redis.call('ZCOUNT', KEYS[3], '(' .. now, '+inf')
if mine + photos > tonumber(ARGV[5]) then return 'user' end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[6]) then return 'full' end
local daily, cooldown = tonumber(ARGV[11]), tonumber(ARGV[12])
local refused = wait(KEYS[5], tonumber(now), photos, daily, cooldown)
if refused then return refused end
-- The first write is one that a Redis without memory refuses: later ones it would let through.
redis.call('ZADD', KEYS[2], deadline, id)
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
redis.call('SADD', KEYS[4], ARGV[7])
redis.call('SET', 'darkroom:job:' .. id, ARGV[8], 'PX', ARGV[10])
redis.call('SET', 'arq:job:' .. id, ARGV[9], 'PX', ARGV[10])
for n = 1, photos do redis.call('ZADD', KEYS[3], deadline, id .. '#' .. n) end
if daily + cooldown > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[5], '-inf', now - 86400000)
  for n = 1, photos do redis.call('ZADD', KEYS[5], now, id .. '#' .. n) end
  redis.call('PEXPIRE', KEYS[5], 86400000)
end
redis.call('ZADD', KEYS[1], now, id)
return 'queued'
"""
)

_CANCEL = (
    PUBLISH
    + """
local id = ARGV[1]
if redis.call('EXISTS', 'darkroom:done:' .. id) == 1 then return 'finished' end
if redis.call('EXISTS', 'arq:in-progress:' .. id) == 1 then
  redis.call('SET', 'darkroom:cancel:' .. id, '1', 'EX', 3600)
  return 'stopping'
end
redis.call('ZREM', KEYS[4], id)
redis.call('DEL', 'arq:job:' .. id, 'arq:retry:' .. id)
publish(id, KEYS[1], KEYS[2], KEYS[3], tonumber(ARGV[2]), ARGV[3], ARGV[4])
return 'cancelled'
"""
)


class Cancelling(StrEnum):
    """What became of the wish to take a job back."""

    CANCELLED = "cancelled"
    STOPPING = "stopping"
    FINISHED = "finished"


@dataclass(frozen=True)
class Ticket:
    """Where a job stands: `place` counts from 1, 0 once it runs; `seconds` is a rough guess."""

    job: str
    place: int
    seconds: float
    progress: Progress | None = None
    known: bool = False

    @property
    def running(self) -> bool:
        """Whether a worker has it."""
        return self.place == 0


def dumps(value: Any) -> bytes:
    """JSON for arq, in place of its pickle; what JSON cannot say becomes its text."""
    return json.dumps(value, separators=(",", ":"), default=repr).encode()


loads = json.loads


class Queue:
    """The lab's queue in one Redis, filled by bots and emptied by arq workers."""

    def __init__(self, client: Client, *, cap: int = 10_000, photos_per_user: int = 20) -> None:
        self._client = client
        self._cap = cap
        self._photos_per_user = photos_per_user
        self._enqueue = client.register_script(_ENQUEUE)
        self._look = client.register_script(_LOOK)
        self._cancel = client.register_script(_CANCEL)

    async def enqueue(self, job: Job, allowance: Allowance = UNLIMITED) -> Ticket:
        """Put a job into the queue and write down that its reply is owed, in one atomic step.

        The same job id is taken once; the ticket of a repetition is `known`. Raises LimitReached
        when the person or the lab has too much in flight or the community's `allowance` is spent,
        ServiceDown without Redis.
        """
        now = time.time()
        arq_job: dict[str, Any] = {
            "t": None,
            "f": FUNCTION,
            "a": [],
            "k": {},
            "et": round(job.created * 1000),
        }
        with spoken():
            outcome = await self._enqueue(
                keys=[
                    keys.QUEUE,
                    keys.owed(job.platform),
                    keys.user(job.platform, job.user),
                    keys.PLATFORMS,
                    keys.taken(job.platform, job.community or "", job.user),
                ],
                args=[
                    job.id,
                    round(now * 1000),
                    round(job.deadline * 1000),
                    len(job.photos),
                    self._photos_per_user,
                    self._cap,
                    job.platform,
                    job.to_json(),
                    dumps(arq_job),
                    round((job.deadline - now + KEPT_SECONDS) * 1000),
                    *_figures(allowance),
                ],
            )
        if outcome == "user":
            raise self._too_many()
        if outcome == "full":
            raise LimitReached(_("The lab's queue is full. Please try again in a few minutes."))
        if ":" in outcome:
            raise _spent(outcome, allowance)
        known = outcome == "known"
        try:
            ticket = await self.ticket(job.id)
        except ServiceDown:
            ticket = None  # the job is in the queue, whatever can be told about it now
        if ticket is None:
            return Ticket(job=job.id, place=0, seconds=0.0, known=known)
        return replace(ticket, known=known)

    async def check_room(
        self,
        platform: str,
        user: str,
        photos: int,
        *,
        community: str | None = None,
        allowance: Allowance = UNLIMITED,
    ) -> None:
        """Raise LimitReached if a person has no room for so many more photos.

        A cheap look before anything is fetched; the enqueue itself decides.
        """
        now = _ms(time.time())
        with spoken():
            in_flight = await self._client.zcount(keys.user(platform, user), now, "+inf")
            refused = await self._look(
                keys=[keys.taken(platform, community or "", user)],
                args=[now, photos, *_figures(allowance)],
            )
        if in_flight + photos > self._photos_per_user:
            raise self._too_many()
        if refused:
            raise _spent(refused, allowance)

    def _too_many(self) -> LimitReached:
        return LimitReached(
            _(
                "You can have {count} photos in the lab at a time. "
                "Please wait for the first ones to come back, or /cancel them."
            ).format(count=self._photos_per_user)
        )

    async def ticket(self, job_id: str) -> Ticket | None:
        """Where a job stands, None when it is neither queued nor running."""
        tickets = await self.tickets([job_id])
        return tickets[job_id]

    async def tickets(self, job_ids: Sequence[str]) -> dict[str, Ticket | None]:
        """Where each of several jobs stands, in one round trip."""
        with spoken():
            async with self._client.pipeline(transaction=False) as pipe:
                pipe.get(keys.PACE)
                pipe.zcount(keys.alive("worker"), _ms(time.time() - ALIVE_SECONDS), "+inf")
                for job_id in job_ids:
                    pipe.zrank(keys.QUEUE, job_id)
                    pipe.exists(f"arq:in-progress:{job_id}")
                    pipe.get(keys.progress(job_id))
                pace, workers, *answers = await pipe.execute()
        seconds = float(pace) if pace else FIRST_GUESS_SECONDS
        found: dict[str, Ticket | None] = {}
        for index, job_id in enumerate(job_ids):
            rank, running, progress = answers[3 * index : 3 * index + 3]
            if rank is None:
                found[job_id] = None
                continue
            found[job_id] = Ticket(
                job=job_id,
                place=0 if running else rank + 1,
                seconds=seconds if running else (rank + 1) * seconds / max(1, workers),
                progress=Progress.from_json(progress) if progress else None,
            )
        return found

    async def known(self, job_id: str) -> bool:
        """Whether this job was taken before, be it answered or not."""
        with spoken():
            return bool(await self._client.exists(keys.job(job_id), keys.done(job_id)))

    async def status_address(self, job_id: str) -> Address | None:
        """Where a request's status message is, if an earlier attempt to take it opened one."""
        with spoken():
            data = await self._client.get(keys.status(job_id))
        return None if data is None else dict(json.loads(data))

    async def note_status(self, job_id: str, address: Address) -> None:
        """Remember where a request's status message is, so that a retry does not open another."""
        with spoken():
            await self._client.set(keys.status(job_id), json.dumps(address), ex=3600)

    async def record(self, job_id: str) -> Job | None:
        """The job behind an id, None once it is answered; raises UnknownVersion."""
        with spoken():
            data = await self._client.get(keys.job(job_id))
        return None if data is None else Job.from_json(data)

    async def owed(self, platform: str) -> list[Job]:
        """Every job of a platform whose reply is owed, in no particular order."""
        with spoken():
            job_ids = await self._client.zrange(keys.owed(platform), 0, -1)
            records = await self._client.mget([keys.job(i) for i in job_ids]) if job_ids else []
        return _readable(records)

    async def of_user(self, platform: str, user: str) -> list[Job]:
        """A person's jobs in flight, oldest first."""
        with spoken():
            members = await self._client.zrange(keys.user(platform, user), 0, -1)
            job_ids = list(dict.fromkeys(member.rpartition("#")[0] for member in members))
            records = await self._client.mget([keys.job(i) for i in job_ids]) if job_ids else []
        return sorted(_readable(records), key=lambda job: job.created)

    async def cancel(self, job: Job, reply: Reply) -> Cancelling:
        """Take a job back: at once while it waits (`reply` is published), soon while it runs."""
        with spoken():
            outcome = await self._cancel(
                keys=[
                    keys.outbox(job.platform),
                    keys.owed(job.platform),
                    keys.user(job.platform, job.user),
                    keys.QUEUE,
                ],
                args=[job.id, len(job.photos), reply.to_json(), KEPT_SECONDS],
            )
        if outcome == Cancelling.CANCELLED:
            metrics.answered(reply)
        return Cancelling(outcome)

    async def unwanted(self, job_id: str) -> bool:
        """Whether a running job may stop: the person said so, or it has been answered already."""
        return bool(await self._client.exists(keys.cancel(job_id), keys.done(job_id)))

    async def report(self, job_id: str, progress: Progress) -> None:
        """Note how far a running job is."""
        await self._client.set(keys.progress(job_id), progress.to_json(), ex=3600)

    async def raw_record(self, job_id: str) -> str | None:
        """A job's record as it stands, for records of another version."""
        record: str | None = await self._client.get(keys.job(job_id))
        return record

    async def learn_pace(self, seconds: float) -> None:
        """Take one photo's time into the moving average behind the guesses."""
        old = await self._client.get(keys.PACE)
        new = seconds if old is None else (1 - PACE_WEIGHT) * float(old) + PACE_WEIGHT * seconds
        await self._client.set(keys.PACE, f"{new:.3f}")


def _figures(allowance: Allowance) -> tuple[int, int]:
    """Photos a day and milliseconds between two requests, 0 where there is no limit."""
    return allowance.daily or 0, 1000 * allowance.cooldown


def _spent(outcome: str, allowance: Allowance) -> LimitReached:
    """The refusal of a member whose allowance is spent, with the time until it is not."""
    kind, left, milliseconds = outcome.split(":")
    wait = int(float(milliseconds)) / 1000
    time_left = durations.told(wait)
    if kind == "pause":
        text = _("One moment, please: here you can send the next photo in {time}.")
        return LimitReached(text.format(time=time_left), code="cooldown", wait=wait)
    daily = allowance.daily or 0
    if int(left):
        text = _(
            "Here everyone has {daily} photos in 24 hours; you have {left} left. "
            "There is room for all of these in {time}."
        )
    else:
        text = ngettext(
            "You have had your photo of the last 24 hours here. You can send the next in {time}.",
            "You have had your {daily} photos of the last 24 hours here. "
            "You can send the next in {time}.",
            daily,
        )
    told = text.format(daily=daily, left=left, time=time_left)
    return LimitReached(told, code="daily", wait=wait)


def _readable(records: Sequence[str | None]) -> list[Job]:
    """The jobs that are still there and of this version."""
    jobs = []
    for record in records:
        if record is not None:
            with contextlib.suppress(UnknownVersion):
                jobs.append(Job.from_json(record))
    return jobs


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
