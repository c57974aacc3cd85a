"""Jobs that are stopped: taken back, too slow, or handed back by their worker."""

import asyncio
import itertools
import threading
from collections.abc import Coroutine
from concurrent.futures import Executor
from typing import Any

import pytest

from bots.conversation import Lab
from core import captions, keys
from core.answers import caption
from core.jobs import Enhanced, Failed, Reply
from core.leases import Leases
from core.queue import Cancelling
from core.store import Client, RedisError
from tests.doubles.photos import photo_file
from tests.worker.bench.harness import (
    Clock,
    HeldEngine,
    answers,
    come,
    enqueued,
    make_bench,
    only_answer,
)
from worker.bench import Bench
from worker.models import Models
from worker.watch import Watch


async def test_a_running_job_stops_when_it_is_taken_back(
    lab: Lab, bench: Bench, engine: HeldEngine, client: Client, stopped: threading.Event
) -> None:
    job = await enqueued(lab, photo_file(), photo_file())
    engine.may_go.clear()
    await client.set(f"arq:in-progress:{job.id}", "1")
    work = asyncio.create_task(bench.work("job-1"))
    await come(engine.begun)
    outcome = await lab.queue.cancel(job, Reply.failure(job, "cancelled", captions.CANCELLED))
    assert outcome is Cancelling.STOPPING
    await come(stopped)
    engine.may_go.set()
    await work
    assert caption(await only_answer(lab)).startswith("0 of 2")
    assert await lab.blobs.keys() == []


async def test_taken_back_at_the_second_photo_the_first_result_is_thrown_away(
    lab: Lab, bench: Bench, engine: HeldEngine, client: Client, stopped: threading.Event
) -> None:
    job = await enqueued(lab, photo_file(), photo_file())
    await client.set(f"arq:in-progress:{job.id}", "1")
    run, runs, second = engine.run, itertools.count(1), threading.Event()

    def held(*words: Any, **options: Any) -> Any:
        if next(runs) == 2:
            engine.may_go.clear()
            second.set()
        return run(*words, **options)

    engine.run = held  # type: ignore[method-assign]
    work = asyncio.create_task(bench.work("job-1"))
    await come(second)
    await lab.queue.cancel(job, Reply.failure(job, "cancelled", captions.CANCELLED))
    await come(stopped)
    engine.may_go.set()
    await work
    assert await lab.blobs.keys() == []


async def test_a_job_that_takes_too_long_is_told_so(
    lab: Lab,
    leases: Leases,
    models: Models,
    engine: HeldEngine,
    clock: Clock,
    stopped: threading.Event,
) -> None:
    bench = make_bench(lab, leases, models, engine, job_seconds=60.0)
    await enqueued(lab, photo_file(), photo_file())
    engine.may_go.clear()
    work = asyncio.create_task(bench.work("job-1"))
    await come(engine.begun)
    clock.now += 61
    await come(stopped)
    assert not work.done()  # a thread can only be asked
    engine.may_go.set()  # it notices at its next tile
    await work
    bench.close()
    results = (await only_answer(lab)).results
    assert [result.code for result in results if isinstance(result, Failed)] == ["too_slow"] * 2
    assert {result.text for result in results if isinstance(result, Failed)} == {captions.TOO_SLOW}
    assert await lab.blobs.keys() == []


async def test_the_time_of_all_photos_counts_and_those_that_were_ready_go_out(
    lab: Lab,
    leases: Leases,
    models: Models,
    engine: HeldEngine,
    clock: Clock,
    stopped: threading.Event,
) -> None:
    bench = make_bench(lab, leases, models, engine, job_seconds=60.0)
    run, runs = engine.run, itertools.count(1)

    def slow(*words: Any, **options: Any) -> Any:
        clock.now += 40
        if next(runs) == 2:
            assert stopped.wait(20)
        return run(*words, **options)

    engine.run = slow  # type: ignore[method-assign]
    await enqueued(lab, photo_file(), photo_file(), photo_file())
    await bench.work("job-1")
    bench.close()
    first, *others = (await only_answer(lab)).results
    assert isinstance(first, Enhanced)
    assert first.seconds == 40
    assert [result.code for result in others if isinstance(result, Failed)] == ["too_slow"] * 2
    assert await lab.blobs.get(first.key)


async def test_waiting_for_the_model_is_not_working(
    lab: Lab,
    leases: Leases,
    models: Models,
    engine: HeldEngine,
    clock: Clock,
    stopped: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = make_bench(lab, leases, models, engine, job_seconds=60.0)
    waiting, looked, may_end = asyncio.Event(), asyncio.Semaphore(0), threading.Event()
    run, unwanted = Watch.run, lab.queue.unwanted

    def watched(
        self: Watch, executor: Executor, work: Any, **stage: Any
    ) -> Coroutine[Any, Any, Any]:
        if executor is bench._model_thread:
            waiting.set()
        return run(self, executor, work, **stage)

    async def looking(job_id: str) -> bool:
        looked.release()
        return await unwanted(job_id)

    monkeypatch.setattr(Watch, "run", watched)
    monkeypatch.setattr(lab.queue, "unwanted", looking)
    busy = bench._model_thread.submit(may_end.wait, 20)  # somebody else's large photo
    await enqueued(lab, photo_file())
    work = asyncio.create_task(bench.work("job-1"))
    async with asyncio.timeout(20):
        await waiting.wait()
        clock.now += 3600
        while not looked.locked():
            await looked.acquire()
        for _ in range(2):  # the bench has looked at the clock again
            await looked.acquire()
    may_end.set()
    await work
    assert busy.result()
    assert not stopped.is_set()
    bench.close()
    assert isinstance((await only_answer(lab)).results[0], Enhanced)


async def test_stopped_from_outside_the_job_is_handed_back_and_nothing_published(
    lab: Lab, bench: Bench, engine: HeldEngine, client: Client
) -> None:
    await enqueued(lab, photo_file())
    engine.may_go.clear()
    work = asyncio.create_task(bench.work("job-1"))
    await come(engine.begun)
    work.cancel()
    await asyncio.sleep(0)
    assert not work.done()  # the thread still runs: another worker must not begin yet
    engine.may_go.set()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert await answers(lab) == []
    assert await client.get(keys.starts("job-1")) == "0"
    await bench.work("job-1")
    assert isinstance((await only_answer(lab)).results[0], Enhanced)


async def test_a_hand_back_that_redis_refuses_hides_no_cancelling(
    lab: Lab,
    bench: Bench,
    leases: Leases,
    engine: HeldEngine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(job_id: str) -> None:
        raise RedisError("gone")

    monkeypatch.setattr(leases, "hand_back", broken)
    await enqueued(lab, photo_file())
    engine.may_go.clear()
    work = asyncio.create_task(bench.work("job-1"))
    await come(engine.begun)
    work.cancel()
    engine.may_go.set()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert "keeps its start" in caplog.text
