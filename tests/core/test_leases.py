import asyncio

import pytest

from core import keys
from core.leases import Leases
from core.outbox import KEPT_SECONDS
from core.queue import Queue
from core.store import Client
from tests.doubles.jobs import fresh


@pytest.fixture
def mine(client: Client) -> Leases:
    return Leases(client, "host-1", seconds=10.0)


@pytest.fixture
def theirs(client: Client) -> Leases:
    return Leases(client, "host-2", seconds=10.0)


async def test_a_job_is_taken_by_one_worker_whose_name_it_has_for_a_while(
    client: Client, queue: Queue, mine: Leases, theirs: Leases
) -> None:
    await queue.enqueue(fresh("a"))
    turn = await client.zscore(keys.QUEUE, "a")
    both = (mine, theirs)
    turns = await asyncio.gather(*(both[number % 2].take("a") for number in range(6)))
    assert [taken for taken in turns if taken is not None] == [turn]
    first = next(number for number, taken in enumerate(turns) if taken is not None) % 2
    assert await client.get("arq:in-progress:a") == ("host-1", "host-2")[first]
    assert 5000 < await client.pttl("arq:in-progress:a") <= 10_000
    assert await both[first].held("a")
    assert not await both[1 - first].held("a")
    assert await both[first].take("a") is None  # its own lease must end, too


async def test_a_job_that_is_not_in_the_queue_is_not_taken(client: Client, mine: Leases) -> None:
    assert await mine.take("answered") is None
    assert await client.exists("arq:in-progress:answered") == 0


async def test_a_renewal_keeps_what_is_mine_retakes_what_ran_out_and_tells_what_is_lost(
    client: Client, mine: Leases, theirs: Leases
) -> None:
    await client.set("arq:in-progress:kept", "host-1", px=500)
    await client.set("arq:in-progress:lost", "host-2", px=7000)
    assert await mine.renew([]) == []
    assert await mine.renew(["kept", "lost", "ran-out"]) == ["lost"]
    for name in ("kept", "ran-out"):
        assert await client.get(f"arq:in-progress:{name}") == "host-1"
        assert await client.pttl(f"arq:in-progress:{name}") > 5000
    assert await client.get("arq:in-progress:lost") == "host-2"
    assert await client.pttl("arq:in-progress:lost") <= 7000  # not renewed in their name


async def test_a_lease_that_ran_out_is_still_held_until_somebody_takes_it(
    client: Client, queue: Queue, mine: Leases, theirs: Leases
) -> None:
    await queue.enqueue(fresh("a"))
    await mine.take("a")
    await client.delete("arq:in-progress:a")
    assert await mine.held("a")
    assert await theirs.take("a")
    assert not await mine.held("a")


async def test_starts_are_counted_and_an_innocent_one_is_taken_back(
    client: Client, mine: Leases, theirs: Leases
) -> None:
    assert await mine.starts("x") == 0
    assert [await mine.begin("x"), await theirs.begin("x")] == [1, 2]
    assert 0 < await client.ttl(keys.starts("x")) <= KEPT_SECONDS
    await mine.hand_back("x")
    assert await theirs.starts("x") == 1
    assert await client.ttl(keys.starts("x")) > 0


async def test_a_redis_without_memory_keeps_the_leases_and_counts(
    client: Client, mine: Leases, theirs: Leases
) -> None:
    await client.config_set("maxmemory", 1)
    try:
        assert await mine.renew(["a", "ran-out"]) == []
        assert not await theirs.held("ran-out")
        assert [await mine.begin("a"), await mine.begin("a")] == [1, 2]
        await mine.hand_back("a")
        assert await mine.starts("a") == 1
    finally:
        await client.config_set("maxmemory", 0)


async def test_a_hand_back_never_goes_below_0_and_makes_no_key(
    client: Client, mine: Leases
) -> None:
    await mine.hand_back("x")
    assert await client.exists(keys.starts("x")) == 0
    await mine.begin("x")
    for _ in range(3):
        await mine.hand_back("x")
    assert await mine.starts("x") == 0
    assert await mine.begin("x") == 1
