"""Connections, guilds and limits: the double comes and goes as Discord does."""

import asyncio

import aiohttp
import discord
import pytest

from tests.doubles.discord import (
    Channel,
    DiscordServer,
    Fault,
    Guild,
    Intent,
    Limits,
    Person,
    Refused,
)
from tests.doubles.discord.description import description
from tests.doubles.discord_tests.client import SEND, Bot, raw, refused, running


async def test_a_lost_connection_is_resumed_elsewhere(
    server: DiscordServer, bot: Bot, general: Channel, ada: Person
) -> None:
    server.drop_gateway()
    ada.message(general, "meanwhile")
    assert (await bot.heard.get()).content == "meanwhile"
    assert [c.path for c in server.gateway.connections] == ["/resume"]
    server.drop_gateway(4000)
    await server.until(lambda: server.gateway.resumed == 2)
    server.gateway.ask_reconnect()
    await server.until(lambda: server.gateway.resumed == 3)
    server.drop_gateway(resumable=False)
    await server.until(lambda: server.gateway.identified == 2 and server.gateway.ready)
    ada.message(general, "after")
    assert (await bot.heard.get()).content == "after"


async def test_some_closes_are_final(server: DiscordServer) -> None:
    server.privileged = Intent(0)
    async with Bot() as bot:
        await bot.login(server.token)
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await bot.connect()
    async with Bot(content=False) as bot:
        await bot.login(server.token)
        bot.http.token = "changed"
        with pytest.raises(discord.ConnectionClosed) as closed:
            await bot.connect()
        assert closed.value.code == 4004
    async with Bot() as bot:
        with pytest.raises(discord.LoginFailure):
            await bot.login("wrong")


async def test_a_gateway_out_of_reach(server: DiscordServer) -> None:
    server.refuse_gateway()
    server.refuse_gateway(status=503)
    for expected in (aiohttp.ServerDisconnectedError, aiohttp.WSServerHandshakeError):
        async with Bot() as bot:
            await bot.login(server.token)
            with pytest.raises(expected):
                await bot.connect(reconnect=False)
    async with running(server, Bot()) as bot:
        assert bot.is_ready()


async def test_guilds_come_and_go(server: DiscordServer, guild: Guild, ada: Person) -> None:
    down = server.guild("Down")
    down.available = False
    async with running(server, Bot()) as bot:
        assert {g.id: g.unavailable for g in bot.guilds} == {
            guild.guild_id: False,
            down.guild_id: True,
        }
        down.come_back()
        fresh = server.guild("Fresh", ada, premium_tier=3)
        channel = fresh.channel("photos")
        await bot.hears("CHANNEL_CREATE")
        joined = bot.get_guild(fresh.guild_id)
        assert joined is not None
        assert joined.filesize_limit == fresh.file_limit == 100 << 20
        ada.thread(channel, "Photo", ada.message(channel, "look"))
        await bot.hears("THREAD_CREATE")
        fresh.go_down()
        fresh.come_back()
        fresh.remove_bot()
        guild.join(ada, guild.role("Keeper"))
        while bot.get_guild(fresh.guild_id):
            await bot.hears("GUILD_DELETE")
        await refused(50001, bot.http.get_guild(fresh.guild_id))
        await bot.http.leave_guild(guild.guild_id)
        assert not guild.has_bot
    assert server.faults == []


async def test_rate_limits_and_failures_on_demand(
    server: DiscordServer, bot: Bot, place: discord.TextChannel, general: Channel
) -> None:
    server.limits = Limits(messages=1, window=0.05)
    for text in ("one", "two"):
        await place.send(text)
    assert len(server.called(*SEND.split())) >= 3
    server.limits = Limits()
    limited = Fault(retry_after=0.01, everywhere=True)
    server.fail(SEND, limited)
    await place.send("limited")
    server.fail(SEND, Fault(close=True), Fault(status=503), Refused(50013))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await place.send("lost before")
    with pytest.raises(discord.DiscordServerError):
        await place.send("broken")
    await refused(50013, place.send("forbidden"))
    hold = asyncio.Event()
    server.fail(SEND, Fault(close=True, after=True), Fault(hold=hold))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await place.send("lost after")
    held = asyncio.create_task(place.send("held"))
    await server.until(lambda: server.calls[-1].body["content"] == "held")
    assert general.shown()[-1].text == "lost after"
    hold.set()
    await held
    assert [v.text for v in general.shown()] == ["one", "two", "limited", "lost after", "held"]
    assert server.faults == []


async def test_the_published_description_finds_faults(
    server: DiscordServer, bot: Bot, general: Channel, shared: object
) -> None:
    judge = description()
    assert judge is not None
    await bot.http.send_message(general.channel_id, params=raw(content="fine", tts="loud"))
    assert server.faults == [
        f"{SEND}: $.tts 'loud' is not of type 'boolean', 'null'",
    ]
    server.faults.clear()
    await refused(0, bot.http.request(discord.http.Route("GET", "/voice/regions")), "Not Found")
    assert server.faults == ["GET /api/v10/voice/regions is not in the double"]
    assert judge.faults_of({"id": 7}, "SnowflakeType", "id") != []
    assert judge.faults_of_answer("GET", "/users/@me", 200, {"id": "7"}) != []
