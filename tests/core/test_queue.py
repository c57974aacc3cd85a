import asyncio
import json
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, cast

import pytest
from arq.connections import ArqRedis
from arq.worker import Worker, func

from core import keys, store
from core.errors import LimitReached, ServiceDown
from core.jobs import PhotoRef, Progress, Reply, UnknownVersion
from core.outbox import Outbox
from core.queue import FIRST_GUESS_SECONDS, FUNCTION, Cancelling, Queue, dumps, loads
from core.store import Client
from tests.doubles.jobs import fresh, job


def album(count: int) -> tuple[PhotoRef, ...]:
    return tuple(PhotoRef(key=f"k{n}") for n in range(count))


async def test_an_enqueue_writes_queue_record_and_owed_reply_at_once(
    client: Client, queue: Queue
) -> None:
    sent = fresh()
    ticket = await queue.enqueue(sent)
    assert (ticket.place, ticket.known) == (1, False)
    assert await client.zrange(keys.QUEUE, 0, -1) == ["job-1"]
    assert await client.zscore(keys.owed("test"), "job-1") == round(sent.deadline * 1000)
    assert await cast("Awaitable[set[str]]", client.smembers(keys.PLATFORMS)) == {"test"}
    assert await queue.record("job-1") == sent
    assert await queue.known("job-1")


async def test_everything_stored_is_text_and_the_job_for_arq_is_json(
    client: Client, redis_url: str, queue: Queue
) -> None:
    await queue.enqueue(fresh())
    raw = store.Client.from_pool(store.pool(redis_url, text=False))
    stored = await raw.get("arq:job:job-1")
    await raw.aclose()
    assert json.loads(stored) == {
        "t": None,
        "f": FUNCTION,
        "a": [],
        "k": {},
        "et": json.loads(stored)["et"],
    }
    assert loads(dumps({"error": ValueError("x")})) == {"error": "ValueError('x')"}


@pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")  # arq's own
async def test_an_arq_worker_runs_what_was_enqueued_once(
    client: Client, redis_url: str, queue: Queue
) -> None:
    ran: list[str] = []

    async def enhance(context: dict[str, Any]) -> None:
        ran.append(context["job_id"])

    for name in ("a", "b", "a"):
        await queue.enqueue(fresh(name))
    pool: Any = store.pool(redis_url, text=False)
    worker = Worker(
        functions=[func(cast("Any", enhance), name=FUNCTION, keep_result=0)],
        queue_name=keys.QUEUE,
        redis_pool=ArqRedis(pool, job_serializer=dumps, job_deserializer=loads),
        job_serializer=dumps,
        job_deserializer=loads,
        burst=True,
        poll_delay=0.01,
        handle_signals=False,
    )
    await worker.async_run()
    await worker.close()
    assert sorted(ran) == ["a", "b"]
    assert (worker.jobs_complete, worker.jobs_failed) == (2, 0)
    assert await client.keys("arq:*") == []


async def test_a_job_is_taken_once_however_often_and_from_wherever_it_comes(
    client: Client, queue: Queue
) -> None:
    sent = fresh()
    tickets = await asyncio.gather(*(queue.enqueue(sent) for _ in range(20)))
    assert [ticket.known for ticket in tickets].count(False) == 1
    assert await client.zcard(keys.QUEUE) == 1
    assert await client.zcard(keys.user("test", "ann")) == 1


async def test_an_answered_job_is_not_taken_again(queue: Queue, outbox: Outbox) -> None:
    sent = fresh()
    await queue.enqueue(sent)
    await outbox.publish(Reply.failure(sent, "x", "X."))
    again = await queue.enqueue(sent)
    assert again.known
    assert await queue.known("job-1")
    assert await queue.ticket("job-1") is None or again.place == 1


async def test_a_person_may_have_so_many_photos_and_no_more(queue: Queue, outbox: Outbox) -> None:
    await queue.enqueue(fresh("a", photos=album(3)))
    with pytest.raises(LimitReached, match="5 photos"):
        await queue.enqueue(fresh("b", photos=album(3)))
    assert not await queue.known("b")
    await queue.enqueue(fresh("b", photos=album(2)))
    await queue.enqueue(fresh("c", user="ben"))
    await outbox.publish(Reply.failure(fresh("a", photos=album(3)), "x", "X."))
    await queue.enqueue(fresh("d", photos=album(3)))


async def test_places_of_jobs_that_were_never_answered_free_themselves_at_the_deadline(
    queue: Queue,
) -> None:
    await queue.enqueue(fresh("lost", photos=album(5), seconds=0.05))
    with pytest.raises(LimitReached):
        await queue.enqueue(fresh("next"))
    await asyncio.sleep(0.06)
    await queue.enqueue(fresh("next"))


async def test_a_full_lab_says_so_and_keeps_nothing(client: Client) -> None:
    queue = Queue(client, cap=2, photos_per_user=50)
    for name in ("a", "b"):
        await queue.enqueue(fresh(name))
    with pytest.raises(LimitReached, match="full"):
        await queue.enqueue(fresh("c"))
    assert await client.exists(keys.job("c"), "arq:job:c") == 0
    assert await client.zscore(keys.owed("test"), "c") is None


