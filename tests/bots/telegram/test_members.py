"""Who is an administrator, asked of the double by the real client."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from telegram import Bot

from bots.desk import Standing
from bots.telegram.members import Members
from core.errors import DarkroomError
from tests.doubles.telegram import Refused, TelegramServer
from tests.doubles.telegram.server import Fault

ADMIN, MEMBER = Standing(admin=True), Standing()
ANN, ADA = 7, 42


@pytest_asyncio.fixture
async def client(server: TelegramServer) -> AsyncIterator[Bot]:
    bot = Bot(server.token, f"{server.url}/bot")
    async with bot:
        yield bot


def asked(server: TelegramServer) -> int:
    return len(server.called("getChatAdministrators"))


async def test_administrators_are_asked_for_once_even_at_the_same_time(
    server: TelegramServer, client: Bot
) -> None:
    group, members = server.group(), Members(client)
    server.admin(group, ANN)
    found = await asyncio.gather(
        *(members.standing(group.chat_id, who) for who in (ANN, ADA, ANN, ADA))
    )
    assert found == [ADMIN, MEMBER, ADMIN, MEMBER]
    assert await members.standing(group.chat_id, ANN) == ADMIN
    assert asked(server) == 1


async def test_the_list_gets_old_and_is_dropped_when_something_has_changed(
    server: TelegramServer, client: Bot
) -> None:
    group, members = server.group(), Members(client)
    assert await members.standing(group.chat_id, ANN) == MEMBER
    server.admin(group, ANN)
    assert await members.standing(group.chat_id, ANN) == MEMBER
    members.forget(group.chat_id)
    assert await members.standing(group.chat_id, ANN) == ADMIN
    forgetful = Members(client, kept=0)
    for _ in range(2):
        assert await forgetful.standing(group.chat_id, ANN) == ADMIN
    assert asked(server) == 4


async def test_a_failure_is_a_sentence_and_the_next_one_asks_again(
    server: TelegramServer, client: Bot
) -> None:
    group, members = server.group(), Members(client)
    server.admin(group, ANN)
    held = asyncio.Event()
    server.fail("getChatAdministrators", Fault(Refused("Bad Gateway", 502), hold=held))
    asking = [asyncio.create_task(members.standing(group.chat_id, ANN)) for _ in range(3)]
    await server.until(lambda: asked(server))
    held.set()
    for outcome in await asyncio.gather(*asking, return_exceptions=True):
        assert isinstance(outcome, DarkroomError)
        assert "administers this group" in outcome.text
    assert await members.standing(group.chat_id, ANN) == ADMIN
    assert asked(server) == 2


async def test_a_group_that_has_thrown_the_bot_out_is_a_sentence(
    server: TelegramServer, client: Bot
) -> None:
    group = server.group(bot="kicked")
    with pytest.raises(DarkroomError):
        await Members(client).standing(group.chat_id, ANN)


async def test_giving_up_waiting_does_not_disturb_the_others(
    server: TelegramServer, client: Bot
) -> None:
    group, members = server.group(), Members(client)
    server.admin(group, ANN)
    held = asyncio.Event()
    server.fail("getChatAdministrators", Fault(hold=held))
    impatient, patient = (
        asyncio.create_task(members.standing(group.chat_id, ANN)) for _ in range(2)
    )
    await server.until(lambda: asked(server))
    impatient.cancel()
    held.set()
    assert await patient == ADMIN
    assert asked(server) == 1


async def test_who_writes_in_the_name_of_the_group_needs_no_question(
    server: TelegramServer, client: Bot
) -> None:
    members = Members(client)
    assert await members.standing(-100_2000, -100_2000) == ADMIN
    assert await members.standing(-100_2000, -100_9) == MEMBER
    assert asked(server) == 0


@pytest.mark.parametrize(("bot", "known"), [("member", MEMBER), ("administrator", ADMIN)])
async def test_anonymous_administrators_are_hidden_from_a_bot_that_is_none(
    server: TelegramServer, client: Bot, bot: str, known: Standing
) -> None:
    group = server.group(bot=bot)
    server.admin(group, ANN, anonymous=True)
    assert await Members(client).standing(group.chat_id, ANN) == known


@pytest.mark.parametrize(
    ("privacy", "bot", "blind"),
    [
        (True, "member", True),
        (True, "administrator", False),
        (False, "member", False),
        (True, "kicked", False),
    ],
)
async def test_why_photos_are_not_seen_and_how_to_mend_it(
    server: TelegramServer, client: Bot, privacy: bool, bot: str, blind: bool
) -> None:
    server.privacy = privacy
    text = await Members(client).unseen(server.group(bot=bot).chat_id)
    assert (text is not None) is blind
    if text is not None:
        assert "administrator" in text
        assert "/setprivacy" in text
        assert "add me again" in text
