"""What one Redis and one photo store carry.

A real private Valkey with its append-only file, and a photo store in a folder. A long queue is
filled by many people, and then requests are sent, looked at and answered one after the other: times
are those of the client, the server's share is its own account of its processor time.

    python -m benchmarks.stores [--queue 10000] [--rounds 500]
"""

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

from benchmarks.figures import machine, percentile, request, server_seconds
from core import keys, store
from core.blobs import Blobs
from core.jobs import Reply
from core.outbox import Outbox
from core.queue import Queue
from core.store import Client
from core.valkey import PrivateValkey
from worker.runner import READ_LIMIT

PHOTO_BYTES = 5_000_000

_Work = Callable[[], Awaitable[object]]


async def _timed(
    name: str, client: Client, works: Sequence[Callable[[], Awaitable[object]]]
) -> None:
    """Print the times of each of some works, and what they cost the server."""
    before = await server_seconds(client)
    times = []
    for work in works:
        begun = time.perf_counter()
        await work()
        times.append(1000 * (time.perf_counter() - begun))
    cost = 1000 * (await server_seconds(client) - before) / len(works)
    print(
        f"{name:34} {percentile(times, 50):9.2f} {percentile(times, 95):7.2f} {cost:10.3f}",
        flush=True,
    )


async def _redis(url: str, length: int, rounds: int) -> None:
    client = store.connect(url)
    queue, outbox = Queue(client, cap=length + rounds + 1), Outbox(client)
    empty = (await client.info("memory"))["used_memory"]
    for number in range(length):
        community = f"club-{number % 50}" if number % 2 else None
        await queue.enqueue(request(f"old-{number}", f"user-{number % 2000}", community=community))
    full = (await client.info("memory"))["used_memory"]
    kilobytes = (full - empty) / max(1, length) / 1000
    print(f"{length} requests wait; {kilobytes:.1f} kB of Redis' memory each")
    print("{:34} {:>9} {:>7} {:>10}".format("what", "median ms", "p95 ms", "server ms"))
    jobs = [request(f"new-{number}", f"newcomer-{number}") for number in range(rounds)]
    names = [f"old-{number * length // rounds}" for number in range(rounds)]
    now = round(1000 * time.time())
    everyone = [f"old-{number}" for number in range(length)]
    look = partial(client.zrangebyscore, keys.QUEUE, "-inf", now, start=0, num=READ_LIMIT)
    replies = [Reply.failure(job, "measured", "Measured.") for job in jobs]
    for what, works in (
        ("enqueue, the ticket with it", [partial(queue.enqueue, job) for job in jobs]),
        ("place and time left", [partial(queue.ticket, name) for name in names]),
        ("the same for all at once", [partial(queue.tickets, everyone)] * 3),
        ("a worker's look at the queue", [look] * rounds),
        ("publish an answer", [partial(outbox.publish, reply) for reply in replies]),
    ):
        await _timed(what, client, works)
    await client.aclose()


async def _photos(folder: Path, rounds: int) -> None:
    blobs = Blobs.open(folder.as_uri())
    data = os.urandom(PHOTO_BYTES)
    names = [Blobs.key(f"photo-{number}", "in", time.time()) for number in range(rounds)]
    for verb, works in (
        ("put", [partial(blobs.put, name, data) for name in names]),
        ("get", [partial(blobs.get, name) for name in names]),
    ):
        begun = time.perf_counter()
        for work in works:
            await work()
        rate = rounds * PHOTO_BYTES / 1e6 / (time.perf_counter() - begun)
        print(f"photo store in a folder, {verb}: {rate:.0f} MB/s")


async def _measure(folder: Path, length: int, rounds: int) -> None:
    async with PrivateValkey(folder / "valkey") as server:
        await _redis(server.url, length, rounds)
    await _photos(folder / "photos", max(1, rounds // 10))


def main() -> None:
    """Print times, the server's share, memory and rates."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--queue", type=int, default=10_000, help="requests that wait")
    parser.add_argument("--rounds", type=int, default=500)
    wishes = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory(prefix="darkroom-") as folder:
        asyncio.run(_measure(Path(folder), wishes.queue, wishes.rounds))


if __name__ == "__main__":
    main()
