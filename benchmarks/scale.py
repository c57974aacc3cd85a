"""Throughput with 1, 2 and 4 workers, enqueue to start, and what is lost when workers come and go.

A real private Valkey with its append-only file, a photo store in a folder, and real worker
processes in which only the stages are a stand-in of fixed time (`benchmarks.stand_in`). Starts are
seen as Redis tells them (keyspace events of arq's leases), answers as they stand in the outbox.

    python -m benchmarks.scale [--photos 80] [--cost 0.15] [--come-and-go 6]
"""

import argparse
import asyncio
import contextlib
import io
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from itertools import accumulate, count
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from PIL import Image

from benchmarks.figures import PLATFORM, machine, percentile, request, server_seconds
from benchmarks.stand_in import SECONDS
from core import keys, store
from core.blobs import Blobs
from core.errors import DarkroomError
from core.outbox import Delivery, Outbox
from core.presence import Presence
from core.process import bound_to_parent
from core.queue import Queue
from core.recipe import Recipe
from core.store import Client
from core.valkey import PrivateValkey
from worker.runner import LEASE_SECONDS

WORKERS = (1, 2, 4)
PLAIN = Recipe(scale=1, denoise=0, faces=0, collage=False)
READY_SECONDS = 60.0
ANSWER_SECONDS = 120.0
LEASE_KEYS = "arq:in-progress:"


class Workers:
    """Worker processes with a stand-in for their stages."""

    def __init__(self, client: Client, url: str, folder: Path, cost: float) -> None:
        self._presence = Presence(client)
        self._running: list[asyncio.subprocess.Process] = []
        self._ended: list[asyncio.subprocess.Process] = []
        self._environment = os.environ | {
            "REDIS_URL": url,
            "BLOB_URL": (folder / "blobs").as_uri(),
            "DARKROOM_DATA_DIR": str(folder),
            "DARKROOM_THREADS": "1",
            "DARKROOM_METRICS_LISTEN": "",
            SECONDS: str(cost),
        }

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        while self._running:
            self.end(0, signal.SIGTERM)
        await asyncio.gather(*(process.wait() for process in self._ended))

    async def start(self) -> None:
        """Start one more worker."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.stand_in"),
            env=self._environment,
            preexec_fn=bound_to_parent(),
        )
        self._running.append(process)

    def end(self, index: int, number: int) -> None:
        """Send a worker a signal that ends it."""
        process = self._running.pop(index)
        process.send_signal(number)
        self._ended.append(process)

    async def ready(self, wanted: int) -> None:
        """Wait until so many have taken up work."""
        for _ in range(len(self._running), wanted):
            await self.start()
        async with asyncio.timeout(READY_SECONDS):
            while len(await self._presence.living("worker")) < wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


class Bench:
    """The other side: photos in, answers out."""

    def __init__(self, client: Client, folder: Path) -> None:
        self.client = client
        self._queue = Queue(client, photos_per_user=1_000_000)
        self._outbox = Outbox(client)
        self._blobs = Blobs.open((folder / "blobs").as_uri())
        self._photo = _photo()
        self._numbers = count()
        self._deadline = time.time() + 3600

    async def lay_out(self, photos: int) -> list[str]:
        """Put so many photos into the store; returns their names."""
        names = [f"photo-{next(self._numbers)}" for _ in range(photos)]
        for name in names:
            await self._blobs.put(self._key(name), self._photo)
        return names

    async def send(self, name: str) -> None:
        """Put a photo into the queue."""
        job = request(name, f"user-{name}", key=self._key(name))
        await self._queue.enqueue(job.model_copy(update={"recipe": PLAIN}))

    async def answers(self, wanted: int) -> list[Delivery]:
        """The answers to so many photos, fewer if none comes for long, more if some come twice."""
        found: list[Delivery] = []
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS):
                while len({delivery.reply.job for delivery in found}) < wanted:
                    async for delivery in self._outbox.deliveries(PLATFORM, block_seconds=0.5):
                        await self._outbox.acknowledge(delivery)
                        await self._blobs.discard(delivery.reply.blob_keys())
                        found.append(delivery)
        return found

    def _key(self, name: str) -> str:
        return Blobs.key(name, "in", self._deadline)


@contextlib.asynccontextmanager
async def _starts(client: Client) -> AsyncIterator[asyncio.Queue[tuple[str, float]]]:
    """Each job that a worker takes and when, in seconds of the loop's clock."""
    started: asyncio.Queue[tuple[str, float]] = asyncio.Queue()
    await client.config_set("notify-keyspace-events", "K$")
    news = client.pubsub()
    await news.psubscribe(f"__keyspace@0__:{LEASE_KEYS}*")

    async def listen() -> None:
        async for message in news.listen():
            if message["type"] == "pmessage" and message["data"] == "set":
                name = message["channel"].partition(LEASE_KEYS)[2]
                started.put_nowait((name, asyncio.get_running_loop().time()))

    listening = asyncio.create_task(listen())
    try:
        yield started
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await news.aclose()  # type: ignore[no-untyped-call]
        await client.config_set("notify-keyspace-events", "")


