"""Answers on their way to a chat, and the loop that brings them."""

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from bots.delivery import DeliveryLoop
from core.blobs import Blobs
from core.jobs import Reply
from core.outbox import Outbox
from tests.doubles.desk import RecordingDesk
from tests.doubles.jobs import enhanced, reply

Running = Callable[[], AbstractAsyncContextManager[DeliveryLoop]]


async def published(
    desk: RecordingDesk, outbox: Outbox, blobs: Blobs, name: str = "job-1"
) -> Reply:
    """A reply with a file and a collage in the store and a status message in the chat."""
    key, collage = (Blobs.key(name, part, time.time() + 600) for part in ("out", "collage"))
    result = enhanced(key=key, collage=collage)
    told = reply(name, results=(result,), address=await desk.open_status({"chat": 1}, "…"))
    await blobs.put(result.key, b"file")
    await blobs.put(collage, b"collage")
    assert await outbox.publish(told)
    return told
