"""Somebody who uses everything there is, so that there is something to be forgotten."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bots.conversation import Conversation, Lab
from bots.delivery import DeliveryLoop
from bots.desk import Undeliverable
from core import keys
from core.blobs import Blobs
from core.jobs import Address, Job, Progress, Reply
from core.leases import Leases
from core.store import Client
from tests.doubles.desk import RecordingDesk
from tests.doubles.jobs import enhanced

ANN, BOB = "ann-4711", "bob-4712"


@asynccontextmanager
async def delivering(desk: RecordingDesk, lab: Lab) -> AsyncIterator[None]:
    loop = DeliveryLoop(desk, lab.outbox, lab.blobs, lab.buttons)
    task = asyncio.create_task(loop.run())
    try:
        yield
        await asyncio.wait_for(loop.drain(), 10)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Member:
    """Somebody who uses everything there is."""

    def __init__(
        self, name: str, conversation: Conversation, desk: RecordingDesk, lab: Lab, client: Client
    ) -> None:
        self.name = name
        self._conversation, self._desk, self._lab, self._client = conversation, desk, lab, client
        self._sent = 0

    async def says(self, text: str = "", **fields: Any) -> str:
        before = len(self._desk.said)
        await self._conversation.handle(self._desk.request(text=text, user=self.name, **fields))
        return "\n".join(self._desk.said[before:])

    async def asks(self, text: str = "", **fields: Any) -> Job:
        known = {job.id for job in await self._lab.queue.owed("test")}
        photo = f"{self.name}-{self._sent}"
        self._sent += 1
        await self._conversation.handle(
            self._desk.request(photo, text=text, user=self.name, **fields)
        )
        (job,) = [job for job in await self._lab.queue.owed("test") if job.id not in known]
        return job

    async def is_answered(self, job: Job) -> Reply:
        """A worker publishes the answer, with its files in the store."""
        out, side = (Blobs.key(job.id, part, job.deadline + 600) for part in ("out", "collage"))
        for key in (out, side):
            await self._lab.blobs.put(key, self.name.encode())
        result = enhanced(key=out, collage=side, source_name=job.photos[0].name)
        answer = Reply.failure(job, "x", "x").model_copy(update={"results": (result,)})
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.zrem(keys.QUEUE, job.id)
            pipe.delete(f"arq:job:{job.id}")
            await pipe.execute()
        assert await self._lab.outbox.publish(answer)
        await self._lab.blobs.discard(photo.key for photo in job.photos)
        return answer

    async def is_everywhere(self) -> None:
        """Leaves traces in every place: answered, undeliverable, waiting, at work, in a group."""
        arrived = await self.asks("/enhance", private=False)
        async with delivering(self._desk, self._lab):
            await self.is_answered(arrived)
            await asyncio.wait_for(self._desk.delivered[arrived.id].wait(), 10)
        buried = await self.asks("/upscale 2x")
        self._desk.faults = [Undeliverable(f"chat of {self.name} not found")]
        async with delivering(self._desk, self._lab):
            await self.is_answered(buried)
            await self._desk.until(lambda: not self._desk.faults)
        await self.is_answered(await self.asks("/portrait"))
        begun = await self.asks("/upscale 4x")
        leases = Leases(self._client, "worker", seconds=30)
        assert await leases.take(begun.id) is not None
        await leases.begin(begun.id)
        await self._lab.queue.report(begun.id, Progress(stage="upscale", fraction=0.5))
        await self.asks("/enhance", private=False)
        for addressed in (True, False):
            await self.says("/enhance", private=False, addressed=addressed)
        noted: Address = {"chat": self.name, "status": 0}
        await self._lab.belongings.note("test", self.name, keys.status(self.name), 60)
        await self._lab.queue.note_status(self.name, noted)
