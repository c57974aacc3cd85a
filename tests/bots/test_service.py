import asyncio

import pytest

from bots import service
from bots.conversation import Conversation, Lab
from bots.service import open_lab, serve
from core import captions
from core.errors import LimitReached
from core.jobs import Reply
from core.settings import StoreSettings
from tests.doubles.desk import RecordingDesk
from tests.doubles.jobs import fresh
from tests.doubles.photos import photo_file


async def test_a_service_takes_photos_delivers_answers_and_ends_with_its_listener(
    desk: RecordingDesk, lab: Lab
) -> None:
    desk.photos["a"] = photo_file()

    async def listen(conversation: Conversation) -> None:
        await conversation.handle(desk.request("a"))
        (job,) = await lab.queue.owed("test")
        assert len(await lab.presence.living("test")) == 1
        await lab.outbox.publish(Reply.failure(job, "x", "The answer."))
        await desk.delivered[job.id].wait()

    await serve(desk, lab, listen)
    (shown,) = desk.messages.values()
    assert shown.text == "The answer."
    assert await lab.presence.living("test") == []
    left = [one async for one in lab.outbox.deliveries("test", block_seconds=0.01)]
    assert left == []


async def test_a_listener_that_fails_ends_the_service_with_its_error(
    desk: RecordingDesk, lab: Lab
) -> None:
    async def listen(conversation: Conversation) -> None:
        raise RuntimeError("no network")

    with pytest.raises(RuntimeError, match="no network"):
        await serve(desk, lab, listen)


async def test_a_stopping_service_finishes_the_delivery_it_has_begun(
    desk: RecordingDesk, lab: Lab
) -> None:
    desk.photos["a"] = photo_file()
    begun, may_go = asyncio.Event(), asyncio.Event()

    async def hold(job_id: str) -> None:
        begun.set()
        await may_go.wait()

    desk.before_files = hold

    async def listen(conversation: Conversation) -> None:
        await conversation.handle(desk.request("a"))
        (job,) = await lab.queue.owed("test")
        await lab.outbox.publish(Reply.failure(job, "x", "The answer."))
        await begun.wait()
        asyncio.get_running_loop().call_soon(may_go.set)

    await serve(desk, lab, listen)
    assert [part for _, part in desk.parts] == ["text", "files"]


async def test_a_delivery_that_never_ends_does_not_hold_up_the_stop(
    desk: RecordingDesk, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "DRAIN_SECONDS", 0.05)
    desk.photos["a"] = photo_file()
    begun = asyncio.Event()

    async def hold(job_id: str) -> None:
        begun.set()
        await asyncio.Event().wait()

    desk.before_files = hold

    async def listen(conversation: Conversation) -> None:
        await conversation.handle(desk.request("a"))
        (job,) = await lab.queue.owed("test")
        await lab.outbox.publish(Reply.failure(job, "x", captions.LOST))
        await begun.wait()

    await asyncio.wait_for(serve(desk, lab, listen), 10)
    again = [one async for one in lab.outbox.deliveries("test", block_seconds=0.01)]
    assert len(again) == 1


async def test_a_lab_is_made_of_the_settings(redis_url: str) -> None:
    settings = StoreSettings(
        photos_per_user=1, photos_per_community=2, answer_minutes=2, max_megapixels=3
    )
    async with open_lab(redis_url, settings) as lab:
        assert lab.answer_seconds == 120
        assert lab.limits.max_pixels == 3_000_000
        for user in ("ann", "ben"):
            await lab.queue.enqueue(fresh(user, user=user, community="club"))
        with pytest.raises(LimitReached, match="You can have 1 photos"):
            await lab.queue.check_room("test", "ann", 1)
        with pytest.raises(LimitReached, match="2 photos from here"):
            await lab.queue.check_room("test", "cat", 1, community="club")
        assert await lab.presence.living("worker") == []
