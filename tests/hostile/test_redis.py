"""Somebody who can write into Redis: what lies there is read as JSON and runs nothing."""

import asyncio
import pickle
from pathlib import Path

import pytest

from core import keys
from core.blobs import Blobs
from core.jobs import Failed, PhotoRef
from core.outbox import Outbox
from core.queue import Queue
from core.settings import StoreSettings, WorkerSettings
from core.store import Client
from tests.doubles.jobs import fresh
from worker import runner


class Trap:
    """An object that leaves a mark when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.mark,)


@pytest.mark.filterwarnings("ignore:Call to deprecated close")  # arq's own
async def test_a_pickle_in_redis_runs_nothing(
    client: Client, redis_url: str, queue: Queue, outbox: Outbox, blobs: Blobs, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    job = {"t": 1, "f": "enhance", "a": (Trap(mark),), "k": {}, "et": 0, "v": Trap(mark)}
    for number, protocol in enumerate((0, 2, pickle.HIGHEST_PROTOCOL)):
        trap = pickle.dumps(job, protocol)
        await client.set(f"arq:job:evil-{number}", trap)
        await client.set(keys.job(f"evil-{number}"), trap)
        await client.zadd(keys.QUEUE, {f"evil-{number}": number + 1})
    pickle.loads(trap)  # the trap works where somebody steps into it
    mark.unlink()

    await blobs.put("09000000000/job-1/in-0", b"no photo")
    await queue.enqueue(fresh(photos=(PhotoRef(key="09000000000/job-1/in-0", name="a.png"),)))
    store = StoreSettings(blob_url=(tmp_path / "blobs").as_uri())
    working = asyncio.create_task(runner.run(redis_url, store, WorkerSettings(device="cpu")))
    try:
        async with asyncio.timeout(60):
            async for delivery in outbox.deliveries("test", block_seconds=50):
                (result,) = delivery.reply.results
                await outbox.acknowledge(delivery)
                break
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
    assert isinstance(result, Failed)  # the next job was answered, so that the worker lives
    assert delivery.reply.job == "job-1"
    assert not mark.exists()
