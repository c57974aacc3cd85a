"""Bytes fetched from the double by the real client."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from telegram import Bot

from bots.telegram.attachments import Attachments
from core.errors import DarkroomError, PhotoRefused
from tests.bots.telegram.pictures import picture
from tests.doubles.telegram import Caps, Refused, TelegramServer


@pytest_asyncio.fixture
async def client(server: TelegramServer) -> AsyncIterator[Bot]:
    bot = Bot(server.token, f"{server.url}/bot", f"{server.url}/file/bot")
    async with bot:
        yield bot


def stored(server: TelegramServer, data: bytes = b"", name: str = "a.png") -> str:
    return f"d:{server.files.store(data or picture(), name, 'image/png').file_id}:{name}"


async def test_a_ref_is_fetched_again_after_its_links_expired(
    server: TelegramServer, client: Bot
) -> None:
    photo = Attachments(client, max_bytes=10_000).at(stored(server))
    assert await photo.fetch() == picture()
    server.files.expire_links()
    assert await photo.fetch() == picture()


async def test_a_file_that_telegram_will_not_hand_out_is_told(
    server: TelegramServer, client: Bot
) -> None:
    server.caps = Caps(download=10)
    with pytest.raises(PhotoRefused, match="at most 10 kB") as raised:
        await Attachments(client, max_bytes=10_000).at(stored(server)).fetch()
    assert raised.value.code == "too_many_bytes"


async def test_a_file_that_is_gone_is_told(client: Bot) -> None:
    with pytest.raises(PhotoRefused, match="send it again"):
        await Attachments(client, max_bytes=10_000).at("p:nothing").fetch()


async def test_a_server_that_keeps_failing_is_told(server: TelegramServer, client: Bot) -> None:
    server.fail("file", *[Refused("Internal Server Error", 500) for _ in range(3)])
    with pytest.raises(DarkroomError, match="in a minute") as raised:
        await Attachments(client, max_bytes=10_000).at(stored(server)).fetch()
    assert raised.value.code == "download"
    assert len(server.called("getFile")) == 3


async def test_an_own_server_in_local_mode_hands_out_paths_and_large_files(
    server: TelegramServer, client: Bot, tmp_path: Path
) -> None:
    server.files.folder = tmp_path
    server.caps = Caps(download=10)
    photo = Attachments(client, max_bytes=10_000).at(stored(server))
    assert await photo.fetch() == picture()
    assert server.downloads == []
