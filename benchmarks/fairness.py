"""How long people wait for their photo beside one who sends many.

A real private Valkey, the real queue and outbox, and the worker's own arq loop with its two jobs at
a time, several of them in this process. Only the photos are stand-ins: each takes its worker's
model for a fixed time. The same people come at the same seeded moments in every line (one photo
each, as a Poisson process that alone would keep the workers busy for `--load` of the time); the
others send all their photos at the beginning. The wait is that from the request to the model.

    python -m benchmarks.fairness [--people 199] [--hog 200] [--load 0.8]
"""

import argparse
import asyncio
import contextlib
import random
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, cast

from arq.connections import ArqRedis
from arq.worker import func

from benchmarks.figures import machine, percentile, request
from core import keys, store
from core.communities import UNLIMITED, Allowance
from core.jobs import Job, Reply
from core.leases import Leases
from core.outbox import Outbox
from core.queue import FUNCTION, Queue, dumps, loads
from core.store import Client
from core.tickets import Ticket
from core.valkey import PrivateValkey
from worker.runner import JOBS_AT_ONCE, LEASE_SECONDS, POLL_SECONDS, READ_LIMIT, LeasedWorker

UNCAPPED = 1_000_000
CLUB = "club"
RAIDERS = 20


@dataclass(frozen=True)
class Wishes:
    """The size of the measurement: `cost` in seconds, `load` 0–1 without those who send many."""

    people: int
    hog: int
    load: float
    cost: float
    workers: int


class FirstCome(Queue):
    """The queue without fairness: first come, first served."""

    def __init__(self, client: Client, **caps: int) -> None:
        super().__init__(client, **caps)
        self._redis = client
        self._count = 0

    async def enqueue(self, job: Job, allowance: Allowance = UNLIMITED) -> Ticket:
        """Put a job behind all others."""
        ticket = await super().enqueue(job, allowance)
        self._count += 1
        await self._redis.zadd(keys.QUEUE, {job.id: self._count}, xx=True)
        return ticket


class Model:
    """A worker's stand-in: one photo at a time, each for a fixed time; tells when it began."""

    def __init__(
        self, client: Client, cost: float, answered: asyncio.Queue[tuple[str, float]]
    ) -> None:
        self._queue, self._outbox = Queue(client), Outbox(client)
        self._cost = cost
        self._answered = answered
        self._free = asyncio.Lock()

    async def work(self, job_id: str) -> None:
        """Work on a job and answer it."""
        job = await self._queue.record(job_id)
        if job is None:
            return
        async with self._free:
            begun = asyncio.get_running_loop().time()
            await asyncio.sleep(self._cost)
        await self._outbox.publish(Reply.failure(job, "measured", "Measured."))
        self._answered.put_nowait((job_id, begun))


async def _enhance(context: dict[str, Any]) -> None:
    await context["model"].work(context["job_id"])


@contextlib.asynccontextmanager
async def _worker(client: Client, url: str, name: str, model: Model) -> AsyncIterator[None]:
    pool: Any = store.pool(url, text=False)
    worker = LeasedWorker(
        Leases(client, name, seconds=LEASE_SECONDS),
        functions=[func(cast("Any", _enhance), name=FUNCTION, keep_result=0)],
        queue_name=keys.QUEUE,
        redis_pool=ArqRedis(pool, job_serializer=dumps, job_deserializer=loads),
        ctx={"model": model},
        job_serializer=dumps,
        job_deserializer=loads,
        max_jobs=JOBS_AT_ONCE,
        poll_delay=POLL_SECONDS,
        queue_read_limit=READ_LIMIT,
        handle_signals=False,
        keep_result=0,
    )
    main = asyncio.create_task(worker.async_run())
    try:
        yield
    finally:
        await asyncio.gather(*worker.tasks.values())
        await worker.close()
        await asyncio.gather(main, return_exceptions=True)


