"""Calls of the webhook, with the right secret and with every kind of wrong one."""

import hmac
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr

from bots.telegram.webhook import Secret
from tests.bots.telegram.conftest import StartBot
from tests.doubles.counts import free_port
from tests.doubles.telegram import TelegramServer

SECRET = "webhook-secret_42"
HEADER = b"X-Telegram-Bot-Api-Secret-Token"
WRONG = {
    "missing": None,
    "empty": b"",
    "another": b"another-secret_42",
    "first letter": b"Webhook-secret_42",
    "last letter": b"webhook-secret_43",
    "shorter": b"webhook-secret_4",
    "longer": b"webhook-secret_422",
    "not ASCII": "wébhook-secret_42".encode(),
    "not UTF-8": b"webhook-secret_4\xff",
}


@pytest_asyncio.fixture
async def listening(server: TelegramServer, start_bot: StartBot) -> AsyncIterator[str]:
    """Where our bot waits for Telegram's calls."""
    port = free_port()
    server.webhook_base = f"http://127.0.0.1:{port}"
    async with start_bot(
        telegram_webhook_url="https://bot.example.org/hook/tg",
        telegram_webhook_secret=SecretStr(SECRET),
        telegram_webhook_listen="127.0.0.1",
        telegram_webhook_port=port,
    ):
        await server.until(lambda: server.webhook is not None)
        yield f"{server.webhook_base}/hook/tg"


async def posted(url: str, secret: bytes | None, update: dict[str, object]) -> int:
    headers = [] if secret is None else [(HEADER, secret)]
    async with httpx.AsyncClient() as client:
        return (await client.post(url, json=update, headers=headers)).status_code


async def test_only_the_right_secret_opens(
    listening: str, server: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[bytes] = []
    compare_digest = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(other)
        return compare_digest(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    assert server.webhook is not None
    assert server.webhook["secret_token"] == SECRET
    ada = server.private()
    forged = {"update_id": 1, "message": ada.chat.add({"text": "/help"})}
    asked = {}
    for name, secret in WRONG.items():
        before = len(compared)
        assert await posted(listening, secret, forged) == 403, name
        asked[name] = len(compared) - before
    assert asked == {name: int(bool(secret)) for name, secret in WRONG.items()}
    assert ada.chat.from_bot() == []

    asks = {"update_id": 2, "message": ada.chat.add({"from": ada.described(), "text": "/help"})}
    assert await posted(listening, SECRET.encode(), asks) == 200
    await server.until(lambda: ada.chat.from_bot())
    assert len(compared) == sum(asked.values()) + 1


def test_a_secret_is_the_text_that_it_is() -> None:
    plain, secret = SECRET, Secret(SECRET)
    assert secret == plain
    assert plain == secret
    assert secret == Secret(plain)
    assert {plain: 1}[secret] == 1
    assert f"{secret}" == plain
    assert not plain != secret  # noqa: SIM202 - the very operator that is meant
    for other in (plain[:-1], f"{plain}2", "ä", "\ud800", "", None, plain.encode(), 42):
        assert secret != other
        assert other != secret


def test_both_operators_compare_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []

    def compare(_one: bytes, other: bytes) -> bool:
        compared.append(other)
        return False

    monkeypatch.setattr(hmac, "compare_digest", compare)
    plain, secret = "guess", Secret(SECRET)
    assert plain != secret
    assert secret != plain
    assert not plain == secret  # noqa: SIM201 - the very operator that is meant
    assert len(compared) == 3
