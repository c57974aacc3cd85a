"""The double itself: it must refuse what Telegram refuses, in Telegram's words."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, InputMediaDocument
from telegram.error import BadRequest, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter

from tests.bots.telegram.pictures import picture
from tests.doubles.telegram import Caps, TelegramServer
from tests.doubles.telegram.rules import description


@pytest_asyncio.fixture
async def server() -> AsyncIterator[TelegramServer]:
    async with TelegramServer() as telegram:
        yield telegram


@pytest_asyncio.fixture
async def client(server: TelegramServer) -> AsyncIterator[Bot]:
    bot = Bot(server.token, f"{server.url}/bot", f"{server.url}/file/bot")
    async with bot:
        yield bot


def keyboard(data: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data=data)]])


async def test_it_refuses_what_telegram_refuses(server: TelegramServer, client: Bot) -> None:
    server.caps = Caps(document=1000)
    ada = server.private()
    mine = (await client.send_message(42, "hello")).message_id
    theirs = ada.write("hello")
    documents = [InputMediaDocument(b"x", filename="a.png")]
    attempts: list[tuple[str, Any]] = [
        ("chat not found", client.send_message(1, "x")),
        ("message is too long", client.send_message(42, "x" * 4097)),
        ("message text is empty", client.send_message(42, " ")),
        ("caption is too long", client.send_document(42, b"x", caption="x" * 1025)),
        ("BUTTON_DATA_INVALID", client.send_message(42, "x", reply_markup=keyboard("x" * 65))),
        ("PHOTO_INVALID_DIMENSIONS", client.send_photo(42, picture(2100, 100))),
        ("IMAGE_PROCESS_FAILED", client.send_photo(42, b"no picture")),
        ("message is not modified", client.edit_message_text("hello", 42, mine)),
        ("message to edit not found", client.edit_message_text("x", 42, 9999)),
        ("can't be edited", client.edit_message_text("x", 42, theirs)),
        ("from 2 to 10", client.send_media_group(42, documents)),
        ("message to be replied not found", client.send_message(42, "x", reply_to_message_id=99)),
        ("thread not found", client.send_message(42, "x", message_thread_id=5)),
        ("wrong file_id", client.get_file("nothing")),
        ("query is too old", client.answer_callback_query("1")),
        ("HTTPS URL", client.set_webhook("http://example.org")),
    ]
    for words, attempt in attempts:
        with pytest.raises(BadRequest, match=f"(?i){words}"):
            await attempt
    with pytest.raises(NetworkError, match="Too Large"):
        await client.send_document(42, b"x" * 1001)
    ada.chat.blocked = True
    with pytest.raises(Forbidden):
        await client.send_message(42, "x")


async def test_photos_are_reduced_and_documents_kept(server: TelegramServer, client: Bot) -> None:
    server.private()
    data = picture(2000, 1000)
    photo = await client.send_photo(42, data)
    document = await client.send_document(42, data, filename="a.png")
    assert (photo.photo[-1].width, photo.photo[-1].height) == (1280, 640)
    assert document.document is not None
    file = await document.document.get_file()
    assert bytes(await file.download_as_bytearray()) == data


async def test_groups_are_paced(server: TelegramServer, client: Bot) -> None:
    server.caps = Caps(group_per_minute=2)
    group = server.group().chat_id
    for _ in range(2):
        await client.send_message(group, "x")
    with pytest.raises(RetryAfter):
        await client.send_message(group, "x")


async def test_two_pollers_are_in_conflict_and_updates_are_confirmed(
    server: TelegramServer, client: Bot
) -> None:
    first = asyncio.create_task(client.get_updates(timeout=10))
    await server.until(lambda: server._poll is not None)
    second = Bot(server.token, f"{server.url}/bot")
    async with second:
        third = asyncio.create_task(second.get_updates(timeout=10))
        with pytest.raises(Conflict):
            await first
        server.private().write("hello")
        (update,) = await third
        assert await client.get_updates(offset=update.update_id + 1) == ()


async def test_a_wrong_token_is_rejected(server: TelegramServer) -> None:
    with pytest.raises(InvalidToken):
        async with Bot("1:wrong", f"{server.url}/bot"):
            pass


async def test_the_published_description_finds_faults(
    server: TelegramServer, client: Bot, shared: object
) -> None:
    assert description() is not None
    server.private()
    await client.send_message(42, "fine")
    assert server.faults == []
    await client.send_message(42, "odd", api_kwargs={"colour": "red"})
    assert server.faults == ["sendMessage has no parameter colour"]
    judge = description()
    assert judge is not None
    assert judge.faults_of({"message_id": "7"}, "MessageId") == ["MessageId.message_id: Integer"]
