"""Work that a stop cuts short, and pauses that grow."""

import asyncio

import pytest

from bots.patience import LONGEST_PAUSE, growing, until


async def test_work_that_ends_is_worth_its_outcome() -> None:
    async def work() -> int:
        return 7

    assert await until(asyncio.Event(), work()) == 7


async def test_work_that_fails_says_so() -> None:
    async def work() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await until(asyncio.Event(), work())


async def test_a_stop_ends_work_and_waits_for_its_end() -> None:
    stop, begun, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work() -> int:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            ended.set()
        return 7

    waiting = asyncio.create_task(until(stop, work()))
    await begun.wait()
    stop.set()
    assert await waiting is None
    assert ended.is_set()


def test_pauses_grow_up_to_a_limit() -> None:
    assert [growing(1.0, failures) for failures in (0, 1, 2)] == [1.0, 2.0, 4.0]
    assert growing(1.0, 10**6) == LONGEST_PAUSE
