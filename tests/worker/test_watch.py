import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.errors import Cancelled
from core.jobs import Progress
from worker import watch as watch_module
from worker.watch import Watch


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


class Clock:
    """In place of the time module: an hour passes when it is told so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(watch_module, "time", clock)
    return clock


class Work:
    """A piece of work in a thread that lasts until `may_end` is set."""

    def __init__(self) -> None:
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.ended = False

    def __call__(self) -> str:
        self.begun.set()
        assert self.may_end.wait(20)
        self.ended = True
        return "done"

    async def has_begun(self) -> None:
        assert await asyncio.to_thread(self.begun.wait, 20)


def test_progress_goes_from_photo_to_photo_and_stage_to_stage() -> None:
    watch = Watch(3)
    assert watch.progress == Progress(photos=3)
    watch.photo(2)
    watch.stage("upscale", 0.5)
    assert watch.progress == Progress(photo=2, photos=3, stage="upscale", fraction=0.5)
    watch.stage("encode")
    assert watch.progress == Progress(photo=2, photos=3, stage="encode")
    watch.photo(3)
    assert watch.progress == Progress(photo=3, photos=3)


async def test_what_the_thread_returns_or_raises_comes_back(executor: ThreadPoolExecutor) -> None:
    watch = Watch(1)
    assert await watch.run(executor, lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await watch.run(executor, lambda: 1 // 0)
    assert not watch.stopped()


async def test_the_clock_runs_with_the_thread_and_not_with_the_waiting(
    executor: ThreadPoolExecutor, clock: Clock
) -> None:
    first, other, watch = Work(), Work(), Watch(1)
    other_run = asyncio.create_task(Watch(1).run(executor, other))
    await other.has_begun()
    run = asyncio.create_task(watch.run(executor, first))
    await asyncio.sleep(0)
    clock.now += 3600  # the only thread works on another job
    assert watch.seconds == 0
    other.may_end.set()
    await other_run
    await first.has_begun()
    clock.now += 5
    assert watch.seconds == 5  # told while it works
    first.may_end.set()
    await run
    clock.now += 3600
    assert watch.seconds == 5
    await watch.run(executor, lambda: setattr(clock, "now", clock.now + 2))
    assert watch.seconds == 7
    watch.photo(2)
    assert (watch.seconds, watch.job_seconds) == (0, 7)
    await watch.run(executor, lambda: setattr(clock, "now", clock.now + 3))
    assert (watch.seconds, watch.job_seconds) == (3, 10)


async def test_stopped_before_its_thread_begins_it_ends_at_once(
    executor: ThreadPoolExecutor,
) -> None:
    busy, never, watch = Work(), Work(), Watch(1)
    busy_run = asyncio.create_task(Watch(1).run(executor, busy))
    await busy.has_begun()
    run = asyncio.create_task(watch.run(executor, never))
    await asyncio.sleep(0)
    watch.stop()
    async with asyncio.timeout(10):
        with pytest.raises(Cancelled):
            await run
        with pytest.raises(Cancelled):  # nor does a later part of the job begin
            await watch.run(executor, never)
    assert not busy.ended
    busy.may_end.set()
    await busy_run
    executor.shutdown(wait=True)
    assert not never.begun.is_set()


async def test_stopped_in_the_middle_the_thread_ends_by_itself(
    executor: ThreadPoolExecutor,
) -> None:
    work, watch = Work(), Watch(1)

    def looking() -> str:
        work()
        if watch.stopped():
            raise Cancelled
        return "not stopped"

    run = asyncio.create_task(watch.run(executor, looking))
    await work.has_begun()
    watch.stop(late=True)
    assert watch.late
    watch.stop()
    assert watch.late  # which of the two came first does not matter
    await asyncio.sleep(0)
    assert not run.done()
    work.may_end.set()
    with pytest.raises(Cancelled):
        await run


async def test_cancelled_from_outside_it_waits_for_the_thread(
    executor: ThreadPoolExecutor,
) -> None:
    work, watch = Work(), Watch(1)
    run = asyncio.create_task(watch.run(executor, work))
    await work.has_begun()
    run.cancel()
    done, _ = await asyncio.wait([run], timeout=0.05)
    assert not done
    assert watch.stopped()
    assert not watch.late
    work.may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert work.ended


async def test_cancelled_from_outside_before_the_thread_begins_it_ends_at_once(
    executor: ThreadPoolExecutor,
) -> None:
    busy, never, watch = Work(), Work(), Watch(1)
    busy_run = asyncio.create_task(Watch(1).run(executor, busy))
    await busy.has_begun()
    run = asyncio.create_task(watch.run(executor, never))
    await asyncio.sleep(0)
    run.cancel()
    async with asyncio.timeout(10):
        with pytest.raises(asyncio.CancelledError):
            await run
    busy.may_end.set()
    await busy_run
    executor.shutdown(wait=True)
    assert not never.begun.is_set()
