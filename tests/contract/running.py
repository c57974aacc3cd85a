"""A bot that runs in this process, to be stopped or killed."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Self

STOP_SECONDS = 20.0


class Running:
    """Runs some work until it is killed, or until `stop` is set at the end."""

    def __init__(self, work: Coroutine[Any, Any, None], stop: asyncio.Event) -> None:
        self._task = asyncio.ensure_future(work)
        self._stop = stop

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self._task.cancelled():
            return
        self._stop.set()
        await asyncio.wait_for(self._task, STOP_SECONDS)

    async def kill(self) -> None:
        """End it without its good manners, as near to SIGKILL as a task can."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
