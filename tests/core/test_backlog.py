import json
import time

import pytest

from core import backlog, keys
from core.backlog import Figures
from core.jobs import Reply
from core.outbox import Outbox
from core.presence import Presence
from core.queue import Queue
from core.store import Client
from tests.doubles.jobs import fresh, job, opened, reply


async def test_an_idle_lab(client: Client) -> None:
    figures = await backlog.read(client)
    assert figures.lab["darkroom_redis_memory_bytes"] > 100_000
    del figures.lab["darkroom_redis_memory_bytes"]
    assert figures == Figures(
        {
            "darkroom_redis_up": 1,
            "darkroom_queue_jobs": 0,
            "darkroom_queue_oldest_seconds": 0,
            "darkroom_workers": 0,
            "darkroom_redis_memory_limit_bytes": 0,
        },
        {
            "darkroom_owed_replies": {},
            "darkroom_outbox_entries": {},
            "darkroom_outbox_oldest_seconds": {},
            "darkroom_dead_letters": {},
        },
    )


async def test_what_waits_what_is_owed_and_who_works(
    client: Client, queue: Queue, outbox: Outbox
) -> None:
    await Presence(client).sign("worker", "host-1")
    await client.zadd(keys.alive("worker"), {"host-2": round(1000 * (time.time() - 40))})
    now = time.time()
    for number, age in enumerate((5, 70, 30)):
        waiting = job(f"job-{number}", user=f"u{age}", created=now - age, deadline=now - age + 600)
        await queue.enqueue(waiting)
    await queue.enqueue(fresh("job-9", platform="terminal-a"))
    await queue.enqueue(fresh("job-8", platform="terminal-b"))
    await outbox.publish(Reply.failure(fresh("job-8", platform="terminal-b"), "lost", "Lost."))
    figures = await backlog.read(client)
    assert figures.lab["darkroom_queue_jobs"] == 5  # a worker takes the lost one out
    assert figures.lab["darkroom_queue_oldest_seconds"] == pytest.approx(70, abs=2)
    assert figures.lab["darkroom_workers"] == 1
    assert figures.platforms["darkroom_owed_replies"] == {"test": 3, "terminal": 1}
    assert figures.platforms["darkroom_outbox_entries"] == {"test": 0, "terminal": 1}


async def test_an_answer_that_is_not_delivered_grows_old_and_a_buried_one_is_told(
    client: Client, outbox: Outbox
) -> None:
    await opened(client, "test", "other")
    published = round(1000 * (time.time() - 90))
    await client.xadd(keys.outbox("test"), {"reply": reply("old").to_json()}, id=f"{published}-0")
    await outbox.publish(reply("new"))
    figures = await backlog.read(client)
    assert figures.platforms["darkroom_outbox_entries"] == {"other": 0, "test": 2}
    lag = figures.platforms["darkroom_outbox_oldest_seconds"]
    assert lag == {"other": 0, "test": pytest.approx(90, abs=2)}
    old, new = [one async for one in outbox.deliveries("test", block_seconds=0.01)]
    await outbox.bury(old, "the chat is gone")
    await outbox.acknowledge(new)
    figures = await backlog.read(client)
    assert figures.platforms["darkroom_outbox_oldest_seconds"] == {"other": 0, "test": 0}
    assert figures.platforms["darkroom_dead_letters"] == {"other": 0, "test": 1}


async def test_a_record_of_another_version_or_none_at_all_is_no_obstacle(
    client: Client, queue: Queue
) -> None:
    await queue.enqueue(fresh("strange"))
    await client.set(keys.job("strange"), json.dumps({"v": 99}))
    assert (await backlog.read(client)).lab["darkroom_queue_oldest_seconds"] == 0
    await client.delete(keys.job("strange"))
    assert (await backlog.read(client)).lab["darkroom_queue_oldest_seconds"] == 0


async def test_ten_thousand_of_everything_take_no_longer(client: Client) -> None:
    await opened(client, "test")
    ids = [f"job-{number:05}" for number in range(10_000)]
    deadlines = {job_id: 1000 * time.time() + place for place, job_id in enumerate(ids)}
    await client.zadd(keys.QUEUE, deadlines)
    await client.zadd(keys.owed("test"), deadlines)
    await client.set(keys.job(ids[0]), fresh(ids[0]).to_json())
    async with client.pipeline(transaction=False) as pipe:
        for job_id in ids:
            pipe.xadd(keys.outbox("test"), {"reply": reply(job_id).to_json()})
        await pipe.execute()
    times = []
    for _ in range(10):
        begun = time.perf_counter()
        figures = await backlog.read(client)
        times.append(time.perf_counter() - begun)
    assert figures.lab["darkroom_queue_jobs"] == 10_000
    assert figures.platforms["darkroom_outbox_entries"] == {"test": 10_000}
    assert min(times) < 0.05
