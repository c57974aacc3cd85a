"""The lab's side: a queue that tells of its jobs, replies made at once, and an outbox to hold."""

import asyncio
import io
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import cast

from PIL import Image

from bots.conversation import Lab
from core import answers, keys
from core.blobs import Blobs
from core.communities import UNLIMITED, Allowance
from core.jobs import Enhanced, Failed, Job, Reply, StageName, Step
from core.outbox import Delivery, Outbox
from core.queue import Queue
from core.store import Client
from core.tickets import Ticket
from tests.bots.telegram.pictures import picture

SECONDS = 20.0
ACKNOWLEDGEMENT = "acknowledgement"
SIZE, SOURCE, COLLAGE = (256, 192), (64, 48), (200, 100)


def photo_bytes(seed: int = 0) -> bytes:
    """A photo of `SOURCE` pixels, another one for every seed."""
    return picture(*SOURCE, seed=seed)


class TellingQueue(Queue):
    """The real queue; `accepted` has its jobs in their order."""

    def __init__(self, client: Client) -> None:
        super().__init__(client, cap=50, photos_per_user=5)
        self.accepted: asyncio.Queue[Job] = asyncio.Queue()

    async def enqueue(self, job: Job, allowance: Allowance = UNLIMITED) -> Ticket:
        ticket = await super().enqueue(job, allowance)
        if not ticket.known:
            self.accepted.put_nowait(job)
        return ticket


class HeldOutbox(Outbox):
    """The real outbox; a note or an acknowledgement can be held up, as if Redis were slow."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.held: str | None = None
        self.reached = asyncio.Event()
        self.changed = asyncio.Event()

    async def acknowledge(self, delivery: Delivery) -> None:
        await self._pass(ACKNOWLEDGEMENT)
        await super().acknowledge(delivery)
        self.changed.set()

    async def close(self, platform: str) -> None:
        await super().close(platform)
        self.changed.set()

    def recorder(self, job_id: str) -> Callable[[str, str], Awaitable[None]]:
        note = super().recorder(job_id)

        async def record(name: str, outcome: str) -> None:
            await self._pass(name)
            await note(name, outcome)

        return record

    async def _pass(self, name: str) -> None:
        if self.held == name:
            self.reached.set()
            await asyncio.Event().wait()


@dataclass(frozen=True)
class Made:
    """An answer that the lab has made: the caption and the files' bytes."""

    job: Job
    caption: str
    files: tuple[bytes, ...] = field(repr=False)
    collages: int


@dataclass
class Bench:
    """Takes jobs and publishes their replies as a worker does, with no model.

    `killed` says that a process was, so that bytes may lie about until their deadline.
    """

    lab: Lab
    client: Client
    queue: TellingQueue
    outbox: HeldOutbox
    platforms: set[str] = field(default_factory=set)
    killed: bool = False
    _made: int = 0

    async def job(self) -> Job:
        """The next job, once it is in the queue."""
        job = await asyncio.wait_for(self.queue.accepted.get(), SECONDS)
        self.platforms.add(job.platform)
        return job

    @property
    def idle(self) -> bool:
        """Whether nobody has asked for anything more."""
        return self.queue.accepted.empty()

    async def answer(self, job: Job, *, refused: Failed | None = None) -> Made:
        """Finish a job: every photo enhanced, or all of them `refused`."""
        results: list[Enhanced | Failed] = []
        files = []
        for number, photo in enumerate(job.photos):
            if refused is not None:
                results.append(refused)
                continue
            self._made += 1
            data = picture(*SIZE, seed=self._made)
            files.append(data)
            results.append(await self._enhanced(job, number, photo.name, data))
        reply = Reply(
            job=job.id,
            platform=job.platform,
            user=job.user,
            address=job.address,
            recipe=job.recipe,
            language=job.language,
            results=(*results, *job.refused),
        )
        async with self.client.pipeline(transaction=True) as pipe:
            pipe.zrem(keys.QUEUE, job.id)
            pipe.delete(f"arq:job:{job.id}")
            await pipe.execute()
        assert await self.lab.outbox.publish(reply)
        await self.lab.blobs.discard(photo.key for photo in job.photos)
        collages = len(files) if job.recipe.collage else 0
        return Made(job, answers.caption(reply), tuple(files), collages)

    async def _enhanced(self, job: Job, number: int, name: str, data: bytes) -> Enhanced:
        key = Blobs.key(job.id, f"out-{number}", job.deadline)
        await self.lab.blobs.put(key, data)
        collage = None
        if job.recipe.collage:
            collage = Blobs.key(job.id, f"collage-{number}", job.deadline)
            drawn = picture(*COLLAGE, seed=self._made, kind="JPEG")
            await self.lab.blobs.put(collage, drawn)
        return Enhanced(
            key=key,
            name=f"{name.rpartition('.')[0]}-darkroom.png",
            media_type="image/png",
            bytes=len(data),
            width=SIZE[0],
            height=SIZE[1],
            source_name=name,
            source_width=SOURCE[0],
            source_height=SOURCE[1],
            measured=("noise σ ≈ 3",),
            steps=(Step(stage=StageName.UPSCALE, done=True, reason="small"),),
            collage=collage,
            seconds=1.5,
        )

    async def held_up(self) -> None:
        """Wait until a bot has sent what it cannot note or acknowledge."""
        await asyncio.wait_for(self.outbox.reached.wait(), SECONDS)

    async def settled(self) -> None:
        """Wait until every request is answered, and every answer acknowledged."""
        async with asyncio.timeout(SECONDS):
            while await self._owed() or await self._waiting():
                await self.outbox.changed.wait()
                self.outbox.changed.clear()

    async def nothing_left(self) -> None:
        """Nobody is owed anything, nothing waits, nothing was buried, no bytes lie about."""
        assert self.idle, "a job that nobody looked at"
        assert await self._owed() == []
        assert await self._waiting() == 0
        for platform in self.platforms:
            assert await self.client.xlen(keys.dead(platform)) == 0
        assert await self.client.zcard(keys.QUEUE) == 0
        if self.killed:  # what a crash leaves behind goes by its deadline
            await self.lab.blobs.sweep(now=time.time() + 24 * 3600)
        assert await self.lab.blobs.keys() == []

    async def _owed(self) -> list[Job]:
        return [job for name in self.platforms for job in await self.lab.queue.owed(name)]

    async def _waiting(self) -> int:
        lengths = [await self.client.xlen(keys.outbox(name)) for name in self.platforms]
        return sum(cast("list[int]", lengths))


def size_of(data: bytes) -> tuple[int, int]:
    """The width and height of an encoded picture."""
    with Image.open(io.BytesIO(data)) as image:
        return image.size
