"""Who may work beside whom: a job that may have killed a worker works alone."""

import asyncio
import contextlib
from collections.abc import AsyncIterator


class Gate:
    """Lets jobs through together, a suspect one by itself.

    So a photo that kills the process takes no innocent one with it more than once.
    """

    def __init__(self) -> None:
        self._change = asyncio.Condition()
        self._inside = 0
        self._alone = False

    @contextlib.asynccontextmanager
    async def through(self, *, alone: bool) -> AsyncIterator[None]:
        """Hold a place inside; with `alone` nobody else has one meanwhile."""
        async with self._change:
            await self._change.wait_for(
                lambda: not self._alone and (not alone or self._inside == 0)
            )
            self._inside += 1
            self._alone = alone
        try:
            yield
        finally:
            async with self._change:
                self._inside -= 1
                self._alone = False
                self._change.notify_all()
