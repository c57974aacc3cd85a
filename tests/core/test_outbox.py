import asyncio
import json
import time
from collections.abc import Awaitable
from typing import cast

import pytest

from core import keys, letters
from core.jobs import Job, PhotoRef, Reply
from core.leases import Leases
from core.outbox import CONSUMER, FOREIGN_SECONDS, GROUP, Delivery, Outbox
from core.queue import Queue
from core.store import Client
from tests.doubles.clock import shift_clock
from tests.doubles.jobs import enhanced, fresh, opened, reply

COUNTERS = keys.PREFIX + "day:"


@pytest.fixture(autouse=True)
async def _open(client: Client) -> None:
    await opened(client, "test", "one", "two")


async def read(outbox: Outbox, platform: str = "test") -> list[Delivery]:
    return [found async for found in outbox.deliveries(platform, block_seconds=0.01)]


def lost(job: Job, late: bool) -> Reply:
    return Reply.failure(job, "lost", "Lost.")


async def test_of_many_that_publish_one_wins(client: Client, queue: Queue, outbox: Outbox) -> None:
    await queue.enqueue(fresh())
    replies = [reply(results=(enhanced(seconds=float(n)),)) for n in range(20)]
    won = await asyncio.gather(*(outbox.publish(one) for one in replies))
    assert won.count(True) == 1
    found = await read(outbox)
    assert [one.reply for one in found] == [replies[won.index(True)]]
    assert await outbox.published("job-1")


async def test_publishing_the_very_same_reply_again_is_a_success_and_sends_nothing(
    outbox: Outbox,
) -> None:
    """A connection that breaks behind the script makes redis-py send it again."""
    assert await outbox.publish(reply())
    assert await outbox.publish(reply())
    assert len(await read(outbox)) == 1
    assert not await outbox.publish(reply(results=(enhanced(seconds=9.9),)))


async def test_publishing_frees_everything_that_the_job_held(
    client: Client, queue: Queue, outbox: Outbox
) -> None:
    sent = fresh(photos=tuple(PhotoRef(key=f"k{n}") for n in range(3)), community="club")
    await queue.enqueue(sent)
    await Leases(client, "host-1", seconds=10.0).begin("job-1")
    await outbox.publish(Reply.failure(sent, "x", "X."))
    left = {key for key in await client.keys("*") if not key.startswith(COUNTERS)}
    assert left == {
        keys.QUEUE,  # the worker that holds the job takes it out
        "arq:job:job-1",
        keys.CLOCK,  # until the deadline
        keys.PLATFORMS,
        keys.done("job-1"),
        keys.outbox("test"),
    }
    assert 0 < await client.ttl(keys.done("job-1")) <= 48 * 3600


async def test_what_a_crash_left_unacknowledged_comes_first_again(outbox: Outbox) -> None:
    await outbox.publish(reply("a"))
    await outbox.publish(reply("b"))
    assert [one.reply.job for one in await read(outbox)] == ["a", "b"]
    await outbox.publish(reply("c"))
    again = await read(outbox)
    assert [one.reply.job for one in again] == ["a", "b", "c"]
    for one in again[:2]:
        await outbox.acknowledge(one)
    assert [one.reply.job for one in await read(outbox)] == ["c"]


async def test_an_acknowledged_reply_leaves_nothing_behind(client: Client, outbox: Outbox) -> None:
    await outbox.publish(reply())
    (found,) = await read(outbox)
    assert await outbox.attempt(found) == 1
    await outbox.recorder("job-1")("file", "message 5")
    await outbox.acknowledge(found)
    assert await client.xlen(keys.outbox("test")) == 0
    assert (await client.xpending(keys.outbox("test"), GROUP))["pending"] == 0
    assert await client.exists(keys.sent("job-1")) == 0


async def test_attempts_and_sent_parts_are_remembered(outbox: Outbox) -> None:
    await outbox.publish(reply())
    (found,) = await read(outbox)
    assert [await outbox.attempt(found), await outbox.attempt(found)] == [1, 2]
    assert await outbox.sent_parts("job-1") == {}
    await outbox.recorder("job-1")("file", "message 5")
    assert await outbox.sent_parts("job-1") == {"file": "message 5"}
    await outbox.spare(found)
    assert await outbox.attempt(found) == 2
    assert await outbox.sent_parts("job-1") == {"file": "message 5"}


