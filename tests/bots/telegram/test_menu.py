"""The menus of commands: who is shown which, in which language."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from telegram import Bot

from bots.telegram import menu
from core import language
from core.commands import FORMS
from tests.doubles.telegram import Refused, TelegramServer

GERMAN = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\n"

msgid "what I can do"
msgstr "was ich kann"
"""


@pytest.fixture(autouse=True)
def english_and_german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Catalogs of this test's own."""
    (tmp_path / "de.po").write_text(GERMAN)
    monkeypatch.setattr(language, "FOLDER", tmp_path)
    for cached in (language.available, language._catalog):
        cached.cache_clear()
    yield
    for cached in (language.available, language._catalog):
        cached.cache_clear()


@pytest_asyncio.fixture
async def client(server: TelegramServer) -> AsyncIterator[Bot]:
    bot = Bot(server.token, f"{server.url}/bot")
    async with bot:
        yield bot


async def test_each_place_and_language_has_its_menu(server: TelegramServer, client: Bot) -> None:
    await menu.show(client)
    scopes = ("default", "all_group_chats", "all_chat_administrators")
    assert set(server.menus) == {(scope, code) for scope in scopes for code in ("", "de")}
    everybody, members, admins = (list(server.menus[scope, ""]) for scope in scopes)
    assert everybody[:2] == ["enhance", "portrait"]
    assert {"upscale", "status", "cancel", "help"} < set(everybody)
    assert members == everybody
    assert admins == [*everybody, "darkroom"]
    for hidden in ("start", *(name for name, form in FORMS.items() if form.operator)):
        assert not any(hidden in commands for commands in server.menus.values())


async def test_summaries_are_translated_and_english_where_a_catalog_lacks_them(
    server: TelegramServer, client: Bot
) -> None:
    await menu.show(client)
    assert server.menus["default", ""]["help"] == "what I can do"
    assert server.menus["default", "de"]["help"] == "was ich kann"
    assert server.menus["default", "de"]["art"] == FORMS["art"].summary


async def test_a_menu_that_telegram_refuses_is_no_reason_to_stop(
    server: TelegramServer, client: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    server.fail("setMyCommands", Refused("Bad Request: something odd"))
    await menu.show(client)
    assert "the menu default (en) was not updated" in caplog.text
    assert len(server.menus) == 5
