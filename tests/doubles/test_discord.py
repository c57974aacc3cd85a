"""The double itself, driven by the real library: it must refuse what Discord refuses."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import discord
import pytest
import pytest_asyncio
import yarl
from discord import app_commands

from tests.bots.telegram.pictures import picture
from tests.doubles.discord import DiscordServer, Guild, Person, Upload


class Bot(discord.Client):
    """A client with a command tree that puts what it receives into lists."""

    def __init__(self, intents: discord.Intents) -> None:
        super().__init__(intents=intents, guild_ready_timeout=0.0, max_messages=None)
        self.tree = app_commands.CommandTree(self)
        self.heard: list[discord.Message] = []
        self.events: list[str] = []

    async def on_message(self, message: discord.Message) -> None:
        if message.author != self.user:
            self.heard.append(message)

    async def on_socket_event_type(self, event: str) -> None:
        self.events.append(event)


def point_at(server: DiscordServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the library find the double where it expects Discord."""
    monkeypatch.setattr(discord.http.Route, "BASE", server.api_url)
    gateway = yarl.URL(server.gateway_url)
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", gateway)


@pytest_asyncio.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as discord_server:
        point_at(discord_server, monkeypatch)
        yield discord_server


@pytest.fixture
def ada(server: DiscordServer) -> Person:
    return server.person("Ada")


@pytest.fixture
def guild(server: DiscordServer, ada: Person) -> Guild:
    return server.guild("Photographers", ada)


@asynccontextmanager
async def running(server: DiscordServer, bot: Bot) -> AsyncIterator[Bot]:
    """A bot that is connected and knows its guilds."""
    async with bot:
        await bot.login(server.token)
        connected = asyncio.create_task(bot.connect())
        ready = asyncio.create_task(bot.wait_until_ready())
        await asyncio.wait([connected, ready], return_when=asyncio.FIRST_COMPLETED)
        yield bot
    await connected


@pytest_asyncio.fixture
async def bot(server: DiscordServer, guild: Guild) -> AsyncIterator[Bot]:
    intents = discord.Intents.default()
    intents.message_content = True
    async with running(server, Bot(intents)) as client:
        yield client


async def test_a_slash_command_is_deferred_and_answered(
    server: DiscordServer, bot: Bot, guild: Guild, ada: Person
) -> None:
    channel = guild.channel("general")
    photo = picture(40, 30)

    @bot.tree.command(description="Enhance a photo")
    async def enhance(
        interaction: discord.Interaction, photo: discord.Attachment, scale: int = 2
    ) -> None:
        await interaction.response.defer()
        data = await photo.read()
        file = discord.File(io.BytesIO(data), "better photo.png")
        view = discord.ui.View()
        view.add_item(discord.ui.Button(label="Again", custom_id="again:1"))
        await interaction.edit_original_response(content=f"x{scale}", attachments=[file], view=view)

    await bot.tree.sync()
    upload = Upload("mine.png", photo)
    interaction = ada.slash("enhance", channel, {"photo": upload, "scale": 4}, locale="de")
    await server.until(lambda: channel.shown() and channel.shown()[0].files)
    (shown,) = ada.sees(channel)
    assert (shown.text, shown.buttons, shown.loading) == ("x4", {"Again": "again:1"}, False)
    assert [(f.name, f.data) for f in shown.files] == [("better_photo.png", photo)]
    assert interaction.acknowledged
    assert server.faults == []
