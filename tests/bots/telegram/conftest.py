"""A whole Telegram bot of ours against the double, its lab on a real Valkey."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from bots.conversation import Lab
from bots.service import open_lab
from bots.telegram.app import Tempo, run
from bots.telegram.pace import Pace, Rate
from core.blobs import Blobs
from core.jobs import Enhanced, Failed, Job, Reply
from core.settings import StoreSettings, TelegramSettings
from core.valkey import PrivateValkey
from tests.bots.telegram.pictures import picture
from tests.doubles.telegram import Chat, TelegramServer

FREE = Rate(10_000, 1.0)


def tempo(**changes: Any) -> Tempo:
    """A bot that does not dawdle."""
    times: dict[str, Any] = {
        "album_quiet": 0.3,
        "private_edits": 0.05,
        "group_edits": 0.05,
        "settling": 20,
        "first_pause": 0.01,
        "pace": Pace(overall=FREE, private=FREE, group=FREE, first_delay=0.01),
    }
    return Tempo(**(times | changes))


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the environment nor a `.env` file reaches these tests."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("DARKROOM_", "REDIS_URL", "BLOB_URL")):
            monkeypatch.delenv(name)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[TelegramServer]:
    """Telegram, as far as a photo bot sees it; nobody may have broken its published rules."""
    async with TelegramServer() as telegram:
        yield telegram
    assert telegram.faults == []


@pytest_asyncio.fixture
async def redis_url(tmp_path: Path) -> AsyncIterator[str]:
    """A real Valkey of this test's own."""
    async with PrivateValkey(tmp_path / "valkey", durable=False) as valkey:
        yield valkey.url


@pytest_asyncio.fixture
async def lab(redis_url: str, tmp_path: Path) -> AsyncIterator[Lab]:
    """The lab's own side: queue, outbox, blobs."""
    settings = StoreSettings(data_dir=tmp_path)
    async with open_lab(redis_url, settings) as opened:
        yield opened


StartBot = Callable[..., AbstractAsyncContextManager[None]]


@pytest.fixture
def start_bot(server: TelegramServer, redis_url: str, lab: Lab) -> StartBot:
    """Starts our bot as a context; `settings` and `tempo` may be changed."""

    @contextlib.asynccontextmanager
    async def started(*, times: Tempo | None = None, **changes: Any) -> AsyncIterator[None]:
        settings = TelegramSettings(
            telegram_token=SecretStr(server.token),
            telegram_api_url=server.url,
            **changes,
        )
        stop = asyncio.Event()
        running = asyncio.create_task(
            run(settings, lab, stop, redis_url=redis_url, tempo=times or tempo())
        )
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait_for(running, 20)

    return started


@pytest_asyncio.fixture
async def bot(start_bot: StartBot, server: TelegramServer) -> AsyncIterator[None]:
    """Our bot, running."""
    async with start_bot():
        await server.until(lambda: server.called("deleteWebhook"))
        yield


async def switched_on(lab: Lab, group: Chat, **settings: Any) -> None:
    """Let the bot work in a group, as an administrator does."""
    await lab.communities.change("telegram", str(group.chat_id), enabled=True, **settings)


async def only_job(server: TelegramServer, lab: Lab, *, count: int = 1) -> Job:
    """The newest of the jobs in the queue, once `count` of them are shown as queued."""

    def queued() -> bool:
        shown = [s for chat in server.chats.values() for s in chat.from_bot()]
        return sum("Queued" in message.text for message in shown) >= count

    await server.until(queued)
    jobs = sorted(await lab.queue.owed("telegram"), key=lambda job: job.created)
    assert len(jobs) == count
    return jobs[-1]


async def enhanced(lab: Lab, job: Job, number: int = 0, *, collage: bool = True) -> Enhanced:
    """A finished photo of a job, its files in the blob store."""
    data = picture(256, 192, seed=number + 7)
    key = Blobs.key(job.id, f"out-{number}", job.deadline)
    await lab.blobs.put(key, data)
    drawn = Blobs.key(job.id, f"collage-{number}", job.deadline) if collage else None
    if drawn is not None:
        await lab.blobs.put(drawn, picture(200, 100, seed=number, kind="JPEG"))
    return Enhanced(
        key=key,
        name=f"result-{number}.png",
        media_type="image/png",
        bytes=len(data),
        width=256,
        height=192,
        source_name=job.photos[number].name,
        source_width=64,
        source_height=48,
        collage=drawn,
        seconds=1.5,
    )


async def publish(lab: Lab, job: Job, *results: Enhanced | Failed) -> Reply:
    """Answer a job as a worker does."""
    reply = Reply(
        job=job.id,
        platform=job.platform,
        user=job.user,
        address=job.address,
        recipe=job.recipe,
        results=results,
    )
    assert await lab.outbox.publish(reply)
    return reply
