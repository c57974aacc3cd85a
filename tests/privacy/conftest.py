"""A lab with a group, and people in it."""

from collections.abc import Callable
from functools import partial

import pytest

from bots import delivery
from bots.conversation import Conversation, Lab
from bots.status import StatusBoard
from core.outbox import Outbox
from core.store import Client
from tests.doubles.desk import RecordingDesk
from tests.doubles.photos import photo_file
from tests.privacy.member import ANN, BOB, Member

PHOTOS = 30
"""Photos at hand of each; their names and bytes say whose they are."""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, outbox: Outbox) -> None:
    monkeypatch.setattr(delivery, "RETRY_SECONDS", (0.01,))
    monkeypatch.setattr(outbox, "deliveries", partial(outbox.deliveries, block_seconds=0.05))


@pytest.fixture
def desk(desk: RecordingDesk) -> RecordingDesk:
    desk.photos = {
        f"{who}-{number}": photo_file(20 + number) + who.encode()
        for who in (ANN, BOB)
        for number in range(PHOTOS)
    }
    return desk


@pytest.fixture
def conversation(desk: RecordingDesk, lab: Lab) -> Conversation:
    return Conversation(desk, lab, StatusBoard(desk, lab.queue), name="lab_bot")


@pytest.fixture
async def group(lab: Lab) -> None:
    await lab.communities.change("test", "club", enabled=True, mode="every", daily=2)


@pytest.fixture
def member(
    conversation: Conversation, desk: RecordingDesk, lab: Lab, client: Client
) -> Callable[[str], Member]:
    return lambda name: Member(name, conversation, desk, lab, client)
