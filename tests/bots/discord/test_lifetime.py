"""Starting, stopping, losing the connection; what the logs hold."""

import asyncio
import logging
from typing import Any

import pytest
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route
from pydantic import SecretStr

from bots.conversation import Lab
from bots.discord.app import run
from core import keys, logs
from core.errors import SettingsError
from core.store import Client
from tests.bots.discord.conftest import (
    StartBot,
    community,
    enhanced,
    from_bot,
    last,
    only_job,
    photo,
    publish,
    ready,
    said,
    settings,
    tempo,
)
from tests.doubles.discord import DiscordServer, Fault, Permission

ME = "GET /users/@me"


async def ended(server: DiscordServer, lab: Lab, redis_url: str, **changes: Any) -> None:
    """Run a bot until it ends by itself."""
    async with asyncio.timeout(10):
        await run(
            settings(server, **changes), lab, asyncio.Event(), redis_url=redis_url, tempo=tempo()
        )


async def test_without_a_token_it_says_so(server: DiscordServer, lab: Lab, redis_url: str) -> None:
    with pytest.raises(SettingsError, match="DARKROOM_DISCORD_TOKEN is not set"):
        await ended(server, lab, redis_url, discord_token=None)


async def test_a_refused_token_ends_with_a_sentence(
    server: DiscordServer, lab: Lab, redis_url: str
) -> None:
    with pytest.raises(SettingsError, match="does not know this token"):
        await ended(server, lab, redis_url, discord_token=SecretStr("wr.on.g"))


async def test_a_token_refused_by_the_gateway_ends_with_a_sentence(
    server: DiscordServer, lab: Lab, redis_url: str, start_bot: StartBot
) -> None:
    running = asyncio.create_task(ended(server, lab, redis_url))
    await server.until(lambda: server.gateway.ready)
    server.drop_gateway(4004, resumable=False)
    with pytest.raises(SettingsError, match="does not know this token"):
        await running


async def test_a_start_while_discord_is_away_waits_for_it(
    server: DiscordServer, start_bot: StartBot, caplog: pytest.LogCaptureFixture
) -> None:
    server.fail(ME, Fault(close=True), Fault(status=503), Fault(close=True))
    server.refuse_gateway(2)
    server.refuse_gateway(1, status=502)
    ada = server.person()
    async with start_bot():
        await ready(server)
        ada.slash("help", ada.private())
        await server.until(lambda: "/enhance" in said(ada, ada.private()))
    assert "Discord cannot be reached" in caplog.text
    assert "the gateway cannot be reached" in caplog.text


async def test_a_stop_while_discord_is_away_is_heard(
    server: DiscordServer, start_bot: StartBot
) -> None:
    server.fail(ME, *[Fault(close=True)] * 1000)
    async with start_bot():
        await server.until(lambda: len(server.called(*ME.split())) > 2)


@pytest.mark.parametrize("code", [None, 1000, 1001, 4000, 4009])
async def test_what_was_said_while_the_connection_was_down_is_not_lost(
    server: DiscordServer, lab: Lab, start_bot: StartBot, code: int | None
) -> None:
    ada = server.person()
    async with start_bot():
        await ready(server)
        server.refuse_gateway(1)
        server.drop_gateway(code)
        ada.message(ada.private(), "", [photo()])
        await only_job(server, lab)
        assert server.gateway.resumed >= 1
        assert server.gateway.identified == 1


async def test_a_session_that_cannot_go_on_begins_anew(
    server: DiscordServer, lab: Lab, start_bot: StartBot
) -> None:
    ada = server.person()
    async with start_bot():
        await ready(server)
        server.drop_gateway(resumable=False)
        await server.until(lambda: server.gateway.identified == 2)
        ada.message(ada.private(), "", [photo()])
        await only_job(server, lab)


async def test_a_gateway_that_asks_for_it_is_left_and_resumed(
    server: DiscordServer, lab: Lab, start_bot: StartBot
) -> None:
    ada = server.person()
    async with start_bot():
        await ready(server)
        server.gateway.ask_reconnect()
        await server.until(lambda: server.gateway.resumed == 1)
        ada.message(ada.private(), "", [photo()])
        await only_job(server, lab)


async def test_without_an_own_gateway_discords_address_to_resume_is_used(
    server: DiscordServer, start_bot: StartBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(server.gateway_url))
    async with start_bot(discord_gateway_url=None):
        await ready(server)
        server.drop_gateway(4000)
        await server.until(lambda: server.gateway.resumed == 1)


async def test_stopping_finishes_what_was_begun(
    server: DiscordServer, lab: Lab, start_bot: StartBot
) -> None:
    ada = server.person()
    held = asyncio.Event()
    async with start_bot() as running:
        await ready(server)
        server.fail("cdn", Fault(hold=held))
        ada.message(ada.private(), "", [photo()])
        await server.until(lambda: server.downloads)
        asyncio.get_running_loop().call_later(0.2, held.set)
    assert running.done()
    assert len(await lab.queue.owed("discord")) == 1


async def test_neither_token_nor_link_nor_name_is_in_the_logs(
    server: DiscordServer,
    lab: Lab,
    start_bot: StartBot,
    caplog: pytest.LogCaptureFixture,
) -> None:
    levels = {name: logging.getLogger(name).level for name in logs.NOISY}
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.configure("DEBUG")
    root.handlers[:] = handlers
    ada = server.person("Adalovelace")
    guild = server.guild("Photographers")
    guild.join(ada, guild.role("Keepers", Permission.MANAGE_GUILD))
    try:
        async with start_bot():
            await ready(server)
            server.fail("cdn", Fault(close=True))
            server.fail(
                "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original",
                Fault(close=True),
                Fault(retry_after=0.01),
            )
            asked = ada.slash("enhance", ada.private(), {"photo": photo()})
            job = await only_job(server, lab)
            await publish(lab, job, await enhanced(lab, job))
            await server.until(lambda: last(ada, ada.private()).files)
            server.drop_gateway(4000)
            await server.until(lambda: server.gateway.resumed == 1)
    finally:
        root.setLevel(level)
        for name, before in levels.items():
            logging.getLogger(name).setLevel(before)
    told = caplog.text + "".join(str(record.args) for record in caplog.records)
    for secret in (server.token, asked.token, "attachments/", "hm=", "dalovelace"):
        assert secret not in told


async def test_a_server_that_was_left_while_the_bot_was_off_is_forgotten_in_time(
    server: DiscordServer,
    lab: Lab,
    client: Client,
    start_bot: StartBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forgotten = asyncio.Queue[str]()
    forget_later = lab.communities.forget_later

    async def noticed(platform: str, community: str) -> None:
        await forget_later(platform, community)
        forgotten.put_nowait(community)

    monkeypatch.setattr(lab.communities, "forget_later", noticed)
    kept, down, gone = (server.guild(name) for name in ("Kept", "Down", "Gone"))
    for guild in (kept, down, gone):
        await community(lab, guild)
    down.go_down()
    gone.remove_bot()
    async with start_bot():
        assert await asyncio.wait_for(forgotten.get(), 10) == str(gone.guild_id)
    assert forgotten.empty()
    assert await client.ttl(keys.community("discord", str(gone.guild_id))) > 0


async def test_two_bots_in_one_process_after_another_use_their_own_address(
    server: DiscordServer, start_bot: StartBot
) -> None:
    before = Route.BASE
    async with start_bot():
        await ready(server)
        assert server.api_url == Route.BASE
    assert before == Route.BASE
    ada = server.person()
    assert from_bot(ada, ada.private()) == []
