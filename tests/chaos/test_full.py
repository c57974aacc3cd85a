"""A full Redis and a full disk: a sentence for those who come, an answer for those who are in."""

import io
import random
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
from PIL import Image

from bots.conversation import Conversation, Lab
from bots.delivery import DeliveryLoop
from bots.status import StatusBoard
from core.blobs import Blobs
from core.jobs import Enhanced, Failed, PhotoRef, Result
from core.recipe import Format, Recipe
from core.store import Client
from tests.doubles.benches import shipped_bench
from tests.doubles.desk import RecordingDesk
from tests.doubles.jobs import enhanced, fresh, reply
from tests.doubles.photos import photo_file
from worker import bench as bench_module
from worker.bench import Bench

FULL_DISK = 65_536
"""The largest file in bytes that still fits."""


@asynccontextmanager
async def full(client: Client) -> AsyncIterator[None]:
    """Redis refuses every write that takes room."""
    await client.config_set("maxmemory", 1)
    try:
        yield
    finally:
        await client.config_set("maxmemory", 0)


@contextmanager
def full_disk() -> Iterator[None]:
    """No larger file can be written by this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FULL_DISK, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def noise() -> bytes:
    """A PNG that is too large for a full disk."""
    data = io.BytesIO()
    Image.frombytes("RGB", (200, 200), random.Random(1).randbytes(120_000)).save(data, "PNG")
    return data.getvalue()


async def test_while_redis_is_full_newcomers_are_told_and_the_others_get_their_photos(
    client: Client, desk: RecordingDesk, lab: Lab
) -> None:
    desk.photos = {"a": photo_file(), "b": photo_file()}
    board = StatusBoard(desk, lab.queue)
    conversation = Conversation(desk, lab, board)
    await conversation.handle(desk.request("a"))
    (job,) = await lab.queue.owed("test")
    async with full(client):
        await conversation.handle(desk.request("b"))
        newcomer = list(desk.messages.values())[-1]
        assert newcomer.text == "The lab is full right now. Please try again in a few minutes."
        assert desk.said == []
        key = lab.blobs.key(job.id, "out-1", job.deadline)
        await lab.blobs.put(key, b"file")
        told = reply(job.id, address=job.address, results=(enhanced(key=key),))
        assert await lab.outbox.publish(told)
        loop = DeliveryLoop(desk, lab.outbox, lab.blobs, lab.buttons, board)
        (found,) = [one async for one in lab.outbox.deliveries("test", block_seconds=0.01)]
        await loop._deliver(found)
    assert desk.parts == [(job.id, "text"), (job.id, "files")]
    assert await lab.queue.owed("test") == []
    assert await lab.blobs.keys() == [job.photos[0].key]  # its worker deletes it


async def test_while_the_disk_is_full_newcomers_are_told_and_nothing_stays(
    desk: RecordingDesk, lab: Lab
) -> None:
    desk.photos["a"] = noise()
    conversation = Conversation(desk, lab, StatusBoard(desk, lab.queue))
    with full_disk():
        await conversation.handle(desk.request("a"))
    (shown,) = desk.messages.values()
    assert shown.text.startswith("The lab has no place for another photo right now.")
    assert await lab.queue.owed("test") == []
    assert await lab.blobs.keys() == []


@pytest.fixture
def bench(client: Client, lab: Lab) -> Iterator[Bench]:
    with shipped_bench(lab, client) as bench:
        yield bench


async def worked_on_a_full_disk(lab: Lab, bench: Bench, photo: bytes) -> Result:
    """What becomes of a photo that was taken in before the disk was full."""
    key = Blobs.key("job-1", "in-0", 9_000_000_000)
    await lab.blobs.put(key, photo)
    recipe = Recipe(scale=1, denoise=0, faces=0, format=Format.PNG)
    await lab.queue.enqueue(fresh(photos=(PhotoRef(key=key),), recipe=recipe))
    with full_disk():
        await bench.work("job-1")
    ((told,),) = [
        one.reply.results async for one in lab.outbox.deliveries("test", block_seconds=0.01)
    ]
    return told


async def test_a_result_that_finds_the_disk_full_is_told_and_leaves_nothing(
    lab: Lab, bench: Bench
) -> None:
    told = await worked_on_a_full_disk(lab, bench, noise())
    assert isinstance(told, Failed)
    assert told.text.startswith("The lab has no place for another photo right now.")
    assert await lab.blobs.keys() == []


async def test_a_comparison_that_finds_the_disk_full_does_not_withhold_the_photo(
    lab: Lab, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench_module, "collage", lambda *_, **__: bytes(2 * FULL_DISK))
    told = await worked_on_a_full_disk(lab, bench, photo_file())
    assert isinstance(told, Enhanced)
    assert told.collage is None
    assert await lab.blobs.keys() == [told.key]
