"""Groups the whole way: the real client, the real conversation, a real Valkey."""

import asyncio
import functools
from collections.abc import Awaitable, Callable

import pytest

from bots.conversation import Lab
from bots.telegram.presses import HIDDEN
from core import captions, notices
from core.communities import FORGOTTEN_SECONDS, Communities
from core.errors import ServiceDown
from core.language import _, speaking
from tests.bots.telegram.conftest import enhanced, only_job, publish, switched_on
from tests.bots.telegram.pictures import picture
from tests.doubles.telegram import Chat, Refused, TelegramServer

pytestmark = pytest.mark.usefixtures("bot")

AT = "@darkroom_bot"


def usage() -> str:
    words = _("Answer a photo with {command}, or write it under one.")
    return words.format(command=f"/enhance{AT}")


def introduction() -> str:
    return notices.introduction(AT, usage())


def texts(chat: Chat) -> list[str]:
    return [shown.text for shown in chat.from_bot()]


async def until(holds: Callable[[], Awaitable[object]]) -> None:
    """Wait until something that Redis knows is so."""
    for _attempt in range(500):
        if await holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come true")


async def is_on(lab: Lab, chat_id: int) -> bool:
    return (await lab.communities.get("telegram", str(chat_id))).enabled


async def test_a_bot_that_is_added_introduces_itself_and_waits_to_be_switched_on(
    server: TelegramServer, lab: Lab
) -> None:
    group = server.group(kind="group", bot="left")
    ann, ada = server.admin(group), server.member(group)
    ann.add_bot()
    await server.until(lambda: texts(group) == [introduction()])

    photo = ada.photo(picture(), "/enhance")
    ada.write("/darkroom enable", reply_to=group.from_bot()[0].message_id)
    await server.until(lambda: notices.ADMINS_ONLY in texts(group))
    ada.write("/enhance@darkroom_bot", reply_to=photo)
    await server.until(lambda: notices.not_enabled(AT) in texts(group))
    assert len(texts(group)) == 3
    assert await lab.queue.owed("telegram") == []

    ann.write("/darkroom@darkroom_bot enable")
    await server.until(lambda: notices.enabled(AT, usage()) in texts(group))
    ada.write("/enhance@darkroom_bot", reply_to=photo)
    assert (await only_job(server, lab)).community == str(group.chat_id)


async def test_it_introduces_itself_once_and_in_the_language_of_who_added_it(
    server: TelegramServer,
) -> None:
    group = server.group(kind="group", bot="left")
    ann = server.member(group, language="de-AT")
    ann.create_group()
    ann.add_bot("administrator")
    ann.write("/help@darkroom_bot")
    await server.until(lambda: len(texts(group)) == 2)
    with speaking("de"):
        assert sorted(texts(group)) == sorted([introduction(), notices.not_enabled(AT)])
    assert introduction() not in texts(group)


async def test_a_group_that_forbids_to_write_is_arrived_at_in_silence(
    server: TelegramServer, caplog: pytest.LogCaptureFixture
) -> None:
    group = server.group(kind="group", bot="left")
    server.fail("sendMessage", Refused("Bad Request: have no rights to send a message"))
    server.admin(group).add_bot()
    await server.until(lambda: server.called("sendMessage"))
    server.private().write("/help")
    await server.until(lambda: len(server.called("sendMessage")) == 2)
    assert texts(group) == []
    assert "could not be handled" not in caplog.text


async def test_a_bot_that_is_thrown_out_forgets_the_group_after_a_while(
    server: TelegramServer, lab: Lab
) -> None:
    group = server.group(kind="group")
    await switched_on(lab, group)
    ann = server.admin(group)
    ann.remove_bot()

    async def seconds_left() -> int:
        client = lab.communities._client
        return int(await client.ttl(f"darkroom:community:telegram:{group.chat_id}"))

    async def forgetting() -> bool:
        return await seconds_left() > 0

    await until(forgetting)
    assert FORGOTTEN_SECONDS - 60 < await seconds_left() <= FORGOTTEN_SECONDS
    ann.add_bot()

    async def kept() -> bool:
        return await seconds_left() == -1

    await until(kept)
    assert await is_on(lab, group.chat_id)


