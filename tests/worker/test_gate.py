import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from worker.gate import Gate


class Visitors:
    """Jobs that stay inside until they are told to leave; `inside` is who is there."""

    def __init__(self) -> None:
        self.gate = Gate()
        self.inside: set[str] = set()
        self._leave: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def come(self, name: str, *, alone: bool = False) -> None:
        self._leave[name] = asyncio.Event()
        self._tasks[name] = asyncio.create_task(self._visit(name, alone))
        await self._settled()

    async def go(self, name: str) -> None:
        self._leave[name].set()
        await self._tasks.pop(name)
        await self._settled()

    async def cancel(self, name: str) -> None:
        task = self._tasks.pop(name)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await self._settled()

    async def _visit(self, name: str, alone: bool) -> None:
        async with self.gate.through(alone=alone):
            self.inside.add(name)
            try:
                await self._leave[name].wait()
            finally:
                self.inside.discard(name)

    async def _settled(self) -> None:
        for _ in range(10):  # turns of the loop: whoever can go in has gone in
            await asyncio.sleep(0)


@asynccontextmanager
async def visitors() -> AsyncIterator[Visitors]:
    crowd = Visitors()
    yield crowd
    for name in list(crowd._tasks):
        await crowd.go(name)
    assert crowd.inside == set()


async def test_others_are_inside_together_and_a_suspect_by_itself() -> None:
    async with visitors() as crowd:
        await crowd.come("a")
        await crowd.come("b")
        await crowd.come("suspect", alone=True)
        assert crowd.inside == {"a", "b"}
        await crowd.go("a")
        assert crowd.inside == {"b"}
        await crowd.go("b")
        assert crowd.inside == {"suspect"}
        await crowd.come("c")
        await crowd.come("d")
        assert crowd.inside == {"suspect"}
        await crowd.go("suspect")
        assert crowd.inside == {"c", "d"}


async def test_of_two_suspects_one_waits_for_the_other() -> None:
    async with visitors() as crowd:
        await crowd.come("one", alone=True)
        await crowd.come("two", alone=True)
        assert crowd.inside == {"one"}
        await crowd.go("one")
        assert crowd.inside == {"two"}


async def test_who_is_cancelled_before_the_gate_or_behind_it_leaves_no_place_taken() -> None:
    async with visitors() as crowd:
        await crowd.come("a")
        await crowd.come("waits", alone=True)
        await crowd.cancel("waits")
        await crowd.come("b")
        assert crowd.inside == {"a", "b"}
        await crowd.cancel("a")
        await crowd.cancel("b")
        await crowd.come("suspect", alone=True)
        assert crowd.inside == {"suspect"}
        await crowd.cancel("suspect")
        await crowd.come("c")
        assert crowd.inside == {"c"}


async def test_an_error_inside_gives_the_place_back() -> None:
    gate = Gate()
    with pytest.raises(ValueError, match="no"):
        async with gate.through(alone=True):
            raise ValueError("no")
    async with asyncio.timeout(5), gate.through(alone=True):
        pass
