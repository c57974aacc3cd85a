"""One job's progress and the wish to stop it, shared between the event loop and a thread."""

import asyncio
import contextlib
import contextvars
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar

from core import metrics
from core.errors import Cancelled
from core.jobs import Progress

T = TypeVar("T")


class Watch:
    """Belongs to one job from its begin to its reply.

    `seconds` is how long threads have worked on the present photo, waiting for one left out, and
    `job_seconds` the same for all photos so far.
    `late` says that the job was stopped because it took too long.
    """

    def __init__(self, photos: int) -> None:
        self.progress = Progress(photos=photos)
        self.late = False
        self._past = self._earlier = 0.0
        self._since: float | None = None
        self._stop = threading.Event()
        self._stopping = asyncio.Event()

    @property
    def seconds(self) -> float:
        """The threads' time on this photo so far, in seconds."""
        since = self._since
        return self._past + (0.0 if since is None else time.monotonic() - since)

    @property
    def job_seconds(self) -> float:
        """The threads' time on the whole job so far, in seconds."""
        return self._earlier + self.seconds

    def photo(self, number: int) -> None:
        """The next photo of the job is begun."""
        self.progress = Progress(photo=number, photos=self.progress.photos)
        self._earlier += self._past
        self._past = 0.0

    def stage(self, stage: str, fraction: float = 0.0) -> None:
        """A stage of the present photo has come so far (0–1)."""
        self.progress = self.progress.model_copy(update={"stage": stage, "fraction": fraction})

    def stop(self, *, late: bool = False) -> None:
        """Ask the work to end; call it in the event loop."""
        self.late = self.late or late
        self._stop.set()
        self._stopping.set()

    def stopped(self) -> bool:
        """Whether the work was asked to end; for the thread."""
        return self._stop.is_set()

    async def run(self, executor: Executor, work: Callable[[], T], *, stage: str = "") -> T:
        """Run `work` in a thread, in the language of the task; its `stage` is told and measured.

        Asked to stop before the thread has begun, or cancelled, it raises at once or as soon as
        the thread has ended: no thread is left behind. Raises Cancelled or asyncio.CancelledError.
        """
        # Threads of a pool do not see the task's context by themselves.
        if stage:
            self.stage(stage)
        future = executor.submit(contextvars.copy_context().run, self._timed, work, stage)
        finished = asyncio.wrap_future(future)
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            waited: set[asyncio.Future[Any]] = {finished, stopping}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if not finished.done() and future.cancel():
                raise Cancelled
            return await asyncio.shield(finished)
        except asyncio.CancelledError:
            self.stop()
            if not future.cancel():
                await asyncio.wait([finished])
                if not finished.cancelled():
                    finished.exception()
            raise
        finally:
            stopping.cancel()

    def _timed(self, work: Callable[[], T], stage: str) -> T:
        self._since = time.monotonic()
        try:
            with metrics.STAGE.labels(stage, "").time() if stage else contextlib.nullcontext():
                return work()
        finally:
            self._past, self._since = self.seconds, None
