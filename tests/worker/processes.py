"""`darkroom worker` as a real process, read line by line."""

import asyncio
import os
import re
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from core import keys
from core.blobs import Blobs
from core.jobs import Job, PhotoRef, Progress, Reply
from core.outbox import Outbox
from core.queue import Queue
from core.recipe import Recipe
from core.store import Client
from tests.doubles.jobs import fresh

WAIT = 60.0


class WorkerProcess:
    """One worker at a Redis; its log is read as it is written."""

    def __init__(self, redis_url: str, folder: Path, **settings: str) -> None:
        self.log = ""
        self._environment = os.environ | {
            "REDIS_URL": redis_url,
            "BLOB_URL": (folder / "blobs").as_uri(),
            "DARKROOM_DATA_DIR": str(folder / "data"),
            "DARKROOM_DEVICE": "cpu",
            "DARKROOM_THREADS": "1",
            **settings,
        }
        self._news = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "darkroom", "worker", "--log", "DEBUG"),
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.send(signal.SIGKILL)
        await self.ended()

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None
        return self._process.pid

    def send(self, number: int) -> None:
        """Send a signal, if the process is still there."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(number)

    async def ended(self) -> int:
        """Wait for the end of the process and of its log; returns the exit code."""
        assert self._process is not None
        assert self._reader is not None
        async with asyncio.timeout(WAIT):
            code = await self._process.wait()
            await self._reader
        return code

    async def says(self, pattern: str) -> None:
        """Wait until a line of the log matches; fails when the process ends before."""
        async with asyncio.timeout(WAIT):
            while not re.search(pattern, self.log):
                assert self._reader is not None
                assert not self._reader.done(), f"ended without saying {pattern!r}:\n{self.log}"
                self._news.clear()
                await self._news.wait()

    async def ready(self) -> Self:
        """Wait until it takes jobs."""
        await self.says("worker .* ready")
        return self

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self.log += line.decode()
            self._news.set()
        self._news.set()


class Lab:
    """The other side: jobs in, replies out, and how far a job is."""

    def __init__(self, client: Client, folder: Path) -> None:
        self.client = client
        self.queue, self.outbox = Queue(client), Outbox(client)
        self.blobs = Blobs.open((folder / "blobs").as_uri())

    async def send(self, name: str, photo: bytes, recipe: Recipe) -> Job:
        """Enqueue one photo."""
        key = Blobs.key(name, "in-0", 9_000_000_000)
        await self.blobs.put(key, photo)
        job = fresh(name, photos=(PhotoRef(key=key, name=f"private-{name}.png"),), recipe=recipe)
        await self.queue.enqueue(job)
        return job

    async def answer(self) -> Reply:
        """The next reply."""
        async with asyncio.timeout(WAIT):
            while True:
                async for delivery in self.outbox.deliveries("test", block_seconds=1.0):
                    await self.outbox.acknowledge(delivery)
                    return delivery.reply

    async def no_answer(self) -> bool:
        """Whether no reply waits."""
        return not await self.client.xlen(keys.outbox("test"))

    async def working(self, job_id: str) -> None:
        """Wait until the model has done a part of the job's photo."""
        async with AsyncExitStack() as stack:
            await self.client.config_set("notify-keyspace-events", "K$")
            news = await stack.enter_async_context(self.client.pubsub())
            await news.subscribe(f"__keyspace@0__:{keys.progress(job_id)}")
            await stack.enter_async_context(asyncio.timeout(WAIT))
            while True:
                record = await self.client.get(keys.progress(job_id))
                if record is not None and Progress.from_json(record).fraction > 0:
                    return
                await news.get_message(timeout=None)
