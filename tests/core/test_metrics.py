import re
import time

import pytest
from prometheus_client import REGISTRY

from core import metrics
from core.jobs import Failed, Reply
from core.outbox import Delivery, Outbox
from core.queue import Cancelling, Queue
from core.store import Client
from tests.doubles.counts import count
from tests.doubles.jobs import enhanced, fresh, opened, reply

PHOTOS = "darkroom_photos_total"


@pytest.fixture(autouse=True)
async def _open(client: Client) -> None:
    await opened(client, "test", "terminal-abc")


async def read(outbox: Outbox, platform: str = "test") -> Delivery:
    (found,) = [one async for one in outbox.deliveries(platform, block_seconds=0.01)]
    return found


async def test_photos_are_counted_by_what_became_of_them_when_their_reply_is_published(
    outbox: Outbox,
) -> None:
    def counts() -> list[float]:
        return [
            count(PHOTOS, outcome="enhanced", cause=""),
            count(PHOTOS, outcome="failed", cause="broken"),
            count("darkroom_photo_seconds_count"),
            count("darkroom_photo_seconds_sum"),
        ]

    before = counts()
    broken = Failed(code="broken", text="Broken.")
    results = (enhanced(seconds=2.0), broken, enhanced(seconds=3.0))
    assert await outbox.publish(reply(results=results))
    assert not await outbox.publish(reply(results=(enhanced(seconds=9.0),)))  # a second worker's
    assert [after - earlier for after, earlier in zip(counts(), before, strict=True)] == (
        pytest.approx([2, 1, 2, 5.0])
    )


async def test_a_job_taken_back_while_it_waits_is_counted(queue: Queue) -> None:
    job = fresh()
    await queue.enqueue(job)
    before = count(PHOTOS, outcome="failed", cause="cancelled")
    taken_back = Reply.failure(job, "cancelled", "Cancelled.")
    assert await queue.cancel(job, taken_back) is Cancelling.CANCELLED
    assert await queue.cancel(job, taken_back) is Cancelling.FINISHED
    assert count(PHOTOS, outcome="failed", cause="cancelled") == before + 1


async def test_deliveries_are_counted_by_how_they_end(outbox: Outbox) -> None:
    def counts() -> list[float]:
        return [
            count("darkroom_delivery_attempts_total", platform="test"),
            *(
                count("darkroom_deliveries_total", platform="test", outcome=outcome)
                for outcome in ("delivered", "later", "dead")
            ),
            count("darkroom_delivery_seconds_count", platform="test"),
        ]

    before = counts()
    await outbox.publish(reply("a"))
    delivery = await read(outbox)
    await outbox.attempt(delivery)
    await outbox.spare(delivery)
    await outbox.attempt(delivery)
    await outbox.acknowledge(delivery)
    await outbox.publish(reply("b"))
    await outbox.bury(await read(outbox), "the chat is gone")
    assert [after - earlier for after, earlier in zip(counts(), before, strict=True)] == [
        *(2, 1, 1, 1, 1)
    ]


async def test_every_command_line_is_one_platform(outbox: Outbox) -> None:
    delivered = {"platform": "terminal", "outcome": "delivered"}
    before = count("darkroom_deliveries_total", **delivered)
    await outbox.publish(reply(platform="terminal-abc"))
    await outbox.acknowledge(await read(outbox, "terminal-abc"))
    assert count("darkroom_deliveries_total", **delivered) == before + 1


def test_the_wait_is_the_time_since_the_request_and_never_negative() -> None:
    before = count("darkroom_wait_seconds_sum")
    metrics.begun(time.time() - 30)
    assert count("darkroom_wait_seconds_sum") - before == pytest.approx(30, abs=1)
    metrics.begun(time.time() + 30)  # the bot's clock is ahead of the worker's
    assert count("darkroom_wait_seconds_sum") - before == pytest.approx(30, abs=1)


def test_the_labs_own_faults_are_there_before_the_first_happens() -> None:
    for cause in metrics.FAULTS:
        assert REGISTRY.get_sample_value(PHOTOS, {"outcome": "failed", "cause": cause}) is not None


def test_names_tell_units_and_no_label_tells_a_person_or_a_photo() -> None:
    ours = [family for family in REGISTRY.collect() if family.name.startswith("darkroom_")]
    assert len(ours) >= 9
    for family in ours:
        assert family.type == "counter" or family.name.endswith(("_seconds", "_bytes"))
        assert re.fullmatch(r"[A-Z].*\.", family.documentation)
    for metric in (
        metrics.WAIT,
        metrics.STAGE,
        metrics.PHOTO,
        metrics.PHOTOS,
        metrics.REFUSALS,
        metrics.ATTEMPTS,
        metrics.DELIVERIES,
        metrics.DELIVERY,
        metrics.GPU_MEMORY,
    ):
        assert set(metric._labelnames) <= metrics.LABELS
