"""A Discord double with one guild, one person and the real library's client."""

from collections.abc import AsyncIterator

import discord
import pytest
import pytest_asyncio
import yarl

from tests.doubles.discord import Channel, DiscordServer, Guild, Person
from tests.doubles.discord_tests.client import Bot, running


@pytest_asyncio.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as double:
        monkeypatch.setattr(discord.http.Route, "BASE", double.api_url)
        gateway = yarl.URL(double.gateway_url)
        monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", gateway)
        yield double


@pytest_asyncio.fixture
async def ada(server: DiscordServer) -> Person:
    return server.person("Ada", locale="de")


@pytest_asyncio.fixture
async def guild(server: DiscordServer, ada: Person) -> Guild:
    return server.guild("Photographers", ada)


@pytest_asyncio.fixture
async def general(guild: Guild) -> Channel:
    return guild.channel("general")


@pytest_asyncio.fixture
async def bot(server: DiscordServer, general: Channel) -> AsyncIterator[Bot]:
    async with running(server, Bot()) as client:
        yield client


@pytest_asyncio.fixture
async def place(bot: Bot, general: Channel) -> discord.TextChannel:
    channel = bot.get_channel(general.channel_id)
    assert isinstance(channel, discord.TextChannel)
    return channel
