"""A whole Discord bot of ours against the double, its lab on a real Valkey."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pydantic import SecretStr

from bots.conversation import Lab
from bots.discord.app import Tempo, run
from bots.discord.gateway import Waits
from bots.discord.pace import Pace, Rate
from core.blobs import Blobs
from core.jobs import Enhanced, Failed, Job, Reply
from core.settings import DiscordSettings
from tests.bots.telegram.pictures import picture
from tests.doubles.discord import Channel, DiscordServer, Guild, Message, Person, Shown, Upload
from tests.doubles.discord.views import shown


def tempo(**changes: Any) -> Tempo:
    """A bot that does not dawdle."""
    times: dict[str, Any] = {
        "private_edits": 0.05,
        "guild_edits": 0.05,
        "waits": Waits(first_pause=0.01, identify=0.0, guilds=0.05),
        "pace": Pace(Rate(10_000, 1.0)),
    }
    return Tempo(**(times | changes))


def settings(server: DiscordServer, **changes: Any) -> DiscordSettings:
    """The settings of a bot at the double."""
    values: dict[str, Any] = {
        "discord_token": SecretStr(server.token),
        "discord_api_url": server.api_url,
        "discord_gateway_url": server.gateway_url,
    }
    return DiscordSettings(**(values | changes))


@pytest.fixture(autouse=True)
def no_dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No `.env` file reaches these tests."""
    monkeypatch.chdir(tmp_path)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[DiscordServer]:
    """Discord, as far as a photo bot sees it; nobody may have broken its published rules."""
    async with DiscordServer() as discord:
        yield discord
    assert discord.faults == []


StartBot = Callable[..., AbstractAsyncContextManager["asyncio.Task[None]"]]


@pytest.fixture
def start_bot(server: DiscordServer, redis_url: str, lab: Lab) -> StartBot:
    """Starts our bot as a context; `settings` and `tempo` may be changed."""

    @contextlib.asynccontextmanager
    async def started(
        *, times: Tempo | None = None, **changes: Any
    ) -> AsyncIterator["asyncio.Task[None]"]:
        stop = asyncio.Event()
        running = asyncio.create_task(
            run(
                settings(server, **changes),
                lab,
                stop,
                redis_url=redis_url,
                tempo=times or tempo(),
            )
        )
        try:
            yield running
        finally:
            stop.set()
            await asyncio.wait_for(running, 20)

    return started


@pytest_asyncio.fixture
async def bot(start_bot: StartBot, server: DiscordServer) -> AsyncIterator[None]:
    """Our bot, running and with its commands registered."""
    async with start_bot():
        await ready(server)
        yield


async def ready(server: DiscordServer) -> None:
    """Wait until the bot listens and its commands are there."""
    await server.until(lambda: server.gateway.ready and server.commands.registered())


async def community(lab: Lab, guild: Guild, **changes: Any) -> None:
    """Let a guild's members use the bot, which has introduced itself before."""
    values = {"enabled": True, "introduced": True} | changes
    await lab.communities.change("discord", str(guild.guild_id), **values)


def photo(seed: int = 0, name: str = "beach.png") -> Upload:
    """A small photo that somebody picks."""
    return Upload(name, picture(seed=seed))


async def only_job(server: DiscordServer, lab: Lab, *, count: int = 1) -> Job:
    """The newest of the jobs in the queue, once `count` of them are shown as queued."""

    def queued() -> bool:
        messages = [m for channel in server.channels.values() for m in channel.messages.values()]
        return sum("Queued" in text_of(message) for message in messages) >= count

    await server.until(queued)
    jobs = sorted(await lab.queue.owed("discord"), key=lambda job: job.created)
    assert len(jobs) == count
    return jobs[-1]


def text_of(message: Message) -> str:
    """The words of a message, whoever sees it."""
    return shown(message).text


async def enhanced(
    lab: Lab, job: Job, number: int = 0, *, collage: bool = True, data: bytes | None = None
) -> Enhanced:
    """A finished photo of a job, its files in the blob store."""
    data = data or picture(256, 192, seed=number + 7)
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
        language=job.language,
        results=results,
    )
    assert await lab.outbox.publish(reply)
    return reply


def last(person: Person, channel: Channel) -> Shown:
    """The newest message that a person sees in a channel."""
    return person.sees(channel)[-1]


def from_bot(person: Person, channel: Channel) -> list[Shown]:
    """What a person sees of the bot in a channel."""
    name = person.server.bot.username
    return [shown for shown in person.sees(channel) if shown.author == name]


def said(person: Person, channel: Channel) -> str:
    """The newest words of the bot that a person sees in a channel, none while it thinks."""
    shown = from_bot(person, channel)
    return shown[-1].text if shown else ""
