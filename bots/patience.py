"""Waiting: for work that a stop may cut short, and longer after every failure."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

LONGEST_PAUSE = 30.0

T = TypeVar("T")


async def until(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """The outcome of some work, None if `stop` comes first, which cancels it."""
    working = asyncio.ensure_future(work)
    stopped = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait([working, stopped], return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, stopped):
            task.cancel()
        await asyncio.gather(working, stopped, return_exceptions=True)


def growing(first: float, failures: int) -> float:
    """Seconds to wait: `first`, doubled with each further failure, at most `LONGEST_PAUSE`."""
    return min(LONGEST_PAUSE, first * 2.0 ** min(failures, 10))
