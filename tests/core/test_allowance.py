import time
from typing import Any

import pytest

from core import keys
from core.communities import Allowance
from core.errors import LimitReached
from core.jobs import Failed, Job, Reply
from core.outbox import Outbox
from core.queue import Queue
from core.store import Client
from tests.core.test_queue import album
from tests.doubles.jobs import enhanced, fresh, opened, reply


def in_club(job_id: str, **fields: Any) -> Job:
    return fresh(job_id, community="club", **fields)


async def test_a_member_has_so_many_photos_in_24_hours(
    client: Client, queue: Queue, outbox: Outbox
) -> None:
    three = Allowance(daily=3)
    await queue.enqueue(in_club("a", photos=album(2)), three)
    with pytest.raises(LimitReached) as caught:
        await queue.enqueue(in_club("b", photos=album(2)), three)
    assert caught.value.text == (
        "Here everyone has 3 photos in 24 hours; you have 1 left. "
        "There is room for all of these in 24 h."
    )
    await queue.enqueue(in_club("b"), three)
    with pytest.raises(LimitReached, match=r"had your 3 photos of .* the next in 24 h") as spent:
        await queue.check_room("test", "ann", 1, community="club", allowance=three)
    assert (spent.value.code, round(spent.value.wait or 0, -2)) == ("daily", 86_400)
    assert await queue.known("a")
    await queue.check_room("test", "ben", 1, community="club", allowance=three)
    await queue.check_room("test", "ann", 1, community="other", allowance=three)
    await queue.check_room("test", "ann", 1)


async def test_the_allowance_comes_back_photo_by_photo(client: Client, queue: Queue) -> None:
    taken = keys.taken("test", "club", "ann")
    now = round(time.time() * 1000)
    day = 86_400_000
    await client.zadd(
        taken, {"old#1": now - day - 1, "a#1": now - day + 60_000, "a#2": now - day + 7_200_000}
    )
    two = Allowance(daily=2)
    with pytest.raises(LimitReached, match=r"the next in (60|59) s"):
        await queue.enqueue(in_club("b"), two)
    with pytest.raises(LimitReached, match=r"the next in 2 h"):
        await queue.enqueue(in_club("b", photos=album(2)), two)
    with pytest.raises(LimitReached):
        await queue.enqueue(in_club("b", photos=album(5)), two)
    await client.zrem(taken, "a#1")
    await queue.enqueue(in_club("b"), two)
    assert "old#1" not in await client.zrange(taken, 0, -1)


async def test_photos_that_failed_or_were_taken_back_cost_nothing(
    client: Client, queue: Queue, outbox: Outbox
) -> None:
    await opened(client, "test")
    three = Allowance(daily=3)
    first = in_club("a", photos=album(2))
    await queue.enqueue(first, three)
    failed = Failed(code="broken", text="Broken.")
    await outbox.publish(reply("a", results=(enhanced(), failed)))
    second = in_club("b", photos=album(2))
    await queue.enqueue(second, three)
    await queue.cancel(second, Reply.failure(second, "cancelled", "Cancelled."))
    await queue.check_room("test", "ann", 2, community="club", allowance=three)
    assert await client.zrange(keys.taken("test", "club", "ann"), 0, -1) == ["a#1"]


async def test_a_pause_between_two_requests(client: Client, queue: Queue) -> None:
    pause = Allowance(cooldown=90)
    await queue.enqueue(in_club("a"), pause)
    with pytest.raises(LimitReached, match=r"the next photo in (90|89) s") as caught:
        await queue.enqueue(in_club("b"), pause)
    assert caught.value.code == "cooldown"
    await client.zadd(keys.taken("test", "club", "ann"), {"a#1": time.time() * 1000 - 90_001})
    await queue.enqueue(in_club("b"), pause)


async def test_without_limits_nothing_is_kept_of_a_member(client: Client, queue: Queue) -> None:
    await queue.enqueue(in_club("a"))
    assert await client.exists(keys.taken("test", "club", "ann")) == 0
