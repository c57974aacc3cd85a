"""What people ask for, handled: again where the network failed, in words where nothing helps."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator

from bots.desk import Undeliverable
from bots.discord import faults
from bots.patience import growing
from core import captions
from core.errors import DarkroomError
from core.language import _

ATTEMPTS = 4
Tell = Callable[[str], Awaitable[None]]

_log = logging.getLogger(__name__)


class Handling:
    """The one error handler; it knows what is under way, so that a stop can wait for it."""

    def __init__(self, *, first_pause: float = 1.0) -> None:
        self._first_pause = first_pause
        self._under_way: set[asyncio.Task[object]] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    @contextlib.contextmanager
    def counted(self) -> Iterator[None]:
        """Within this context the running task is waited for before a stop."""
        task = asyncio.current_task()
        assert task is not None
        self._under_way.add(task)
        self._idle.clear()
        try:
            yield
        finally:
            self._under_way.discard(task)
            if not self._under_way:
                self._idle.set()

    async def run(self, act: Callable[[], Awaitable[None]], tell: Tell | None = None) -> None:
        """Act, again if the network failed; who waits for it is told of any other end."""
        try:
            await self._insist(act)
        except Undeliverable as error:
            _log.info("an answer has nowhere to go: %s", error)
        except DarkroomError as error:
            _log.warning("a request failed: %s", error.code, exc_info=True)
            await _told(tell, error.text)
        except Exception:
            _log.exception("a request could not be handled")
            await _told(tell, _(captions.UNEXPECTED))

    async def finish(self, seconds: float) -> None:
        """Wait for what is under way, at most so long, and end the rest."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        left = list(self._under_way)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _insist(self, act: Callable[[], Awaitable[None]]) -> None:
        """Act, again if the network failed: handling or pressing twice makes one job."""
        for attempt in range(ATTEMPTS):
            try:
                await act()
            except faults.FAULTS as error:
                if attempt == ATTEMPTS - 1 or not faults.transient(error):
                    raise
                _log.warning("a request is handled again: %s", faults.words(error))
                await asyncio.sleep(growing(self._first_pause, attempt))
            else:
                return


async def _told(tell: Tell | None, text: str) -> None:
    if tell is None:
        return
    try:
        await tell(text)
    except (Undeliverable, *faults.FAULTS) as error:
        _log.info("not even a sentence: %s", type(error).__name__)
