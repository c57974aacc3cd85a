"""Photos through a bench and back."""

from bots.conversation import Lab
from core.blobs import Blobs
from core.jobs import PhotoRef, Result
from core.recipe import Recipe
from tests.doubles.jobs import fresh
from worker.bench import Bench

ALONE = Recipe(scale=1, denoise=0, faces=0)
"""Leaves the pixels as they are, so that opening and saving is all that is done."""


async def enhanced(lab: Lab, bench: Bench, *files: bytes) -> tuple[Result, ...]:
    """What the answer says of each file."""
    refs = []
    for number, data in enumerate(files):
        key = Blobs.key("job-1", f"in-{number}", 9_000_000_000)
        await lab.blobs.put(key, data)
        refs.append(PhotoRef(key=key, name=f"{number}.png"))
    job = fresh(photos=tuple(refs), recipe=ALONE)
    await lab.queue.enqueue(job)
    await bench.work(job.id)
    async for delivery in lab.outbox.deliveries("test", block_seconds=0.1):
        await lab.outbox.acknowledge(delivery)
        return delivery.reply.results
    raise AssertionError("there was no answer")
