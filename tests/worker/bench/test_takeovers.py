"""Jobs that are found begun, answered or unreadable, and a Redis that fails."""

import asyncio
import threading
from typing import Any

import pytest

from bots.conversation import Lab
from core import captions, keys, versions
from core.answers import caption
from core.jobs import Enhanced, Reply
from core.leases import Leases
from core.store import Client, RedisError
from tests.doubles.photos import photo_file
from tests.worker.bench.harness import (
    HeldEngine,
    answers,
    come,
    enqueued,
    make_bench,
    only_answer,
)
from worker.bench import STARTS_MAX, Bench
from worker.models import Models


async def test_a_job_that_ended_its_worker_twice_is_given_up(
    lab: Lab, bench: Bench, leases: Leases
) -> None:
    await enqueued(lab, photo_file())
    for _start in range(STARTS_MAX):
        await leases.begin("job-1")
    await bench.work("job-1")
    assert caption(await only_answer(lab)) == captions.GIVEN_UP
    assert await lab.blobs.keys() == []


async def test_after_a_death_each_job_of_the_dead_works_alone(
    lab: Lab, bench: Bench, leases: Leases, engine: HeldEngine
) -> None:
    for name in ("poison", "innocent", "new"):
        await enqueued(lab, photo_file(), name=name)
    for name in ("poison", "innocent"):  # both were at work when the process was killed
        await leases.begin(name)
    engine.may_go.clear()
    poison = asyncio.create_task(bench.work("poison"))
    await come(engine.begun)
    others = [asyncio.create_task(bench.work(name)) for name in ("innocent", "new")]
    await asyncio.wait(others, timeout=0.2)
    # What a second kill would leave behind now: only the poisoned one is counted again.
    starts = [await leases.starts(name) for name in ("poison", "innocent", "new")]
    assert starts == [2, 1, 0]
    engine.may_go.set()
    await asyncio.gather(poison, *others)
    assert len([reply for reply in await answers(lab) if reply.blob_keys()]) == 3


@pytest.mark.parametrize("order", [("poison", "innocent"), ("innocent", "poison")])
async def test_the_neighbour_of_a_poisoned_photo_is_not_given_up(
    lab: Lab, bench: Bench, leases: Leases, order: tuple[str, str]
) -> None:
    for name, starts in (("poison", STARTS_MAX), ("innocent", 1)):
        await enqueued(lab, photo_file(), name=name)
        for _start in range(starts):
            await leases.begin(name)
    await asyncio.gather(*(bench.work(name) for name in order))
    told = {reply.job: reply for reply in await answers(lab)}
    assert caption(told["poison"]) == captions.GIVEN_UP
    assert isinstance(told["innocent"].results[0], Enhanced)


async def test_when_redis_fails_the_job_is_neither_answered_nor_counted(
    lab: Lab, bench: Bench, leases: Leases, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await enqueued(lab, photo_file())

    async def broken(*words: Any, **options: Any) -> bool:
        raise RedisError("gone")

    with monkeypatch.context() as away:
        away.setattr(lab.outbox, "publish", broken)
        away.setattr(lab.queue, "learn_pace", broken)  # no reason to lose a result
        with pytest.raises(RedisError):
            await bench.work("job-1")
    assert await leases.starts("job-1") == 0
    assert await lab.blobs.get(job.photos[0].key)
    await bench.work("job-1")
    assert isinstance((await only_answer(lab)).results[0], Enhanced)


async def test_a_job_that_was_answered_elsewhere_meanwhile_stops(
    lab: Lab, bench: Bench, engine: HeldEngine, stopped: threading.Event
) -> None:
    job = await enqueued(lab, photo_file())
    engine.may_go.clear()
    work = asyncio.create_task(bench.work("job-1"))
    await come(engine.begun)
    lost = Reply.failure(job, "lost", captions.NOT_IN_TIME)
    assert await lab.outbox.publish(lost)
    await come(stopped)
    engine.may_go.set()
    await work
    assert await only_answer(lab) == lost
    assert await lab.blobs.keys() == []


async def test_an_answered_job_is_left_alone(lab: Lab, bench: Bench) -> None:
    job = await enqueued(lab, photo_file())
    await lab.outbox.publish(Reply.failure(job, "x", "X."))
    await bench.work("job-1")
    assert len(await answers(lab)) == 1


async def test_of_two_workers_on_one_job_the_second_throws_its_result_away(
    lab: Lab, leases: Leases, models: Models
) -> None:
    await enqueued(lab, photo_file())
    benches = [make_bench(lab, leases, models, HeldEngine()) for _ in range(2)]
    await asyncio.gather(*(bench.work("job-1") for bench in benches))
    for bench in benches:
        bench.close()
    reply = await only_answer(lab)
    assert set(await lab.blobs.keys()) == set(reply.blob_keys())
    assert len(reply.blob_keys()) == 2


async def test_a_job_of_another_version_is_answered(lab: Lab, bench: Bench, client: Client) -> None:
    await enqueued(lab, photo_file())
    record = '{"v":2,"platform":"test","user":"ann","address":{"chat":7},"photos":[{"new":1}]}'
    await client.set(keys.job("job-1"), record)
    await bench.work("job-1")
    assert caption(await only_answer(lab)) == versions.OTHER_VERSION
    assert await client.zcard(keys.user("test", "ann")) == 0


async def test_a_record_that_cannot_be_read_stops_nothing(
    lab: Lab, bench: Bench, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    for record in ('{"user":"secret-ann"}', "[]", "not json"):
        await client.set(keys.job("job-1"), record)
        await bench.work("job-1")
    assert caplog.text.count("cannot be answered") == 3
    assert "secret-ann" not in caplog.text