async def _throughput(bench: Bench, photos: int, workers: int) -> tuple[float, float]:
    """Photos a second, from each worker's first answer to the last, and Redis' share of one.

    The share is the server's processor time in seconds, all polling included.
    """
    names = await bench.lay_out(photos * workers)
    before = await server_seconds(bench.client)
    for name in names:
        await bench.send(name)
    found = await bench.answers(len(names))
    if _enhanced(found) < len(names):
        raise SystemExit("A photo was not enhanced.")
    share = (await server_seconds(bench.client) - before) / len(names)
    moments = sorted(int(one.entry.partition("-")[0]) for one in found)
    return 1000 * (len(moments) - workers) / (moments[-1] - moments[workers - 1]), share


async def _latencies(bench: Bench, photos: int, rate: float) -> list[float]:
    """Seconds from the request to a worker's lease, at so many requests a second."""
    names = await bench.lay_out(photos)
    async with _starts(bench.client) as started:
        sent = await _stream(bench, names, rate)
        await bench.answers(photos)
        first: dict[str, float] = {}
        async with asyncio.timeout(ANSWER_SECONDS):
            while len(first) < photos:
                name, moment = await started.get()
                first.setdefault(name, moment)  # arq takes the lease, and the worker signs it
    return [first[name] - sent[name] for name in names]


async def _stream(bench: Bench, names: list[str], rate: float) -> dict[str, float]:
    """Send photos as a seeded Poisson process; returns when each was sent."""
    chance = random.Random(5)
    loop = asyncio.get_running_loop()
    start, sent = loop.time(), {}
    for name, moment in zip(names, _moments(chance, len(names), rate), strict=True):
        await asyncio.sleep(max(0.0, start + moment - loop.time()))
        sent[name] = loop.time()
        await bench.send(name)
    return sent


def _moments(chance: random.Random, number: int, rate: float) -> list[float]:
    return list(accumulate(chance.expovariate(rate) for _ in range(number)))


async def _come_and_go(workers: Workers, seconds: float, times: int) -> Counter[str]:
    """End a worker and start another at seeded moments; returns how often each signal was sent."""
    chance = random.Random(11)
    sent: Counter[str] = Counter()
    pauses = [chance.uniform(0.5, 1.5) * seconds / (times + 1) for _ in range(times)]
    for number, pause in enumerate(pauses):
        await asyncio.sleep(pause)
        kind = signal.SIGKILL if number % 2 else signal.SIGTERM
        workers.end(chance.randrange(WORKERS[-1]), kind)
        sent[kind.name] += 1
        await workers.start()
    return sent


async def _turmoil(bench: Bench, workers: Workers, photos: int, rate: float, times: int) -> None:
    names = await bench.lay_out(photos)
    streaming = asyncio.create_task(_stream(bench, names, rate))
    signals = await _come_and_go(workers, photos / rate, times)
    await streaming
    found = await bench.answers(photos)
    answered = {one.reply.job for one in found}
    print(
        f"{photos} photos, {signals['SIGTERM']} workers stopped and {signals['SIGKILL']} killed: "
        f"{len(answered)} answered ({_enhanced(found)} enhanced), {photos - len(answered)} lost, "
        f"{len(found) - len(answered)} answered twice"
    )


def _enhanced(found: list[Delivery]) -> int:
    return sum(result.kind == "enhanced" for one in found for result in one.reply.results)


async def _left(client: Client) -> int:
    """What stays in the queue for longer than the lease of a worker killed behind its answer."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(2 * LEASE_SECONDS):
            while await client.zcard(keys.QUEUE):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    return int(await client.zcard(keys.QUEUE))


async def _measure(folder: Path, photos: int, cost: float, times: int) -> None:
    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(PrivateValkey(folder / "valkey"))
        client = store.connect(server.url)
        stack.push_async_callback(client.aclose)
        bench = Bench(client, folder)
        workers = await stack.enter_async_context(Workers(client, server.url, folder, cost))
        columns = ("workers", "photos/s", "ratio", "Redis ms a photo")
        print("{:>8} {:>10} {:>6} {:>17}".format(*columns))
        first = 0.0
        for wanted in WORKERS:
            await workers.ready(wanted)
            rate, share = await _throughput(bench, photos, wanted)
            first = first or rate
            print(f"{wanted:8} {rate:10.2f} {rate / first:6.2f} {1000 * share:17.2f}", flush=True)
        capacity = WORKERS[-1] / cost
        waits = [1000 * wait for wait in await _latencies(bench, photos, 0.3 * capacity)]
        print(
            f"enqueue to start, {WORKERS[-1]} workers at load 0.3: "
            f"median {percentile(waits, 50):.1f} ms, p95 {percentile(waits, 95):.1f} ms",
            flush=True,
        )
        await _turmoil(bench, workers, 4 * photos, 0.5 * capacity, times)
        print(f"left in the queue: {await _left(client)}")


def _photo() -> bytes:
    packed = io.BytesIO()
    grain = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    Image.fromarray(grain).save(packed, "PNG")
    return packed.getvalue()


def main() -> None:
    """Print throughput, enqueue to start, and what was lost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--photos", type=int, default=80, help="for each worker")
    parser.add_argument("--cost", type=float, default=0.15, help="seconds that a photo takes")
    parser.add_argument("--come-and-go", type=int, default=6, help="workers ended and replaced")
    wishes = parser.parse_args()
    print(f"{machine()}; {wishes.cost} s a photo")
    try:
        with tempfile.TemporaryDirectory(prefix="darkroom-") as folder:
            asyncio.run(_measure(Path(folder), wishes.photos, wishes.cost, wishes.come_and_go))
    except DarkroomError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
