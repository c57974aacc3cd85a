import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, cast

import pytest

from bots import delivery
from bots.delivery import DeliveryLoop
from bots.desk import TryLater, Undeliverable
from bots.status import StatusBoard
from core import answers, captions, keys, versions
from core.blobs import Blobs
from core.buttons import Buttons
from core.errors import ServiceDown
from core.jobs import Failed, PhotoRef, Reply
from core.language import _, speaking
from core.outbox import Outbox
from core.queue import Queue
from core.store import Client
from tests.doubles.desk import RecordingDesk
from tests.doubles.jobs import enhanced, fresh, opened, reply

Running = Callable[[], AbstractAsyncContextManager[DeliveryLoop]]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, outbox: Outbox) -> None:
    monkeypatch.setattr(delivery, "RETRY_SECONDS", (0.01,))
    monkeypatch.setattr(outbox, "deliveries", partial(outbox.deliveries, block_seconds=0.05))


@pytest.fixture(autouse=True)
async def _open(client: Client) -> None:
    await opened(client, "test")


@pytest.fixture
def running(desk: RecordingDesk, outbox: Outbox, blobs: Blobs, buttons: Buttons) -> Running:
    @asynccontextmanager
    async def run() -> AsyncIterator[DeliveryLoop]:
        loop = DeliveryLoop(desk, outbox, blobs, buttons)
        task = asyncio.create_task(loop.run())
        yield loop
        await asyncio.wait_for(loop.drain(), 5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    return run


async def published(
    desk: RecordingDesk, outbox: Outbox, blobs: Blobs, name: str = "job-1"
) -> Reply:
    """A reply with a file and a collage in the store and a status message in the chat."""
    key, collage = (Blobs.key(name, part, time.time() + 600) for part in ("out", "collage"))
    result = enhanced(key=key, collage=collage)
    told = reply(name, results=(result,), address=await desk.open_status({"chat": 1}, "…"))
    await blobs.put(result.key, b"file")
    await blobs.put(collage, b"collage")
    assert await outbox.publish(told)
    return told


async def test_an_answer_arrives_with_its_bytes_and_leaves_nothing_behind(
    desk: RecordingDesk, outbox: Outbox, blobs: Blobs, client: Client, running: Running
) -> None:
    told = await published(desk, outbox, blobs)
    async with running():
        await desk.delivered["job-1"].wait()
    answer = desk.messages[1].answer
    assert answer is not None
    assert answer.reply == told
    assert [(file.data, file.collage) for file in answer.files] == [(b"file", b"collage")]
    assert [len(row) for row in answer.buttons] == [2, 3]
    assert await blobs.keys() == []
    assert await client.xlen(keys.outbox("test")) == 0
    assert await client.exists(keys.sent("job-1")) == 0


async def test_a_failed_photo_is_a_sentence_without_files_or_buttons(
    desk: RecordingDesk, outbox: Outbox, running: Running
) -> None:
    address = await desk.open_status({"chat": 1}, "…")
    failed = (Failed(code="broken", text="This file is broken."),)
    await outbox.publish(reply(results=failed, address=address))
    async with running():
        await desk.delivered["job-1"].wait()
    answer = desk.messages[1].answer
    assert answer is not None
    assert (answer.caption, answer.files, answer.buttons) == ("This file is broken.", (), ())


async def test_after_a_failure_only_what_was_not_sent_is_sent(
    desk: RecordingDesk, outbox: Outbox, blobs: Blobs, running: Running
) -> None:
    await published(desk, outbox, blobs)
    desk.faults = [RuntimeError("flood"), OSError("the network"), TimeoutError()]
    async with running():
        await desk.delivered["job-1"].wait()
    assert desk.parts == [("job-1", "text"), ("job-1", "files")]
    assert await blobs.keys() == []


async def test_a_crash_between_send_and_acknowledgement_repeats_no_part(
    desk: RecordingDesk,
    outbox: Outbox,
    blobs: Blobs,
    buttons: Buttons,
    client: Client,
    running: Running,
) -> None:
    await published(desk, outbox, blobs)
    reached = asyncio.Event()

    async def killed(job_id: str) -> None:
        reached.set()
        await asyncio.Event().wait()

    desk.before_files = killed
    task = asyncio.create_task(DeliveryLoop(desk, outbox, blobs, buttons).run())
    await reached.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not desk.delivered["job-1"].is_set()
    desk.before_files = None
    async with running():
        await desk.delivered["job-1"].wait()
    assert desk.parts == [("job-1", "text"), ("job-1", "files")]
    assert await client.xlen(keys.outbox("test")) == 0


async def test_after_five_failures_the_person_is_told_and_the_reply_is_kept(
    desk: RecordingDesk, outbox: Outbox, blobs: Blobs, client: Client, running: Running
) -> None:
    await published(desk, outbox, blobs)
    await published(desk, outbox, blobs, "job-2")
    attempts = 0

    async def refused(job_id: str) -> None:
        nonlocal attempts
        if job_id == "job-1":
            attempts += 1
            raise RuntimeError("no")

    desk.before_files = refused
    async with running():
        await desk.delivered["job-2"].wait()
        await desk.until(lambda: desk.messages[1].text == captions.NOT_DELIVERED)
    assert attempts == delivery.ATTEMPTS
    ((_, letter),) = await client.xrange(keys.dead("test"))
    assert letter["cause"] == "RuntimeError"
    assert len(await blobs.keys()) == 2  # the operator can still send it


async def test_a_platform_out_of_reach_is_waited_for_and_never_given_up(
    desk: RecordingDesk,
    outbox: Outbox,
    blobs: Blobs,
    client: Client,
    running: Running,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery, "LATER_SECONDS_MAX", 0.01)
    await published(desk, outbox, blobs)
    counts: set[str | None] = set()

    async def counted(job_id: str) -> None:
        counts.add(await cast("Awaitable[str | None]", client.hget(keys.sent(job_id), "attempts")))

    desk.before_files = counted
    desk.faults = [TryLater() for _ in range(2 * delivery.DEADLY_ATTEMPTS)]
    async with running():
        await desk.delivered["job-1"].wait()
    assert counts == {"1"}
    assert desk.parts == [("job-1", "text"), ("job-1", "files")]
    assert await client.xlen(keys.dead("test")) == 0


async def test_a_photo_store_out_of_reach_is_waited_for_too(
    desk: RecordingDesk,
    outbox: Outbox,
    blobs: Blobs,
    client: Client,
    running: Running,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery, "LATER_SECONDS_MAX", 0.01)
    await published(desk, outbox, blobs)
    get, silences = blobs.get, 2 * delivery.DEADLY_ATTEMPTS

    async def silent(key: str) -> bytes:
        nonlocal silences
        if silences:
            silences -= 1
            raise ServiceDown("The photo store does not answer.")
        return await get(key)

    monkeypatch.setattr(blobs, "get", silent)
    async with running():
        await desk.delivered["job-1"].wait()
    assert silences == 0
    assert await client.xlen(keys.dead("test")) == 0


async def test_the_waits_double_up_to_a_minute_however_long_it_lasts(
    desk: RecordingDesk,
    outbox: Outbox,
    blobs: Blobs,
    buttons: Buttons,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery, "RETRY_SECONDS", (1.0,))
    await published(desk, outbox, blobs)
    (found,) = [one async for one in outbox.deliveries("test", block_seconds=0.01)]
    loop = DeliveryLoop(desk, outbox, blobs, buttons)
    desk.faults = [TryLater() for _ in range(1100)]  # 18 hours
    waits = [await loop._deliver(found) for _ in range(1100)]
    assert waits[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert set(waits[8:]) == {60}
    assert await loop._deliver(found) == 0
    assert desk.delivered["job-1"].is_set()


async def test_a_reply_that_ends_the_bot_each_time_is_given_up(
    desk: RecordingDesk,
    outbox: Outbox,
    blobs: Blobs,
    buttons: Buttons,
    client: Client,
    running: Running,
) -> None:
    await published(desk, outbox, blobs)
    reached = asyncio.Event()

    async def deadly(job_id: str) -> None:
        reached.set()
        await asyncio.Event().wait()

    desk.before_files = deadly
    for _time in range(delivery.DEADLY_ATTEMPTS):
        task = asyncio.create_task(DeliveryLoop(desk, outbox, blobs, buttons).run())
        await reached.wait()
        reached.clear()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert await client.xlen(keys.dead("test")) == 0
    async with running():
        await desk.until(lambda: desk.messages[1].text == captions.NOT_DELIVERED)
    assert not reached.is_set()
    ((_, letter),) = await client.xrange(keys.dead("test"))
    assert letter["cause"] == "ends the bot"


async def test_a_chat_that_is_gone_gets_no_second_attempt(
    desk: RecordingDesk, outbox: Outbox, blobs: Blobs, client: Client, running: Running
) -> None:
    await published(desk, outbox, blobs)
    desk.faults = [Undeliverable("the bot was blocked")]
    async with running():
        await desk.until(lambda: not desk.faults)
    ((_, letter),) = await client.xrange(keys.dead("test"))
    assert letter["cause"] == "the bot was blocked"
    assert desk.parts == [("job-1", "text")]


async def test_bytes_that_are_gone_become_a_sentence(
    desk: RecordingDesk, outbox: Outbox, blobs: Blobs, running: Running
) -> None:
    told = await published(desk, outbox, blobs)
    await blobs.delete(told.blob_keys())
    async with running():
        await desk.delivered["job-1"].wait()
    answer = desk.messages[1].answer
    assert answer is not None
    assert answer.caption == "The photo is not in the lab any more. Please send it again."
    assert answer.files == ()


async def test_a_missing_collage_does_not_withhold_the_photo(
    desk: RecordingDesk, outbox: Outbox, blobs: Blobs, running: Running
) -> None:
    told = await published(desk, outbox, blobs)
    await blobs.delete(told.blob_keys()[1:])
    async with running():
        await desk.delivered["job-1"].wait()
    answer = desk.messages[1].answer
    assert answer is not None
    assert [(file.data, file.collage) for file in answer.files] == [(b"file", None)]


async def test_one_slow_chat_does_not_hold_up_the_others(
    desk: RecordingDesk, outbox: Outbox, blobs: Blobs, running: Running
) -> None:
    await published(desk, outbox, blobs, "slow")
    may_go = asyncio.Event()

    async def wait_if_slow(job_id: str) -> None:
        if job_id == "slow":
            await may_go.wait()

    desk.before_files = wait_if_slow
    async with running():
        await desk.until(lambda: bool(desk.parts))
        await published(desk, outbox, blobs, "quick")
        await desk.delivered["quick"].wait()
        assert not desk.delivered["slow"].is_set()
        may_go.set()
        await desk.delivered["slow"].wait()


async def test_lost_jobs_are_answered_by_the_sweeper(
    desk: RecordingDesk,
    outbox: Outbox,
    queue: Queue,
    client: Client,
    running: Running,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.outbox.VANISHED_SECONDS", -1.0)
    address = await desk.open_status({"chat": 1}, "…")
    await queue.enqueue(fresh(address=address, photos=(PhotoRef(key="gone"),)))
    await client.zrem(keys.QUEUE, "job-1")
    async with running():
        await desk.delivered["job-1"].wait()
    assert desk.messages[1].text == captions.LOST


async def test_a_job_past_its_deadline_is_told_that_the_lab_did_not_get_to_it(
    desk: RecordingDesk, outbox: Outbox, queue: Queue, running: Running
) -> None:
    address = await desk.open_status({"chat": 1}, "…")
    await queue.enqueue(fresh(address=address, seconds=0.001))
    async with running():
        await desk.delivered["job-1"].wait()
    assert desk.messages[1].text == captions.NOT_IN_TIME


async def test_old_bytes_and_what_was_left_of_delivered_jobs_are_swept(
    desk: RecordingDesk,
    outbox: Outbox,
    blobs: Blobs,
    buttons: Buttons,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await blobs.put(Blobs.key("old", "in-0", 5), b"x")
    later = time.time() + 600
    await blobs.put(Blobs.key("delivered", "out-1", later), b"what a killed worker left")
    await blobs.put(Blobs.key("published", "out-1", later), b"on its way")
    for name in ("delivered", "published"):
        await outbox.publish(reply(name, address=await desk.open_status({"chat": 1}, "…")))
        if name == "delivered":
            (found,) = [one async for one in outbox.deliveries("test")]
            await outbox.acknowledge(found)

    async def slowly(job_id: str) -> None:
        await asyncio.Event().wait()

    desk.before_files = slowly
    swept = asyncio.Event()
    sweep = blobs.sweep

    async def watched(*words: Any, **options: Any) -> int:
        count = await sweep(*words, **options)
        swept.set()
        return count

    monkeypatch.setattr(blobs, "sweep", watched)
    task = asyncio.create_task(DeliveryLoop(desk, outbox, blobs, buttons).run())
    await asyncio.wait_for(swept.wait(), 10)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await blobs.keys() == [Blobs.key("published", "out-1", later)]


async def test_an_answer_of_another_version_is_told_in_its_language_and_kept(
    desk: RecordingDesk, client: Client, running: Running
) -> None:
    address = await desk.open_status({"chat": 1}, "…")
    record = reply("new", language="de", address=address).model_dump(mode="json")
    record |= {"v": 2, "results": [{"kind": "film", "key": "x"}]}
    await client.xadd(keys.outbox("test"), {"reply": json.dumps(record)})
    async with running():
        await desk.delivered["new"].wait()
    with speaking("de"):
        assert desk.messages[1].text == _(versions.OTHER_VERSION) != versions.OTHER_VERSION
    ((_entry, letter),) = await client.xrange(keys.dead("test"))
    assert json.loads(letter["reply"]) == record
    assert await client.xlen(keys.outbox("test")) == 0


async def test_while_redis_is_full_answers_still_go_out_once(
    desk: RecordingDesk, outbox: Outbox, blobs: Blobs, client: Client, running: Running
) -> None:
    for name in ("job-1", "job-2"):
        await published(desk, outbox, blobs, name)
    desk.faults = [RuntimeError("flood"), TryLater()]
    await client.config_set("maxmemory", 1)
    try:
        async with running():
            for name in ("job-1", "job-2"):
                await desk.delivered[name].wait()
    finally:
        await client.config_set("maxmemory", 0)
    assert sorted(desk.parts) == [
        *(("job-1", "files"), ("job-1", "text")),
        *(("job-2", "files"), ("job-2", "text")),
    ]
    assert await client.xlen(keys.outbox("test")) == 0
    assert await client.xlen(keys.dead("test")) == 0


async def test_while_redis_is_full_an_answer_that_no_chat_takes_is_buried_once(
    desk: RecordingDesk, outbox: Outbox, blobs: Blobs, client: Client, running: Running
) -> None:
    await published(desk, outbox, blobs)
    desk.faults = [Undeliverable("the bot was blocked")]
    await client.config_set("maxmemory", 1)
    try:
        async with running():
            await desk.until(lambda: not desk.faults)
    finally:
        await client.config_set("maxmemory", 0)
    assert await client.xlen(keys.dead("test")) == 1


async def test_the_status_is_settled_before_the_answer_takes_its_place(
    desk: RecordingDesk, outbox: Outbox, blobs: Blobs, buttons: Buttons, queue: Queue
) -> None:
    told = await published(desk, outbox, blobs)
    board = StatusBoard(desk, queue)
    job = fresh(address=told.address)
    board.watch(job)
    loop = DeliveryLoop(desk, outbox, blobs, buttons, board)
    task = asyncio.create_task(loop.run())
    await desk.delivered["job-1"].wait()
    await loop.drain()
    await board.tell(job, "a late edit")
    assert desk.messages[1].text == answers.caption(told)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
