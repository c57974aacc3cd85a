"""Discord's whole way at the level DEBUG: nothing private is written."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from bots import delivery
from bots.conversation import Lab
from bots.discord.app import run
from core.errors import SettingsError
from core.store import Client
from tests.bots.discord.conftest import from_bot, ready, said, settings, tempo
from tests.doubles.discord import DiscordServer, Fault, Permission, Refused, Upload
from tests.leaks.life import CROWD, CUT_OFF, DOCUMENT, FILE, NAME, PHOTO, PRIVATE, WORDS, Life
from tests.leaks.search import found
from tests.leaks.written import check, everything_written
from worker.bench import Bench

WRONG = "MTIzNDU2Nzg5MDEyMzQ1Njc4.WRONG1.wrong-wrong-wrong-wrong-wrong12"
BROKEN = (Fault(close=True), Fault(status=503), Fault(retry_after=0.01))
ORIGINAL = "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original"
EDIT = "PATCH /channels/{channel_id}/messages/{message_id}"
POST = "POST /channels/{channel_id}/messages"


@contextlib.asynccontextmanager
async def running(server: DiscordServer, lab: Lab, redis_url: str) -> AsyncIterator[None]:
    """That bot while it runs."""
    stop = asyncio.Event()
    task = asyncio.create_task(run(settings(server), lab, stop, redis_url=redis_url, tempo=tempo()))
    try:
        await ready(server)
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 20)


async def lived(server: DiscordServer, life: Life, redis_url: str, patch: Any) -> None:
    """A day on which nearly everything goes wrong once."""
    ada = server.person(NAME)
    here = ada.private()
    photo, cut_off = Upload(FILE, PHOTO), Upload(FILE, CUT_OFF)
    diary = Upload("Theodora.pdf", DOCUMENT, "application/pdf")
    server.fail("GET /users/@me", *BROKEN[:2])
    server.refuse_gateway(1)
    async with running(server, life.lab, redis_url):
        guild = server.guild(CROWD)
        guild.join(ada, guild.role("Keepers", Permission.MANAGE_GUILD))
        channel = guild.channel()
        await server.until(lambda: said(ada, channel))
        ada.slash("darkroom enable", channel)
        await server.until(lambda: "switched on" in said(ada, channel))
        server.fail("cdn", *BROKEN[:2])
        server.fail(ORIGINAL, *BROKEN)
        ada.slash("enhance", here, {"photo": photo})
        await life.worked()
        ada.press(from_bot(ada, here)[-1].message_id, "Softer")
        await life.worked()
        server.fail(POST, *BROKEN)
        server.fail(EDIT, *BROKEN)
        ada.message(here, f"/upscale 2x {WORDS}", [photo])
        ada.message(here, WORDS, [diary])
        ada.message(here, WORDS)
        ada.slash("enhance", here, {"photo": diary, "words": WORDS})
        ada.message(channel, "/upscale 2x", [photo], mention_bot=True)
        await life.worked()
        ada.message(here, "", [cut_off])
        await life.worked()
        ada.message(here, "", [photo])
        await life.failed(patch)
        server.drop_gateway(4000)
        server.refuse_gateway(1)
        ada.message(here, "", [photo])
        await life.worked()
        server.drop_gateway(resumable=False)
        await server.until(lambda: server.gateway.identified == 2 and server.gateway.ready)
        forbidden = Refused(50001, status=403)
        for route in (ORIGINAL, EDIT):
            server.fail(route, *[forbidden] * 9)
        ada.message(here, "", [photo])
        await life.worked()


def signatures(server: DiscordServer) -> dict[str, str]:
    """What is signed in the links to every file that was sent, and where the files lie."""
    signed: dict[str, str] = {}
    for number, stored in enumerate(server.cdn._files.values()):
        query = parse_qs(urlsplit(server.cdn.link(stored)).query)
        signed |= {f"signature {number}": query["hm"][0], f"place {number}": stored.path}
    return signed


async def test_nothing_private_is_written(
    lab: Lab, client: Client, redis_url: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "RETRY_SECONDS", (0.05,) * 4)
    life = Life.of(lab, client, bench)
    with everything_written(monkeypatch) as written:
        async with DiscordServer() as server:
            await lived(server, life, redis_url, monkeypatch)
            wrong = settings(server, discord_token=SecretStr(WRONG))
            with pytest.raises(SettingsError) as refused:
                await run(wrong, lab, asyncio.Event(), redis_url=redis_url, tempo=tempo())
        tokens = {f"interaction {number}": t for number, t in enumerate(server.interactions)}
        secrets = PRIVATE | tokens | signatures(server) | {
            "the token": server.token,
            "the token's secret part": server.token.rpartition(".")[2],
            "a wrong token": WRONG.rpartition(".")[2],
        }  # fmt: skip
        assert len(tokens) > 3
        assert found(str(refused.value), secrets) == []
        check(written, secrets, life.jobs)