async def test_what_cannot_be_delivered_goes_to_the_dead_letters(
    client: Client, outbox: Outbox
) -> None:
    await outbox.publish(reply())
    (found,) = await read(outbox)
    await outbox.bury(found, "the chat is gone")
    assert await read(outbox) == []
    ((_, letter),) = await client.xrange(keys.dead("test"))
    assert letter["cause"] == "the chat is gone"
    assert Reply.from_json(letter["reply"]) == reply()


async def test_a_reply_of_another_version_does_not_hold_up_the_others(
    client: Client, outbox: Outbox
) -> None:
    await client.xadd(keys.outbox("test"), {"reply": '{"v":99}'})
    await client.xadd(keys.outbox("test"), {"nonsense": "x"})
    await outbox.publish(reply())
    assert [one.reply for one in await read(outbox)] == [reply()]
    assert await client.xlen(keys.dead("test")) == 2


async def test_a_reply_of_another_version_becomes_a_sentence_and_stays_for_its_own_processes(
    client: Client, outbox: Outbox
) -> None:
    record = json.dumps(reply().model_dump(mode="json") | {"v": 2, "results": "elsewhere"})
    await client.xadd(keys.outbox("test"), {"reply": record})
    (found,) = await read(outbox)
    assert found.foreign == record
    assert found.reply.address == reply().address
    assert [one.kind for one in found.reply.results] == ["failed"]
    assert await client.xlen(keys.dead("test")) == 0  # not before the person was told
    await outbox.acknowledge(found)
    ((_, letter),) = await client.xrange(keys.dead("test"))
    assert letter["reply"] == record
    assert await read(outbox) == []


async def test_jobs_whose_answer_has_arrived_are_known(outbox: Outbox) -> None:
    await outbox.publish(reply("arrived"))
    (found,) = await read(outbox)
    await outbox.acknowledge(found)
    await outbox.publish(reply("published"))
    assert await outbox.delivered({"arrived", "published", "never"}) == {"arrived"}
    assert await outbox.delivered(set()) == set()
    assert await outbox.published("arrived")
    assert not await outbox.publish(reply("arrived"))


async def test_a_redis_without_memory_lets_every_step_of_a_delivery_through(
    client: Client, outbox: Outbox
) -> None:
    for name in ("a", "b"):
        await outbox.publish(reply(name))
    await client.config_set("maxmemory", 1)
    try:
        first, second = await read(outbox)
        assert [await outbox.attempt(first) for _ in range(2)] == [1, 2]
        await outbox.spare(first)
        await outbox.recorder("a")("file", "message 5")
        assert await outbox.sent_parts("a") == {"file": "message 5"}
        await outbox.acknowledge(first)
        await outbox.bury(second, "the chat is gone")
    finally:
        await client.config_set("maxmemory", 0)
    assert await read(outbox) == []
    assert await client.xlen(keys.dead("test")) == 1
    assert 0 < await client.ttl(keys.dead("test")) <= letters.KEPT_SECONDS


async def test_many_unfinished_replies_are_all_read_however_many_wait(outbox: Outbox) -> None:
    names = [f"job-{n:02}" for n in range(40)]
    for name in names:
        await outbox.publish(reply(name))
    seen: set[str] = set()
    for _ in range(5):
        seen |= {one.reply.job for one in await read(outbox)}
    assert seen == set(names)
    unfinished = Outbox(outbox._client)  # the next process
    again = {one.reply.job for one in await read(unfinished)}
    assert again == set(names)


async def test_platforms_do_not_see_each_others_replies(outbox: Outbox) -> None:
    await outbox.publish(reply("a", platform="one"))
    await outbox.publish(reply("b", platform="two"))
    assert [one.reply.job for one in await read(outbox, "two")] == ["b"]


async def test_the_sweeper_leaves_waiting_and_running_jobs_alone(
    client: Client, queue: Queue, outbox: Outbox
) -> None:
    await queue.enqueue(fresh("waits"))
    await queue.enqueue(fresh("runs"))
    await client.zrem(keys.QUEUE, "runs")
    await client.set("arq:in-progress:runs", "1")
    assert await outbox.sweep(lost, now=time.time() + 100) == 0


async def test_the_sweeper_answers_for_a_job_that_nobody_knows_any_more(
    client: Client, queue: Queue, outbox: Outbox
) -> None:
    await queue.enqueue(fresh())
    await client.zrem(keys.QUEUE, "job-1")
    assert await outbox.sweep(lost, now=time.time() + 10) == 0
    assert await outbox.sweep(lost, now=time.time() + 20) == 1
    assert await outbox.sweep(lost, now=time.time() + 30) == 0
    assert [one.reply.results[0].kind for one in await read(outbox)] == ["failed"]
    assert await client.exists("arq:job:job-1") == 0


