"""What tests of the delivery ask for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest

from bots import delivery
from bots.delivery import DeliveryLoop
from core.blobs import Blobs
from core.buttons import Buttons
from core.outbox import Outbox
from core.store import Client
from tests.bots.sending import Running
from tests.doubles.desk import RecordingDesk
from tests.doubles.jobs import opened


@pytest.fixture
def quick_delivery(monkeypatch: pytest.MonkeyPatch, outbox: Outbox) -> None:
    """The delivery waits for hundredths of seconds."""
    monkeypatch.setattr(delivery, "RETRY_SECONDS", (0.01,))
    monkeypatch.setattr(outbox, "deliveries", partial(outbox.deliveries, block_seconds=0.05))


@pytest.fixture
async def open_outbox(client: Client) -> None:
    """The test platform's outbox exists."""
    await opened(client, "test")


@pytest.fixture
def running(desk: RecordingDesk, outbox: Outbox, blobs: Blobs, buttons: Buttons) -> Running:
    """Runs the delivery until all that it has begun is done."""

    @asynccontextmanager
    async def run() -> AsyncIterator[DeliveryLoop]:
        loop = DeliveryLoop(desk, outbox, blobs, buttons)
        task = asyncio.create_task(loop.run())
        yield loop
        await asyncio.wait_for(loop.drain(), 5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    return run
