"""The queue: a job goes in, its place, how long it takes, and taking it back."""

import contextlib
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from core import keys, metrics, store
from core.communities import UNLIMITED, Allowance
from core.entrance import ENQUEUE, LOOK, Caps, figures, refusal
from core.errors import ServiceDown
from core.jobs import Address, Job, Progress, Reply, UnknownVersion
from core.outbox import KEPT_SECONDS, PUBLISH
from core.presence import ALIVE_SECONDS
from core.store import Client, spoken
from core.tickets import Ticket

FUNCTION = "enhance"
"""The name of the worker's function in the queue."""
PACE_WEIGHT = 0.2
"""The share of the newest photo in the moving average of seconds a photo."""
FIRST_GUESS_SECONDS = 8.0
STATUS_SECONDS = 3600
"""How long it is remembered where a request's status message is, should it be taken again."""

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


def dumps(value: Any) -> bytes:
    """JSON for arq, in place of its pickle; what JSON cannot say becomes its text."""
    return json.dumps(value, separators=(",", ":"), default=repr).encode()


loads = json.loads


class Queue:
    """The lab's queue in one Redis, filled by bots and emptied by arq workers."""

    def __init__(
        self,
        client: Client,
        *,
        cap: int = Caps.requests,
        photos_per_user: int = Caps.user,
        photos_per_community: int = Caps.community,
    ) -> None:
        self._client = client
        self._caps = Caps(cap, photos_per_user, photos_per_community)
        self._enqueue = client.register_script(ENQUEUE)
        self._look = client.register_script(LOOK)
        self._cancel = client.register_script(_CANCEL)

    async def enqueue(self, job: Job, allowance: Allowance = UNLIMITED) -> Ticket:
        """Put a job into the queue and write down that its reply is owed, in one atomic step.

        Its place is that of the person's next turn (`core.fairness`). The same job id is taken
        once; the ticket of a repetition is `known`. Raises LimitReached when the person, the
        community or the lab has too much in flight or the community's `allowance` is spent,
        ServiceDown without Redis.
        """
        now = await self.now()
        arq_job: dict[str, Any] = {
            "t": None,
            "f": FUNCTION,
            "a": [],
            "k": {},
            "et": round(job.created * 1000),
        }
        photos, community = len(job.photos), job.community
        with spoken():
            outcome = await self._enqueue(
                keys=[
                    *_places(job.platform, job.user, community),
                    keys.owed(job.platform),
                    keys.PLATFORMS,
                    keys.CLOCK,
                ],
                args=[
                    *figures(now, photos, self._caps, allowance, community=community is not None),
                    job.id,
                    round(job.deadline * 1000),
                    round((job.deadline - now + KEPT_SECONDS) * 1000),
                    job.platform,
                    job.to_json(),
                    dumps(arq_job),
                ],
            )
        refused = refusal(outcome, self._caps, allowance)
        if refused is not None:
            raise refused
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
        """Raise LimitReached if there is no room for so many more photos of a person.

        A cheap look before anything is fetched; the enqueue itself decides.
        """
        within = community is not None
        now = await self.now()
        with spoken():
            outcome = await self._look(
                keys=_places(platform, user, community),
                args=figures(now, photos, self._caps, allowance, community=within),
            )
        refused = refusal(outcome or "", self._caps, allowance)
        if refused is not None:
            raise refused

    async def now(self) -> float:
        """The time of Redis in Unix seconds, by which jobs are made and become late."""
        with spoken():
            return await store.now(self._client)

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
            await self._client.set(keys.status(job_id), json.dumps(address), ex=STATUS_SECONDS)

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


def _places(platform: str, user: str, community: str | None) -> list[str]:
    """What the entrance looks at: the queue, and what person, community and member have in it."""
    return [
        keys.QUEUE,
        keys.user(platform, user),
        keys.crowd(platform, community or ""),
        keys.taken(platform, community or "", user),
    ]


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
