"""The order in which requests are served, and how much may be in flight."""

import time
from collections.abc import Sequence
from typing import Any, cast

import pytest
from arq.connections import ArqRedis
from arq.worker import Worker, func

from core import keys, store
from core.errors import LimitReached
from core.fairness import COMMUNITY_WEIGHT, TURN
from core.jobs import Reply
from core.outbox import Outbox
from core.queue import FUNCTION, Cancelling, Queue, dumps, loads
from core.store import Client
from tests.core.test_queue import album
from tests.doubles.jobs import fresh

FAR = 1_000_000


@pytest.fixture
def wide(client: Client) -> Queue:
    """A queue that refuses nobody."""
    return Queue(client, cap=FAR, photos_per_user=FAR, photos_per_community=FAR)


async def send(queue: Queue, user: str, count: int = 1, **fields: Any) -> None:
    """Single photos of a person: `ann 0`, `ann 1`, …"""
    for number in range(count):
        await queue.enqueue(fresh(f"{user} {number}", user=user, **fields))


async def order(client: Client) -> list[str]:
    """Everything in the queue as workers will take it."""
    found: list[str] = await client.zrange(keys.QUEUE, 0, -1)
    return found


async def served(client: Client, outbox: Outbox, count: int) -> list[str]:
    """The next jobs, answered one after the other as one worker would."""
    done = []
    for _ in range(count):
        job_id = (await order(client))[0]
        record = await Queue(client).record(job_id)
        assert record is not None
        await outbox.publish(Reply.failure(record, "x", "X."))
        await client.zrem(keys.QUEUE, job_id)
        done.append(job_id)
    return done


def whose(jobs: Sequence[str]) -> list[str]:
    return [job_id.split()[0] for job_id in jobs]


async def test_requests_with_equal_rights_come_in_the_order_of_their_arrival(
    client: Client, wide: Queue
) -> None:
    users = [f"user{name}" for name in "hcqzab"]
    for user in users:
        await send(wide, user)
    assert whose(await order(client)) == users


async def test_one_who_sends_many_waits_for_a_turn_after_each(client: Client, wide: Queue) -> None:
    await send(wide, "hog", 5)
    await send(wide, "ann", 2)
    await send(wide, "ben", 1)
    await send(wide, "cat", 2)
    assert whose(await order(client)) == [
        *("hog", "ann", "ben", "cat"),
        *("hog", "ann", "cat"),
        *("hog", "hog", "hog"),
    ]


async def test_a_persons_own_photos_stay_in_order(client: Client, wide: Queue) -> None:
    await send(wide, "hog", 30)
    assert await order(client) == [f"hog {number}" for number in range(30)]


async def test_the_photos_of_an_album_are_counted_one_by_one(client: Client, wide: Queue) -> None:
    await wide.enqueue(fresh("ann 0", user="ann", photos=album(3)))
    await send(wide, "ben", 4)
    await wide.enqueue(fresh("ann 1", user="ann"))
    assert await order(client) == ["ann 0", "ben 0", "ben 1", "ben 2", "ben 3", "ann 1"]


async def test_a_newcomer_comes_next_however_long_the_queue_of_another_is(
    client: Client, wide: Queue, outbox: Outbox
) -> None:
    await send(wide, "hog", 50)
    await served(client, outbox, 20)
    await send(wide, "ann")
    assert (await order(client))[:3] == ["hog 20", "ann 0", "hog 21"]


async def test_the_hog_has_a_turn_in_each_round_of_the_others(
    client: Client, wide: Queue, outbox: Outbox
) -> None:
    await send(wide, "hog", 40)
    users = ("ann", "ben", "cat")
    for user in users:
        await send(wide, user, 2)
    turns: list[str] = []
    for number in range(2, 12):  # each has two photos in flight and sends one for each it gets
        turns += whose(await served(client, outbox, 4))
        for user in users:
            await wide.enqueue(fresh(f"{user} {number}", user=user))
    assert 8 <= turns.count("hog") <= 12
    assert all(8 <= turns.count(user) <= 12 for user in users)


async def test_idle_people_save_nothing_up_and_owe_nothing(
    client: Client, wide: Queue, outbox: Outbox
) -> None:
    await send(wide, "ann", 30)
    await served(client, outbox, 30)  # alone in the lab: nobody was kept waiting
    await send(wide, "hog", 3)
    await wide.enqueue(fresh("ann again", user="ann"))
    await send(wide, "idler", 2)
    assert whose(await order(client)) == ["hog", "ann", "idler", "hog", "idler", "hog"]


async def test_nobody_is_overtaken_by_more_than_a_turns_worth_of_newcomers(
    client: Client, wide: Queue, outbox: Outbox
) -> None:
    await send(wide, "hog", 2)
    for number in range(TURN + 20):
        await send(wide, f"user{number}")
    place = (await order(client)).index("hog 1")
    assert TURN - 5 <= place <= TURN + 5


async def test_an_empty_lab_begins_anew_and_no_turn_lies_in_the_future(
    client: Client, wide: Queue, outbox: Outbox
) -> None:
    await send(wide, "hog", 3)
    assert await client.zrange(keys.QUEUE, 0, -1, withscores=True) == [
        ("hog 0", 1),
        ("hog 1", 2 + TURN),
        ("hog 2", 3 + 2 * TURN),
    ]
    await served(client, outbox, 3)
    await send(wide, "ann")
    assert await client.zscore(keys.QUEUE, "ann 0") == 1


