"""Starting, stopping, being killed; polling and webhook; what the logs hold."""

import asyncio
import contextlib
import json
import logging
import socket
from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from bots.conversation import Lab
from bots.telegram import app
from bots.telegram import inbox as inbox_room
from bots.telegram.app import run
from bots.telegram.inbox import BEGINNINGS
from core import captions, store
from core.errors import SettingsError
from core.settings import TelegramSettings
from tests.bots.telegram.conftest import StartBot, enhanced, only_job, publish, tempo
from tests.bots.telegram.pictures import picture
from tests.doubles.telegram import Refused, TelegramServer
from tests.doubles.telegram.server import Fault

SECRET = "webhook-secret_42"


def settings(server: TelegramServer, **changes: object) -> TelegramSettings:
    values: dict[str, object] = {
        "telegram_token": SecretStr(server.token),
        "telegram_api_url": server.url,
    }
    return TelegramSettings.model_validate(values | changes)


@contextlib.asynccontextmanager
async def killable(
    server: TelegramServer, lab: Lab, redis_url: str
) -> AsyncIterator[asyncio.Task[None]]:
    """A bot that ends without its good manners, as near to SIGKILL as a task can."""
    running = asyncio.create_task(
        run(settings(server), lab, asyncio.Event(), redis_url=redis_url, tempo=tempo())
    )
    try:
        yield running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def kept(redis_url: str, server: TelegramServer) -> int:
    client: Redis = store.connect(redis_url)
    try:
        return int(await client.hlen(f"darkroom:telegram:inbox:{server.bot['id']}"))  # type: ignore[misc]
    finally:
        await client.aclose()


async def emptied(redis_url: str, server: TelegramServer) -> None:
    for _ in range(500):
        if not await kept(redis_url, server):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the inbox is not empty")


async def leave(
    server: TelegramServer, redis_url: str, *contents: dict[str, object], begun: int = 0
) -> None:
    """Put updates into the inbox, as a process leaves them that was killed."""
    client: Redis = store.connect(redis_url)
    key = f"darkroom:telegram:inbox:{server.bot['id']}"
    for number, content in enumerate(contents, 5):
        update = {"update_id": number, **content}
        name = str(update["update_id"])
        await client.hset(key, name, json.dumps(update))  # type: ignore[misc]
        await client.hset(f"{key}:begun", name, str(begun))  # type: ignore[misc]
    await client.aclose()


async def test_a_message_fetched_but_not_handled_survives_the_bots_death(
    server: TelegramServer,
    lab: Lab,
    redis_url: str,
    start_bot: StartBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app, "STOP_SECONDS", 0.05)
    ada = server.private()
    held = asyncio.Event()
    async with killable(server, lab, redis_url):
        server.fail("sendMessage", Fault(hold=held, close=True))
        ada.album([picture(seed=n) for n in range(3)], "/upscale 2x")
        await server.until(lambda: server.called("sendMessage"))
        await server.until(lambda: not server.updates)  # confirmed: Telegram forgets them now
    held.set()
    assert await kept(redis_url, server) == 3

    async with start_bot():
        job = await only_job(server, lab)
        assert len(job.photos) == 3
        assert job.recipe.scale == 2
        await emptied(redis_url, server)


async def test_what_was_handled_is_not_handled_again(
    server: TelegramServer, lab: Lab, redis_url: str, start_bot: StartBot
) -> None:
    ada = server.private()
    async with start_bot():
        ada.write("/help")
        ada.document(picture(), "a.png")
        await only_job(server, lab)
        await server.until(lambda: len(ada.chat.from_bot()) == 2)
        await emptied(redis_url, server)
    async with start_bot():
        ada.write("/status")
        await server.until(lambda: len(ada.chat.from_bot()) == 3)
        await emptied(redis_url, server)
    assert len(ada.chat.from_bot()) == 3


async def test_an_answer_published_while_the_bot_was_away_is_delivered(
    server: TelegramServer, lab: Lab, start_bot: StartBot
) -> None:
    ada = server.private()
    async with start_bot():
        ada.document(picture(), "a.png")
        job = await only_job(server, lab)
    await publish(lab, job, await enhanced(lab, job))
    async with start_bot():
        await server.until(lambda: len(ada.chat.from_bot()) == 2)
    assert [shown.kind for shown in ada.chat.from_bot()] == ["document", "photo"]