@pytest.mark.parametrize("notice_first", [True, False])
async def test_settings_move_along_when_a_group_becomes_a_supergroup(
    server: TelegramServer, lab: Lab, notice_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = server.group(-55, kind="group")
    await switched_on(lab, group, introduced=True, daily=3)
    tried = []
    move = Communities.move

    async def sometimes(self: Communities, platform: str, old: str, new: str) -> None:
        tried.append(old)
        if len(tried) == 1:
            raise ServiceDown("The lab cannot be reached.")
        await move(self, platform, old, new)

    monkeypatch.setattr(Communities, "move", sometimes)
    new = server.admin(group).upgrade(-100_55, notice_first=notice_first)

    async def moved() -> bool:
        return await is_on(lab, new.chat_id)

    await until(moved)
    there = await lab.communities.get("telegram", str(new.chat_id))
    assert (there.id, there.daily) == ("-10055", 3)
    server.member(new).photo(picture(), "/enhance@darkroom_bot")
    assert (await only_job(server, lab)).community == "-10055"
    assert introduction() not in texts(new)


async def test_every_photo_of_a_topic_is_taken_where_the_bot_sees_them(
    server: TelegramServer, lab: Lab
) -> None:
    group = server.group(topics=[77, 78])
    ann, ada = server.admin(group), server.member(group)
    await switched_on(lab, group)
    ann.write("/darkroom@darkroom_bot mode here", thread=77)
    await server.until(lambda: texts(group))
    assert "/setprivacy" in texts(group)[0]

    group.bot_status = "administrator"
    ann.write("/darkroom@darkroom_bot mode here", thread=77)
    await server.until(lambda: len(texts(group)) == 2)
    assert "/setprivacy" not in texts(group)[1]
    ada.photo(picture(seed=1), thread=78)
    ada.write("how nice", thread=77)
    wanted = ada.photo(picture(seed=2), "our cat", thread=77)
    await only_job(server, lab)
    assert group.from_bot()[-1].reply_to == wanted
    assert group.messages[group.from_bot()[-1].message_id]["message_thread_id"] == 77
    assert len(texts(group)) == 3


async def test_a_mention_and_an_answer_are_wishes_too(server: TelegramServer, lab: Lab) -> None:
    group = server.group(bot="administrator")
    await switched_on(lab, group)
    ada = server.member(group)
    photo = ada.photo(picture())
    ada.write("@darkroom_bot 2x png", reply_to=photo)
    job = await only_job(server, lab)
    assert (job.recipe.scale, job.recipe.format) == (2, "png")
    await publish(lab, job, await enhanced(lab, job, collage=False))
    await server.until(lambda: group.from_bot()[0].kind == "document")
    ada.photo(picture(seed=3), reply_to=group.from_bot()[0].message_id)
    await only_job(server, lab)


async def test_administrators_set_a_group_up_by_buttons(server: TelegramServer, lab: Lab) -> None:
    group = server.group()
    ann, ada = server.admin(group), server.member(group)
    ann.write("/darkroom@darkroom_bot")
    await server.until(lambda: texts(group))
    (panel,) = group.from_bot()

    refused = ada.press(panel.message_id, notices.TOGGLE_ON)
    await server.until(lambda: refused in server.toasts)
    assert server.toasts[refused] == notices.ADMINS_ONLY
    assert not await is_on(lab, group.chat_id)

    for label, state in ((notices.TOGGLE_ON, True), (notices.TOGGLE_OFF, False)) * 2:
        pressed = ann.press(panel.message_id, label)
        await server.until(functools.partial(server.toasts.__contains__, pressed))
        assert server.toasts[pressed] == ""
        assert await is_on(lab, group.chat_id) is state
    assert len(group.from_bot()) == 1
    assert len(server.called("getChatAdministrators")) == 1


async def test_an_anonymous_administrator_is_obeyed_in_writing_and_told_why_not_by_buttons(
    server: TelegramServer, lab: Lab
) -> None:
    group = server.group(kind="group")
    ann = server.admin(group, anonymous=True)
    ann.write("/darkroom@darkroom_bot enable")
    await server.until(lambda: texts(group) == [notices.enabled(AT, usage())])
    ann.write("/darkroom@darkroom_bot")
    await server.until(lambda: len(texts(group)) == 2)
    panel = group.from_bot()[-1]
    pressed = ann.press(panel.message_id, notices.TOGGLE_OFF)
    await server.until(lambda: pressed in server.toasts)
    assert server.toasts[pressed] == HIDDEN
    assert await is_on(lab, group.chat_id)

    ann.add_bot("administrator")
    await server.until(lambda: introduction() in texts(group))
    ann.write("/darkroom")
    await server.until(lambda: len(texts(group)) == 4)
    pressed = ann.press(group.from_bot()[-1].message_id, notices.TOGGLE_OFF)
    await server.until(lambda: pressed in server.toasts)
    assert not await is_on(lab, group.chat_id)


async def test_administrators_that_telegram_does_not_name_are_a_sentence(
    server: TelegramServer, lab: Lab
) -> None:
    group = server.group()
    ann = server.admin(group)
    server.fail("getChatAdministrators", *[Refused("Bad Gateway", 502) for _again in range(9)])
    ann.write("/darkroom@darkroom_bot enable")
    await server.until(lambda: texts(group))
    assert "who administers this group" in texts(group)[0]
    assert captions.UNEXPECTED not in texts(group)
    assert not await is_on(lab, group.chat_id)