async def test_places_and_guesses_count_the_jobs_ahead_and_the_workers(
    client: Client, queue: Queue
) -> None:
    for name in ("a", "b", "c"):
        await queue.enqueue(fresh(name))
        await asyncio.sleep(0.002)  # the queue is ordered by the millisecond
    tickets = await queue.tickets(["a", "b", "c", "nobody"])
    assert [ticket.place if ticket else None for ticket in tickets.values()] == [1, 2, 3, None]
    third = tickets["c"]
    assert third is not None
    assert third.seconds == 3 * FIRST_GUESS_SECONDS
    now = round(time.time() * 1000)
    await client.zadd(keys.alive("worker"), {"w1": now, "w2": now, "long-dead": now - 90_000})
    await queue.learn_pace(10.0)
    await queue.learn_pace(20.0)
    third = await queue.ticket("c")
    assert third is not None
    assert third.seconds == pytest.approx(3 * 12.0 / 2)


async def test_a_running_job_has_no_place_but_progress(client: Client, queue: Queue) -> None:
    await queue.enqueue(fresh())
    await client.set("arq:in-progress:job-1", "1")
    await queue.report("job-1", Progress(stage="upscale", fraction=0.5))
    ticket = await queue.ticket("job-1")
    assert ticket is not None
    assert ticket.running
    assert ticket.progress == Progress(stage="upscale", fraction=0.5)


async def test_a_waiting_job_is_taken_back_at_once(
    client: Client, queue: Queue, outbox: Outbox
) -> None:
    sent = fresh(photos=album(2))
    await queue.enqueue(sent)
    reply = Reply.failure(sent, "cancelled", "Cancelled.")
    assert await queue.cancel(sent, reply) is Cancelling.CANCELLED
    assert await queue.cancel(sent, reply) is Cancelling.FINISHED
    assert await client.exists(keys.job("job-1"), "arq:job:job-1") == 0
    assert await client.zcard(keys.QUEUE) + await client.zcard(keys.owed("test")) == 0
    assert await client.zcard(keys.user("test", "ann")) == 0
    assert [d.reply async for d in outbox.deliveries("test", block_seconds=0.01)] == [reply]


async def test_a_running_job_is_asked_to_stop_and_answered_by_its_worker(
    client: Client, queue: Queue, outbox: Outbox
) -> None:
    sent = fresh()
    await queue.enqueue(sent)
    await client.set("arq:in-progress:job-1", "1")
    reply = Reply.failure(sent, "cancelled", "Cancelled.")
    assert not await queue.unwanted("job-1")
    assert await queue.cancel(sent, reply) is Cancelling.STOPPING
    assert await queue.unwanted("job-1")
    assert not await outbox.published("job-1")
    assert await outbox.publish(reply)
    assert await client.exists(keys.cancel("job-1")) == 0
    assert await queue.unwanted("job-1")  # now since it is answered


async def test_there_is_room_exactly_as_long_as_the_enqueue_finds_some(queue: Queue) -> None:
    await queue.enqueue(fresh("a", photos=album(3)))
    await queue.enqueue(fresh("late", user="ben", photos=album(5), seconds=-1))
    await queue.check_room("test", "ann", 2)
    await queue.check_room("test", "ben", 5)
    await queue.check_room("elsewhere", "ann", 5)
    with pytest.raises(LimitReached, match="5 photos"):
        await queue.check_room("test", "ann", 3)


async def test_a_persons_jobs_come_oldest_first_and_those_of_other_versions_are_left_out(
    client: Client, queue: Queue
) -> None:
    now = time.time()
    old = job("old", created=now - 5, deadline=now + 500)
    for sent in (fresh("new"), old, fresh("strange"), fresh("other", user="ben")):
        await queue.enqueue(sent)
    await client.set(keys.job("strange"), '{"v":99}')
    assert [found.id for found in await queue.of_user("test", "ann")] == ["old", "new"]
    assert {found.id for found in await queue.owed("test")} == {"old", "new", "other"}
    with pytest.raises(UnknownVersion):
        await queue.record("strange")
    assert await queue.raw_record("strange") == '{"v":99}'


async def test_without_redis_every_question_ends_in_a_sentence(tmp_path: Path) -> None:
    client = store.connect(f"unix://{tmp_path / 'nobody.sock'}", retries=0)
    queue = Queue(client)
    for asking in (
        queue.enqueue(fresh()),
        queue.ticket("x"),
        queue.known("x"),
        queue.of_user("test", "ann"),
        queue.owed("test"),
        queue.cancel(fresh(), Reply.failure(fresh(), "x", "X.")),
        queue.record("x"),
        queue.check_room("test", "ann", 1),
    ):
        with pytest.raises(ServiceDown, match="cannot be reached"):
            await asking
    await client.aclose()


async def test_a_redis_without_room_takes_no_job_but_lets_answers_out(
    client: Client, queue: Queue, outbox: Outbox
) -> None:
    sent = fresh()
    await queue.enqueue(sent)
    await client.config_set("maxmemory", 1)
    try:
        with pytest.raises(ServiceDown, match="full"):
            await queue.enqueue(fresh("next"))
        assert not await queue.known("next")
        assert await outbox.publish(Reply.failure(sent, "x", "X."))
    finally:
        await client.config_set("maxmemory", 0)


async def test_a_job_that_is_in_the_queue_stays_accepted_when_its_place_cannot_be_told(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(job_id: str) -> None:
        raise ServiceDown("The lab cannot be reached right now.")

    monkeypatch.setattr(queue, "ticket", broken)
    ticket = await queue.enqueue(fresh())
    assert not ticket.known
    assert await queue.known("job-1")