async def test_beside_jobs_of_an_older_version_turns_follow_theirs(
    client: Client, wide: Queue
) -> None:
    """Their scores are the milliseconds of their arrival."""
    now = round(time.time() * 1000)
    await client.zadd(keys.QUEUE, {"old 0": now - 5000, "old 1": now - 1})
    await send(wide, "ann", 8)
    turns = dict(await client.zrange(keys.QUEUE, 0, -1, withscores=True))
    assert (await order(client))[0] == "old 0"
    assert turns["ann 0"] == now - 5000 + 1
    assert max(turns.values()) <= time.time() * 1000 + 1  # rounded to milliseconds


async def test_a_job_taken_back_leaves_its_turn_to_the_next(client: Client, wide: Queue) -> None:
    await send(wide, "ann", 2)
    first = await wide.record("ann 0")
    assert first is not None
    cancelled = await wide.cancel(first, Reply.failure(first, "cancelled", "Cancelled."))
    assert cancelled is Cancelling.CANCELLED
    await send(wide, "ben", 2)
    await wide.enqueue(fresh("ann 2", user="ann"))
    assert await order(client) == ["ann 1", "ben 0", "ben 1", "ann 2"]


async def test_a_community_of_many_counts_as_ten_people(client: Client, wide: Queue) -> None:
    for number in range(3 * COMMUNITY_WEIGHT):
        await send(wide, f"member{number}", community="club")
    await send(wide, "loner", 3)
    places = [n for n, user in enumerate(whose(await order(client))) if user == "loner"]
    assert places == pytest.approx([1, COMMUNITY_WEIGHT + 2, 2 * COMMUNITY_WEIGHT + 3], abs=1)


async def test_communities_take_turns_and_so_do_their_members(client: Client, wide: Queue) -> None:
    for number in range(20):
        await send(wide, f"big{number}", community="big")
    await send(wide, "hog", 20, community="small")
    await send(wide, "ann", 2, community="small")
    await send(wide, "ben", 1, community="small")
    queue = await order(client)
    assert queue.index("hog 0") <= 1
    assert queue.index("ann 0") < queue.index("ben 0") < queue.index("hog 1")
    assert queue.index("ben 0") <= 6
    assert queue.index("ann 1") < queue.index("hog 2")


async def test_a_community_of_the_same_number_elsewhere_is_another(
    client: Client, wide: Queue
) -> None:
    for number in range(5):
        await send(wide, f"here{number}", community="7")
    await send(wide, "there", community="7", platform="elsewhere")
    assert (await order(client)).index("there 0") == 1


async def test_a_community_may_have_so_many_photos_in_flight(
    client: Client, outbox: Outbox
) -> None:
    queue = Queue(client, photos_per_community=3)
    first = fresh("ann 0", user="ann", community="club", photos=album(2))
    await queue.enqueue(first)
    await queue.check_room("test", "ben", 1, community="club")
    with pytest.raises(LimitReached, match="3 photos from here") as refused:
        await queue.enqueue(fresh("ben 0", user="ben", community="club", photos=album(2)))
    with pytest.raises(LimitReached) as looked:
        await queue.check_room("test", "ben", 2, community="club")
    assert looked.value.text == refused.value.text
    assert not await queue.known("ben 0")
    await queue.check_room("test", "ben", 2, community="other")
    await send(queue, "ben")
    await outbox.publish(Reply.failure(first, "x", "X."))
    await queue.enqueue(fresh("ben 1", user="ben", community="club", photos=album(3)))
    assert await client.zcard(keys.crowd("test", "club")) == 3


async def test_nothing_is_left_of_a_crowd_that_was_answered(
    client: Client, wide: Queue, outbox: Outbox
) -> None:
    await send(wide, "ann", 3, community="club")
    assert await client.pttl(keys.crowd("test", "club")) > 0
    assert 0 < await client.pttl(keys.CLOCK) <= 600_000
    await served(client, outbox, 3)
    assert await client.exists(keys.crowd("test", "club"), keys.user("test", "ann")) == 0


@pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")  # arq's own
async def test_arq_serves_by_turns(client: Client, redis_url: str, wide: Queue) -> None:
    ran: list[str] = []

    async def enhance(context: dict[str, Any]) -> None:
        ran.append(context["job_id"])

    await send(wide, "hog", 4)
    await send(wide, "ann", 2)
    expected = await order(client)
    pool: Any = store.pool(redis_url, text=False)
    worker = Worker(
        functions=[func(cast("Any", enhance), name=FUNCTION, keep_result=0)],
        queue_name=keys.QUEUE,
        redis_pool=ArqRedis(pool, job_serializer=dumps, job_deserializer=loads),
        job_serializer=dumps,
        job_deserializer=loads,
        burst=True,
        max_jobs=1,
        poll_delay=0.01,
        handle_signals=False,
    )
    await worker.async_run()
    await worker.close()
    assert ran == expected == ["hog 0", "ann 0", "hog 1", "ann 1", "hog 2", "hog 3"]
