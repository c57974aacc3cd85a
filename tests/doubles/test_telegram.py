"""The double itself: it must refuse what Telegram refuses, in Telegram's words."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from telegram import (
    Bot,
    BotCommandScopeAllGroupChats,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
)

import bots.telegram  # noqa: F401  chooses how python-telegram-bot tells of waits
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


def received(server: TelegramServer) -> list[int]:
    """The ids of the messages that the bot got."""
    return [update["message"]["message_id"] for update in server.updates if "message" in update]


async def test_privacy_mode_hides_what_is_not_for_the_bot(
    server: TelegramServer, client: Bot
) -> None:
    group = server.group()
    ada = server.member(group)
    hidden = [
        ada.photo(picture()),
        ada.write("hello"),
        ada.write("/help"),
        ada.write("@darkroom_bot look"),
        ada.write("/help@other_bot"),
    ]
    asked = ada.write("/help@Darkroom_bot")
    ours = (await client.send_message(group.chat_id, "hello")).message_id
    last = ada.write("/help")
    other = {"id": 9, "is_bot": True, "first_name": "Other"}
    theirs = group.add({"from": other, "text": "I too"})["message_id"]
    hidden += [ada.write("/help"), ada.write("/help@darkroom_bot", reply_to=theirs)]
    seen = [
        asked,
        last,
        ada.photo(picture(), reply_to=ours),
        ada.write("yes", reply_to=asked),
        ada.write("/help@other_bot", reply_to=ours),
    ]
    assert received(server) == seen
    assert not set(seen) & set(hidden)


@pytest.mark.parametrize(("privacy", "bot"), [(False, "member"), (True, "administrator")])
async def test_everything_is_shown_to_administrators_and_without_privacy_mode(
    server: TelegramServer, client: Bot, privacy: bool, bot: str
) -> None:
    server.privacy = privacy
    ada = server.member(server.group(bot=bot))
    sent = [ada.photo(picture()), ada.write("hello")]
    assert received(server) == sent
    assert (await client.get_me()).can_read_all_group_messages is not privacy


async def test_an_album_in_privacy_mode_is_shown_by_the_parts_that_are_for_the_bot(
    server: TelegramServer,
) -> None:
    ada = server.member(server.group())
    parts = ada.album([picture(), picture(seed=1)], "/enhance@darkroom_bot", caption_on=1)
    assert received(server) == [parts[1]]


async def test_commands_and_mentions_are_marked_as_telegram_marks_them(
    server: TelegramServer,
) -> None:
    ada = server.private()
    ada.write("🎞 @darkroom_bot, /help@darkroom_bot a@b.example")
    (update,) = server.updates
    assert [
        (mark["type"], mark["offset"], mark["length"]) for mark in update["message"]["entities"]
    ] == [("mention", 3, 13), ("bot_command", 18, 18)]


async def test_administrators_are_listed_without_other_bots_and_hidden_ones(
    server: TelegramServer, client: Bot
) -> None:
    group = server.group()
    server.admin(group, 7)
    server.admin(group, 8, "Eve", anonymous=True)
    assert [m.user.id for m in await client.get_chat_administrators(group.chat_id)] == [7]
    group.bot_status = "administrator"
    listed = await client.get_chat_administrators(group.chat_id)
    assert [member.user.id for member in listed] == [7, 8, client.id]
    assert (await client.get_chat_member(group.chat_id, 7)).status == "administrator"
    assert (await client.get_chat_member(group.chat_id, client.id)).status == "administrator"
    group.bot_status = "member"
    with pytest.raises(BadRequest, match=r"(?i)member not found"):
        await client.get_chat_member(group.chat_id, 7)
    server.private()
    with pytest.raises(BadRequest, match=r"(?i)no administrators"):
        await client.get_chat_administrators(42)
    group.bot_status = "kicked"
    with pytest.raises(Forbidden, match="kicked"):
        await client.send_message(group.chat_id, "x")
    assert server.faults == []


async def test_an_anonymous_administrator_writes_as_the_group_and_presses_as_a_person(
    server: TelegramServer, client: Bot
) -> None:
    group = server.group(bot="administrator")
    ann = server.admin(group, anonymous=True)
    ann.write("hello")
    await client.send_message(group.chat_id, "x", reply_markup=keyboard("abc"))
    ann.press(max(group.messages), "x")
    wrote, pressed = server.updates
    assert wrote["message"]["sender_chat"]["id"] == group.chat_id
    assert pressed["callback_query"]["from"]["id"] == 7
    assert server.faults == []


async def test_changes_of_membership_come_to_those_who_ask_for_them(
    server: TelegramServer, client: Bot
) -> None:
    ann = server.admin(server.group(-55, kind="group", bot="left"))
    await client.get_updates(allowed_updates=["message"])
    ann.add_bot()
    assert await client.get_updates(allowed_updates=["message", "my_chat_member"]) == ()
    ann.add_bot("administrator")
    new = ann.upgrade(-100_55)
    ann.remove_bot()
    updates = await client.get_updates()
    changes = [update.my_chat_member for update in updates]
    kinds = [change.new_chat_member.status if change else "moved" for change in changes]
    assert kinds == ["administrator", "moved", "moved", "member", "kicked"]
    with pytest.raises(ChatMigrated):
        await client.send_message(-55, "x")
    assert new.bot_status == "member"
    assert server.faults == []


async def test_menus_are_kept_by_scope_and_language(server: TelegramServer, client: Bot) -> None:
    groups = BotCommandScopeAllGroupChats()
    await client.set_my_commands([("help", "what I can do")])
    await client.set_my_commands([("help", "was ich kann")], scope=groups, language_code="de")
    assert server.menus == {
        ("default", ""): {"help": "what I can do"},
        ("all_group_chats", "de"): {"help": "was ich kann"},
    }
    with pytest.raises(BadRequest, match=r"(?i)LANG_CODE"):
        await client.set_my_commands([("help", "x")], language_code="german")
