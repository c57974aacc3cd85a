"""How long things are kept: as /privacy tells it, and never without an end."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from bots.conversation import Conversation, Lab
from bots.service import open_lab
from core import buttons, entrance, keys, letters, outbox, privacy
from core.blobs import KEPT_SECONDS
from core.durations import told
from core.privacy import Periods
from core.queue import STATUS_SECONDS
from core.settings import StoreSettings
from core.store import Client
from tests.doubles.desk import RecordingDesk
from tests.privacy.member import ANN, Member
from tests.privacy.traces import traces

pytestmark = pytest.mark.usefixtures("group")

LONGEST = {
    "button": buttons.KEPT_SECONDS,
    "of": buttons.KEPT_SECONDS,
    "dead": letters.KEPT_SECONDS,
    "taken": entrance.ALLOWANCE_SECONDS,
    "told": entrance.ALLOWANCE_SECONDS,
    "status": STATUS_SECONDS,
    "sent": outbox.KEPT_SECONDS,
    "done": outbox.KEPT_SECONDS,
}
UNTIL_ANSWERED = {"job", "user", "out"}
"""These end with the answer; `job` also by itself, as do a person's places."""


async def test_nothing_about_a_person_is_kept_longer_than_told(
    member: Callable[[str], Member], client: Client, blobs: Any
) -> None:
    await member(ANN).is_everywhere()
    found = [key for key in await traces(client, blobs, ANN) if key.startswith(keys.PREFIX)]
    assert found
    for key in found:
        family = key.split(":")[1]
        if family not in UNTIL_ANSWERED:
            seconds = await client.ttl(key)
            assert 0 < seconds <= LONGEST[family], key


async def test_photos_lie_in_the_store_as_long_as_told(
    member: Callable[[str], Member], desk: RecordingDesk, lab: Lab
) -> None:
    began = time.time()
    job = await member(ANN).asks()
    stamp = int(job.photos[0].key.partition("/")[0])
    assert 0 < stamp - began <= 2 * lab.answer_seconds + 2
    answer = await member(ANN).says("/privacy")
    assert f"{told(2 * lab.answer_seconds)} at most" in answer
    assert f"{told(lab.answer_seconds + lab.kept_seconds)} at most" in answer


async def test_at_their_deadline_photos_are_deleted_whatever_became_of_their_answer(
    member: Callable[[str], Member], lab: Lab
) -> None:
    job = await member(ANN).asks()
    await lab.blobs.sweep(job.deadline)
    assert await lab.blobs.keys() == [job.photos[0].key]
    await lab.blobs.sweep(job.deadline + lab.answer_seconds + 1)
    assert await lab.blobs.keys() == []


async def test_the_times_can_be_set(redis_url: str, tmp_path: Any) -> None:
    settings = StoreSettings(
        answer_minutes=10, keep_hours=0.5, data_dir=tmp_path, blob_url=f"file://{tmp_path}/blobs"
    )
    async with open_lab(redis_url, settings) as lab:
        assert (lab.answer_seconds, lab.kept_seconds) == (600, 1800)


def test_every_time_in_the_statement_is_one_that_is_kept_to() -> None:
    text = privacy.statement(Periods(photo=7200, result=3600 + KEPT_SECONDS))
    for seconds in (
        *(7200, 3600 + KEPT_SECONDS, letters.KEPT_SECONDS, buttons.KEPT_SECONDS),
        *(entrance.ALLOWANCE_SECONDS, outbox.KEPT_SECONDS, outbox.COUNTERS_SECONDS),
    ):
        assert told(seconds) in text


async def test_nobody_needs_a_photo_to_ask(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    await conversation.handle(desk.request(text="/privacy"))
    assert desk.said[0].startswith("What this lab keeps of you")
    assert await lab.queue.owed("test") == []