async def _waits(
    url: str, wishes: Wishes, many: Sequence[Job], *, fair: bool, community: str | None = None
) -> list[float]:
    """Seconds that each of the people waits beside those `many` requests."""
    client = store.connect(url)
    await client.flushall()
    kind = Queue if fair else FirstCome
    queue = kind(client, photos_per_user=UNCAPPED, photos_per_community=UNCAPPED)
    answered: asyncio.Queue[tuple[str, float]] = asyncio.Queue()
    sent: dict[str, float] = {}
    loop = asyncio.get_running_loop()
    async with contextlib.AsyncExitStack() as stack:
        for number in range(wishes.workers):
            model = Model(client, wishes.cost, answered)
            await stack.enter_async_context(_worker(client, url, f"worker-{number}", model))
        start = loop.time()

        async def flood() -> None:
            for job in many:
                await queue.enqueue(job)

        flooding = asyncio.create_task(flood())
        for number, moment in enumerate(_moments(wishes)):
            await asyncio.sleep(max(0.0, start + moment - loop.time()))
            name = f"person-{number}"
            sent[name] = loop.time()
            await queue.enqueue(request(name, name, community=community))
        await flooding
        begun = dict([await answered.get() for _ in range(len(many) + len(sent))])
    await client.aclose()
    return [begun[name] - sent[name] for name in sent]


def _moments(wishes: Wishes) -> list[float]:
    """When the people come, in seconds from the beginning."""
    chance = random.Random(7)
    rate = wishes.load * wishes.workers / wishes.cost
    return list(accumulate(chance.expovariate(rate) for _ in range(wishes.people)))


async def _measure(folder: Path, wishes: Wishes) -> None:
    async with PrivateValkey(folder / "valkey") as server:
        hog = [request(f"hog-{n}", "hog") for n in range(wishes.hog)]
        inside = [request(f"hog-{n}", "hog", community=CLUB) for n in range(wishes.hog)]
        raid = [
            request(f"raid-{n}", f"raider-{n % RAIDERS}", community="raid")
            for n in range(wishes.hog)
        ]
        columns = ("who waits beside whom", "median s", "p95 s", "ratio", "p95 ratio")
        print("{:58} {:>9} {:>7} {:>7} {:>9}".format(*columns))
        alone = await _waits(server.url, wishes, [], fair=True)
        _tell("nobody who sends many", alone, alone)
        for name, many, fair, community in (
            ("first come, first served; one sends many", hog, False, None),
            ("fair; one sends many", hog, True, None),
            ("fair; all in one community, one sends many", inside, True, CLUB),
            (f"fair; a community of {RAIDERS} sends many", raid, True, None),
        ):
            waits = await _waits(server.url, wishes, many, fair=fair, community=community)
            _tell(name, waits, alone)


def _tell(name: str, waits: Sequence[float], alone: Sequence[float]) -> None:
    (median, p95), (usual, usual_p95) = (
        (percentile(values, 50), percentile(values, 95)) for values in (waits, alone)
    )
    print(
        f"{name:58} {median:9.3f} {p95:7.3f} {median / usual:7.2f} {p95 / usual_p95:9.2f}",
        flush=True,
    )


def main() -> None:
    """Print one line a situation."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--people", type=int, default=199)
    parser.add_argument("--hog", type=int, default=200, help="photos of those who send many")
    parser.add_argument("--load", type=float, default=0.8, help="of the workers, without them")
    parser.add_argument("--cost", type=float, default=0.08, help="seconds that a photo takes")
    parser.add_argument("--workers", type=int, default=2)
    wishes = Wishes(**vars(parser.parse_args()))
    print(
        f"{machine()}; {wishes.people} people at load {wishes.load}, "
        f"{wishes.hog} photos of others, {wishes.workers} workers, {wishes.cost} s a photo"
    )
    with tempfile.TemporaryDirectory(prefix="darkroom-") as folder:
        asyncio.run(_measure(Path(folder), wishes))


if __name__ == "__main__":
    main()
