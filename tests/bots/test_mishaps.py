"""Mishaps around the delivery: lost and late jobs, leftovers, another version, a full Redis."""

import asyncio
import json
import time
from typing import Any

import pytest

from bots.delivery import DeliveryLoop
from bots.desk import TryLater, Undeliverable
from core import captions, keys, versions
from core.blobs import Blobs
from core.buttons import Buttons
from core.jobs import PhotoRef
from core.language import _, speaking
from core.outbox import Outbox
from core.queue import Queue
from core.store import Client
from tests.bots.sending import Running, published
from tests.doubles.desk import RecordingDesk
from tests.doubles.jobs import fresh, reply

pytestmark = pytest.mark.usefixtures("quick_delivery", "open_outbox")


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
