"""The parts of a bench under test, jobs to give it and the answers it gives."""

import asyncio
import threading
from typing import Any

from bots.conversation import Lab
from core.blobs import Blobs
from core.images import Limits
from core.jobs import Job, PhotoRef, Reply
from core.leases import Leases
from core.recipe import Recipe
from tests.doubles.jobs import fresh
from worker.bench import Bench
from worker.engine import Engine
from worker.models import Models

QUICK = Recipe(scale=1, denoise=50, faces=0)


class HeldEngine(Engine):
    """The real engine, that can be stopped before its work to look around."""

    def __init__(self) -> None:
        super().__init__("cpu")
        self.may_go = threading.Event()
        self.may_go.set()
        self.begun = threading.Event()

    def run(self, *words: Any, **options: Any) -> Any:
        self.begun.set()
        assert self.may_go.wait(20)
        return super().run(*words, **options)


class Clock:
    """In place of the watch's clock: time passes when it is told so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


def make_bench(lab: Lab, leases: Leases, models: Models, engine: Engine, **options: Any) -> Bench:
    return Bench(
        lab.queue,
        leases,
        lab.outbox,
        lab.blobs,
        models,
        engine,
        limits=options.pop("limits", Limits()),
        max_output_pixels=options.pop("max_output_pixels", 1_000_000),
        **options,
    )


async def enqueued(
    lab: Lab, *files: bytes, name: str = "job-1", recipe: Recipe = QUICK, **fields: Any
) -> Job:
    refs = []
    for number, data in enumerate(files):
        key = Blobs.key(name, f"in-{number}", 9_000_000_000)
        await lab.blobs.put(key, data)
        refs.append(PhotoRef(key=key, name=f"holiday {number}.png"))
    job = fresh(name, photos=tuple(refs), recipe=recipe, **fields)
    await lab.queue.enqueue(job)
    return job


async def answers(lab: Lab) -> list[Reply]:
    return [one.reply async for one in lab.outbox.deliveries("test", block_seconds=0.01)]


async def only_answer(lab: Lab) -> Reply:
    (reply,) = await answers(lab)
    return reply


async def come(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, 20)
