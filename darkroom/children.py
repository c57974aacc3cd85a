"""Child processes, restarted when they die and ended with their parent."""

import asyncio
import contextlib
import logging
import os
import sys
from types import TracebackType
from typing import Self

from core.process import bound_to_parent

log = logging.getLogger(__name__)

PAUSES = (0.5, 1.0, 2.0, 5.0, 15.0)
"""Seconds before each restart in a row; the last one is kept."""
STEADY_SECONDS = 60.0
"""A child that lived so long has started well: the pauses begin anew."""


class Child:
    """`darkroom WORDS` as a process of its own, kept running until it is stopped."""

    def __init__(self, *words: str, environment: dict[str, str], restarts: int = 1_000_000) -> None:
        self.name = words[0]
        self._words = words
        self.restarts_left = restarts
        self._environment = os.environ | environment
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """The process id of the child that runs now."""
        return self._process.pid if self._process else None

    @property
    def given_up(self) -> bool:
        """Whether the child has died more often than it may."""
        return self._keeper is not None and self._keeper.done()

    async def __aenter__(self) -> Self:
        await self._start()
        self._keeper = asyncio.create_task(self._keep())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._terminate()
        if self._keeper is not None:
            await self._keeper

    async def _start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "darkroom",
            *self._words,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            preexec_fn=bound_to_parent(),
        )

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        deaths = 0
        while not self._stop.is_set() and self._process is not None:
            begun = loop.time()
            code = await self._process.wait()
            if self._stop.is_set():
                return
            deaths = 0 if loop.time() - begun > STEADY_SECONDS else deaths
            if self.restarts_left <= 0:
                log.error("%s ended with exit code %d", self.name, code)
                return
            self.restarts_left -= 1
            pause = PAUSES[min(deaths, len(PAUSES) - 1)]
            deaths += 1
            log.warning("%s ended with exit code %d; again in %.1f s", self.name, code, pause)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause)
            if not self._stop.is_set():
                await self._start()
        if self._process is not None:  # begun while the stop came
            self._terminate()
            await self._process.wait()

    def _terminate(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