async def test_the_sweeper_answers_at_the_deadline_and_takes_the_job_out(
    client: Client, queue: Queue, outbox: Outbox
) -> None:
    await queue.enqueue(fresh(seconds=60))
    assert await outbox.sweep(lost, now=time.time() + 59) == 0
    swept = await asyncio.gather(*(outbox.sweep(lost, now=time.time() + 61) for _ in range(5)))
    assert sum(swept) >= 1
    assert len(await read(outbox)) == 1
    assert await client.zcard(keys.QUEUE) == 0
    assert await client.zcard(keys.user("test", "ann")) == 0


async def test_the_sweeper_survives_records_of_other_versions_and_missing_ones(
    client: Client, queue: Queue, outbox: Outbox
) -> None:
    for name in ("strange", "gone", "late"):
        await queue.enqueue(fresh(name))
    await client.set(keys.job("strange"), '{"v":99}')
    await client.delete(keys.job("gone"))
    await client.zrem(keys.QUEUE, "late")
    assert await outbox.sweep(lost, now=time.time() + 60) == 1
    assert set(await client.zrange(keys.owed("test"), 0, -1)) == {"strange"}


async def test_a_job_of_another_version_is_answered_when_its_own_processes_did_not(
    client: Client, queue: Queue, outbox: Outbox
) -> None:
    strange = fresh("strange", seconds=60)
    await queue.enqueue(strange)
    record = json.dumps(strange.model_dump(mode="json") | {"v": 2, "recipe": "elsewhere"})
    await client.set(keys.job("strange"), record)
    late = time.time() + 60
    assert await outbox.sweep(lost, now=late + FOREIGN_SECONDS - 1) == 0
    assert await outbox.sweep(lost, now=late + FOREIGN_SECONDS + 1) == 1
    (told,) = await read(outbox)
    assert told.reply.address == strange.address
    assert [one.kind for one in told.reply.results] == ["failed"]
    assert await client.zcard(keys.user("test", "ann")) == 0


async def test_another_machines_clock_makes_no_job_late(
    queue: Queue, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    await queue.enqueue(fresh(seconds=60))
    shift_clock(monkeypatch, days=1)
    assert await outbox.sweep(lost) == 0
    assert await read(outbox) == []


async def test_a_closed_platform_is_forgotten(client: Client, queue: Queue, outbox: Outbox) -> None:
    await queue.enqueue(fresh())
    await outbox.publish(reply())
    await read(outbox)
    await outbox.close("test")
    left = await client.keys("*")
    assert keys.outbox("test") not in left
    assert keys.owed("test") not in left
    platforms = await cast("Awaitable[set[str]]", client.smembers(keys.PLATFORMS))
    assert platforms == {"one", "two"}


async def test_a_late_reply_to_a_closed_platform_makes_no_stream_that_nobody_reads(
    client: Client, queue: Queue, outbox: Outbox
) -> None:
    sent = fresh()
    await queue.enqueue(sent)
    await outbox.close("test")
    assert not await outbox.publish(reply())
    assert await outbox.published("job-1")
    left = {key for key in await client.keys("*") if not key.startswith(COUNTERS)}
    left -= {keys.QUEUE, "arq:job:job-1", keys.CLOCK}
    assert left == {keys.PLATFORMS, keys.done("job-1")}


async def test_the_stream_is_made_anew_when_it_is_gone(client: Client, outbox: Outbox) -> None:
    assert await read(outbox) == []
    await client.flushall()
    await opened(client, "test")
    await outbox.publish(reply())
    assert len(await read(outbox)) == 1
    consumers = await client.xinfo_consumers(keys.outbox("test"), GROUP)
    assert [consumer["name"] for consumer in consumers] == [CONSUMER]


async def test_a_pending_entry_that_somebody_deleted_is_forgotten(
    client: Client, outbox: Outbox
) -> None:
    await outbox.publish(reply("a"))
    (found,) = await read(outbox)
    await client.xdel(keys.outbox("test"), found.entry)
    await outbox.publish(reply("b"))
    assert [one.reply.job for one in await read(outbox)] == ["b"]
    assert [one.reply.job for one in await read(outbox)] == ["b"]
    assert (await client.xpending(keys.outbox("test"), GROUP))["pending"] == 1
