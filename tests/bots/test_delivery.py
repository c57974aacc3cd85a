"""Answers arrive with their bytes, once, whatever fails on the way."""

import asyncio
from collections.abc import Awaitable
from typing import cast

import pytest

from bots import delivery
from bots.delivery import DeliveryLoop
from bots.desk import TryLater, Undeliverable
from bots.status import StatusBoard
from core import answers, captions, keys
from core.blobs import Blobs
from core.buttons import Buttons
from core.errors import ServiceDown
from core.jobs import Failed
from core.outbox import Outbox
from core.queue import Queue
from core.store import Client
from tests.bots.sending import Running, published
from tests.doubles.desk import RecordingDesk
from tests.doubles.jobs import fresh, reply

pytestmark = pytest.mark.usefixtures("quick_delivery", "open_outbox")


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
