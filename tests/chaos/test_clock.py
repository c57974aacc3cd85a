"""Clocks that jump by a day: Redis' time counts, so nothing is lost, late, or answered twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bots import delivery
from bots.conversation import Conversation, Lab
from bots.delivery import DeliveryLoop
from bots.status import StatusBoard
from core.blobs import Blobs
from core.errors import LimitReached
from core.jobs import Job
from tests.doubles.clock import shift_clock
from tests.doubles.desk import RecordingDesk
from tests.doubles.jobs import enhanced, fresh, reply
from tests.doubles.photos import photo_file

BOTH_WAYS = pytest.mark.parametrize("days", [1.0, -1.0])


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "SWEEP_SECONDS", 0.02)
    monkeypatch.setattr(delivery, "CLEAN_SECONDS", 0.0)


async def taken(desk: RecordingDesk, lab: Lab) -> Job:
    """A photo taken in by the real conversation."""
    desk.photos["a"] = photo_file()
    conversation = Conversation(desk, lab, StatusBoard(desk, lab.queue))
    await conversation.handle(desk.request("a"))
    (job,) = await lab.queue.owed("test")
    return job


@asynccontextmanager
async def delivering(
    desk: RecordingDesk, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[asyncio.Semaphore]:
    """The real deliveries and sweepers; released each time that the photo store was swept."""
    sweeps, sweep = asyncio.Semaphore(0), lab.blobs.sweep

    async def counted(*words: Any, **options: Any) -> int:
        count = await sweep(*words, **options)
        sweeps.release()
        return count

    monkeypatch.setattr(lab.blobs, "sweep", counted)
    task = asyncio.create_task(DeliveryLoop(desk, lab.outbox, lab.blobs, lab.buttons).run())
    yield sweeps
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@BOTH_WAYS
@pytest.mark.parametrize("before", [True, False], ids=["taken after", "taken before"])
async def test_a_bots_clock_that_jumps_costs_no_photo(
    desk: RecordingDesk, lab: Lab, monkeypatch: pytest.MonkeyPatch, days: float, before: bool
) -> None:
    with pytest.MonkeyPatch.context() as wrong:
        if before:
            shift_clock(wrong, days=days)
        job = await taken(desk, lab)
    if not before:
        shift_clock(monkeypatch, days=days)
    async with delivering(desk, lab, monkeypatch) as sweeps:
        for _time in range(3):
            await asyncio.wait_for(sweeps.acquire(), 20)
        assert await lab.blobs.get(job.photos[0].key)
        assert not await lab.outbox.published(job.id)
        key = Blobs.key(job.id, "out-1", job.deadline)
        await lab.blobs.put(key, b"file")
        await lab.outbox.publish(reply(job.id, address=job.address, results=(enhanced(key=key),)))
        await desk.delivered[job.id].wait()
    assert desk.parts == [(job.id, "text"), (job.id, "files")]


@BOTH_WAYS
async def test_a_bots_clock_that_jumps_opens_no_cap(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, days: float
) -> None:
    for number in range(5):  # as many as one person may have
        await lab.queue.enqueue(fresh(f"job-{number}"))
    one_more = fresh("one-more")
    shift_clock(monkeypatch, days=days)
    with pytest.raises(LimitReached):
        await lab.queue.check_room("test", "ann", 1)
    with pytest.raises(LimitReached):
        await lab.queue.enqueue(one_more)
    assert await lab.queue.of_user("test", "ann")