async def test_a_message_that_keeps_killing_the_bot_is_given_up(
    server: TelegramServer,
    redis_url: str,
    start_bot: StartBot,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ada, eve = server.private(), server.member(server.group(), 43, "Eve")
    keyboard = {"inline_keyboard": [[{"text": "2×", "callback_data": "abc:2x"}]]}
    shown = eve.chat.add({"from": server.bot, "text": "Done.", "reply_markup": keyboard})
    photo = server.files.document(picture(), "a.png", "image/png")
    album = {"from": ada.described(), "media_group_id": "g", "document": photo}
    press = {
        "id": "1",
        "from": eve.described(),
        "message": shown,
        "chat_instance": "c",
        "data": "abc:2x",
    }
    await leave(
        server,
        redis_url,
        {"message": ada.chat.add(album)},
        {"message": ada.chat.add(album)},
        {"message": eve.chat.add({"from": eve.described(), "text": "not for the bot"})},
        {"callback_query": press},
        begun=BEGINNINGS,
    )
    async with start_bot():
        await emptied(redis_url, server)
    (told,) = ada.chat.from_bot()
    assert told.text == captions.LOST
    assert told.reply_to == 101
    assert [message.text for message in eve.chat.from_bot()] == ["Done.", captions.LOST]
    assert "given up" in caplog.text


async def test_a_message_left_behind_and_fetched_again_is_answered_once(
    server: TelegramServer, redis_url: str, start_bot: StartBot
) -> None:
    ada = server.private()
    ada.write("/help")
    (unconfirmed,) = server.updates
    await leave(server, redis_url, unconfirmed)
    async with start_bot():
        await server.until(lambda: not server.updates)
        await emptied(redis_url, server)
        ada.write("/status")
        await server.until(lambda: any("no photo" in said.text for said in ada.chat.from_bot()))
    assert len(ada.chat.from_bot()) == 2


async def test_an_arrival_left_behind_by_a_killed_bot_is_one_all_the_same(
    server: TelegramServer, redis_url: str, start_bot: StartBot
) -> None:
    group = server.group(kind="group", bot="left")
    server.admin(group).add_bot()
    (added,) = server.updates
    server.updates.clear()
    await leave(server, redis_url, added)
    async with start_bot():
        await server.until(lambda: group.from_bot())
        await emptied(redis_url, server)
    assert group.from_bot()[0].text.startswith("Hello! I am a photo lab")


async def test_a_start_while_redis_fails_waits_for_it(
    server: TelegramServer,
    redis_url: str,
    start_bot: StartBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inbox_room, "_RETRY_SECONDS", 0.01)
    key = f"darkroom:telegram:inbox:{server.bot['id']}"
    client: Redis = store.connect(redis_url)
    await client.set(key, "not what it should be")
    ada = server.private()
    async with start_bot():
        await server.until(lambda: server.called("setMyCommands"))
    async with start_bot():
        ada.write("/help")
        await client.delete(key)
        await client.aclose()
        await server.until(lambda: ada.chat.from_bot())


async def test_stopping_finishes_what_was_begun(
    server: TelegramServer, lab: Lab, redis_url: str, start_bot: StartBot
) -> None:
    ada = server.private()
    async with start_bot(times=tempo(album_quiet=30)):
        ada.album([picture(seed=n) for n in range(2)])
        await server.until(lambda: len(server.updates) == 2)
        await server.until(lambda: not server.updates)
    job = await only_job(server, lab)
    assert len(job.photos) == 2
    assert await kept(redis_url, server) == 0


async def test_webhook_updates_need_the_secret(
    server: TelegramServer, lab: Lab, start_bot: StartBot
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ada = server.private()
    server.webhook_base = f"http://127.0.0.1:{port}"
    async with start_bot(
        telegram_webhook_url="https://bot.example.org/hook/tg",
        telegram_webhook_secret=SecretStr(SECRET),
        telegram_webhook_listen="127.0.0.1",
        telegram_webhook_port=port,
    ):
        await server.until(lambda: server.webhook is not None)
        assert server.webhook is not None
        assert server.webhook["secret_token"] == SECRET
        assert server.webhook["allowed_updates"] == ["message", "callback_query", "my_chat_member"]
        forged = {"update_id": 1, "message": ada.chat.add({"text": "/help"})}
        async with httpx.AsyncClient() as attacker:
            for headers in ({}, {"X-Telegram-Bot-Api-Secret-Token": "guess"}):
                answer = await attacker.post(
                    f"{server.webhook_base}/hook/tg", json=forged, headers=headers
                )
                assert answer.status_code == 403
        ada.document(picture(), "a.png", "/upscale 2x")
        job = await only_job(server, lab)
        assert job.recipe.scale == 2
    assert len(ada.chat.from_bot()) == 1


async def test_a_wrong_token_ends_with_a_sentence(
    server: TelegramServer, lab: Lab, redis_url: str
) -> None:
    wrong = settings(server, telegram_token=SecretStr("999:WRONGwrongWRONG"))
    with pytest.raises(SettingsError, match="does not know this token") as raised:
        await run(wrong, lab, asyncio.Event(), redis_url=redis_url, tempo=tempo())
    assert "WRONGwrong" not in raised.value.text


async def test_a_token_revoked_while_running_ends_with_a_sentence(
    server: TelegramServer, lab: Lab, redis_url: str
) -> None:
    server.fail("getUpdates", *[Refused("Unauthorized", 401) for _ in range(9)])
    with pytest.raises(SettingsError, match="does not know this token"):
        async with asyncio.timeout(20):
            await run(settings(server), lab, asyncio.Event(), redis_url=redis_url, tempo=tempo())


async def test_passing_failures_of_telegram_are_survived(
    server: TelegramServer, start_bot: StartBot, caplog: pytest.LogCaptureFixture
) -> None:
    server.fail("getMe", *[Refused("Bad Gateway", 502) for _ in range(7)], Fault(close=True))
    server.fail(
        "getUpdates",
        Refused("Internal Server Error", 500),
        Fault(close=True),
        Refused("Not Found", 404),
        Refused("Too Many Requests", 429, retry_after=1),
        Refused("Conflict: terminated by other getUpdates request", 409),
    )
    ada = server.private()
    async with start_bot():
        ada.write("/help")
        await server.until(lambda: ada.chat.from_bot())
    assert "another process fetches this bot's messages" in caplog.text


async def test_a_bot_that_never_reaches_telegram_can_be_stopped(lab: Lab, redis_url: str) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    stop = asyncio.Event()
    lonely = TelegramSettings(telegram_token=SecretStr("1:a"), telegram_api_url=url)
    running = asyncio.create_task(run(lonely, lab, stop, redis_url=redis_url, tempo=tempo()))
    _, pending = await asyncio.wait([running], timeout=0.3)
    assert pending
    stop.set()
    await asyncio.wait_for(running, 5)


async def test_redis_away_delays_messages_and_loses_none(
    server: TelegramServer, start_bot: StartBot, redis_url: str
) -> None:
    ada = server.private()
    async with start_bot():
        await server.until(lambda: server.called("deleteWebhook"))
        client: Redis = store.connect(redis_url)
        await client.config_set("maxmemory", "1")
        ada.write("/help")
        await server.until(lambda: server.updates)
        assert await asyncio.wait([asyncio.create_task(asyncio.sleep(0.3))])
        assert not ada.chat.from_bot()
        await client.config_set("maxmemory", "0")
        await client.aclose()
        await server.until(lambda: ada.chat.from_bot())


async def test_a_lost_answer_of_telegram_does_not_lose_the_photo(
    server: TelegramServer, lab: Lab, start_bot: StartBot
) -> None:
    async with start_bot():
        server.fail("sendMessage", Fault(close=True), Fault(close=True))
        server.private().document(picture(), "a.png")
        await only_job(server, lab)
    assert len(server.called("sendMessage")) == 3


async def test_an_unexpected_error_is_told_and_logged(
    server: TelegramServer, start_bot: StartBot, caplog: pytest.LogCaptureFixture
) -> None:
    ada = server.private()
    async with start_bot():
        server.fail("sendMessage", Refused("Bad Request: something odd"))
        ada.write("/help")
        await server.until(lambda: ada.chat.from_bot())
    assert "unexpected" in ada.chat.from_bot()[0].text
    assert "an update could not be handled" in caplog.text


async def test_no_log_line_holds_the_token(
    server: TelegramServer, lab: Lab, redis_url: str, start_bot: StartBot
) -> None:
    lines: list[str] = []

    class Everything(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    root = logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in ("httpx", "httpcore", "telegram"))]
    levels = [logger.level for logger in loggers]
    handler = Everything()
    handler.setFormatter(logging.Formatter("%(name)s %(message)s"))
    root.addHandler(handler)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    try:
        ada = server.private()
        async with start_bot():
            server.fail("getFile", Fault(close=True))
            ada.document(picture(), "a.png")
            job = await only_job(server, lab)
            await publish(lab, job, await enhanced(lab, job))
            await server.until(lambda: len(ada.chat.from_bot()) == 2)
        server.fail("getMe", Refused("Unauthorized", 401))
        with contextlib.suppress(SettingsError):
            await run(settings(server), lab, asyncio.Event(), redis_url=redis_url, tempo=tempo())
    finally:
        root.removeHandler(handler)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
    assert any("getFile" in line for line in lines)
    assert any(line.startswith("httpcore") for line in lines)
    word = server.token.partition(":")[2]
    assert [line for line in lines if word in line] == []
