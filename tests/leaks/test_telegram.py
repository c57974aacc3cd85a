"""Telegram's whole way at the level DEBUG: nothing private is written."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bots import delivery
from bots.conversation import Lab
from bots.telegram.app import run
from core.errors import SettingsError
from core.settings import TelegramSettings
from core.store import Client
from tests.bots.telegram.conftest import tempo
from tests.doubles.counts import free_port
from tests.doubles.telegram import Refused, TelegramServer
from tests.doubles.telegram.server import Fault
from tests.leaks.life import CROWD, CUT_OFF, DOCUMENT, FILE, NAME, PHOTO, PRIVATE, WORDS, Life
from tests.leaks.search import found
from tests.leaks.written import check, everything_written
from worker.bench import Bench

SECRET = "webhook-Secret_4242"
GUESS = "guessed-Secret_1111"
WRONG = "987654:WRONG-wrong-WRONG-wrong-WRONG-wrong"
BROKEN = (Refused("Internal Server Error", 500), Fault(close=True))


def bot(
    server: TelegramServer, lab: Lab, redis_url: str, stop: asyncio.Event, **changes: Any
) -> Coroutine[Any, Any, None]:
    """A bot of ours at this Telegram."""
    values: dict[str, Any] = {"telegram_token": server.token, "telegram_api_url": server.url}
    settings = TelegramSettings.model_validate(values | changes)
    return run(settings, lab, stop, redis_url=redis_url, tempo=tempo(settling=0.05))


@contextlib.asynccontextmanager
async def running(
    server: TelegramServer, lab: Lab, redis_url: str, **changes: Any
) -> AsyncIterator[None]:
    """That bot while it runs."""
    stop = asyncio.Event()
    task = asyncio.create_task(bot(server, lab, redis_url, stop, **changes))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 20)


async def polled(server: TelegramServer, life: Life, redis_url: str, patch: Any) -> None:
    """A day on which nearly everything goes wrong once."""
    ada = server.private(name=NAME)
    server.fail("getMe", *BROKEN)
    server.fail("getUpdates", *BROKEN)
    async with running(server, life.lab, redis_url):
        server.fail("getFile", *BROKEN)
        server.fail("file", *BROKEN)
        server.fail("editMessageMedia", *BROKEN)
        server.fail("sendPhoto", *BROKEN)
        ada.document(PHOTO, FILE, "/upscale 2x")
        await life.worked()
        ada.press(ada.chat.from_bot()[0].message_id, "Softer")
        await life.worked()
        said = len(ada.chat.from_bot())
        ada.document(DOCUMENT, FILE, WORDS, media_type="application/pdf")
        ada.write(f"/upscale {WORDS}")
        ada.write(WORDS)
        ada.other("voice", {"file_id": "v", "file_unique_id": "v", "duration": 1}, WORDS)
        await server.until(lambda: len(ada.chat.from_bot()) >= said + 3)
        ada.document(CUT_OFF, FILE, WORDS)
        await life.worked()
        ada.document(PHOTO, FILE, f"/upscale 2x {WORDS}")
        ada.document(PHOTO, FILE, "/upscale 2x model:Philippa")
        await life.worked()
        ada.document(PHOTO, FILE)
        await life.failed(patch)
        said = len(ada.chat.from_bot())
        server.fail("sendMessage", Refused("Bad Request: something odd"))
        ada.write("/help")
        await server.until(lambda: len(ada.chat.from_bot()) > said)
        assert "unexpected" in ada.chat.from_bot()[-1].text
        group = server.group(bot="left")
        group.title = CROWD
        ann = server.admin(group, name=NAME)
        ann.add_bot()
        await server.until(group.from_bot)
        ann.write("/darkroom@darkroom_bot enable")
        await server.until(lambda: len(group.from_bot()) == 2)
        blocked = Refused("Forbidden: bot was blocked by the user", 403)
        for method in ("editMessageMedia", "sendDocument", "editMessageText"):
            server.fail(method, *[blocked] * 9)
        ada.document(PHOTO, FILE)
        await life.worked()


async def called(server: TelegramServer, life: Life, redis_url: str) -> None:
    """Calls of the webhook, good and bad."""
    ada = server.private(name=NAME)
    port = free_port()
    server.webhook_base = f"http://127.0.0.1:{port}"
    async with running(
        server,
        life.lab,
        redis_url,
        telegram_webhook_url="https://bot.example.org/hook/tg",
        telegram_webhook_secret=SecretStr(SECRET),
        telegram_webhook_listen="127.0.0.1",
        telegram_webhook_port=port,
    ):
        await server.until(lambda: server.webhook is not None)
        bad = {"update_id": NAME, "message": {"text": WORDS}}
        async with httpx.AsyncClient(base_url=server.webhook_base) as web:
            for secret in (GUESS, SECRET):
                headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
                await web.post("/hook/tg", json=bad, headers=headers)
                await web.post("/hook/tg", content=WORDS, headers=headers)
                await web.post(f"/{FILE}", json=bad, headers=headers)
        ada.document(PHOTO, FILE)
        await life.worked()


async def test_nothing_private_is_written(
    lab: Lab, client: Client, redis_url: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "RETRY_SECONDS", (0.05,) * 4)
    life = Life.of(lab, client, bench)
    with everything_written(monkeypatch) as written:
        async with TelegramServer() as server:
            await polled(server, life, redis_url, monkeypatch)
            await called(server, life, redis_url)
            with pytest.raises(SettingsError) as refused:
                await bot(server, lab, redis_url, asyncio.Event(), telegram_token=WRONG)
        links = {f"link {number}": path for number, path in enumerate(server.downloads)}
        secrets = PRIVATE | links | {
            "the token": server.token,
            "the token's secret half": server.token.partition(":")[2],
            "a wrong token": WRONG.partition(":")[2],
            "the webhook's secret": SECRET,
            "a guess of it": GUESS,
        }  # fmt: skip
        assert links
        assert found(str(refused.value), secrets) == []
        check(written, secrets, life.jobs)
