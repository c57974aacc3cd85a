"""Buttons answered in time."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from telegram import Bot, CallbackQuery, Update
from telegram.error import BadRequest

from bots.desk import Press, Told
from bots.telegram.members import Members
from bots.telegram.presses import HIDDEN, NAMELESS, Presses
from core.captions import NOT_YOURS, ON_ITS_WAY
from core.jobs import Address
from core.language import _, speaking
from tests.doubles.telegram import Person, TelegramServer


@pytest_asyncio.fixture
async def client(server: TelegramServer) -> AsyncIterator[Bot]:
    bot = Bot(server.token, f"{server.url}/bot")
    async with bot:
        yield bot


def pressed(server: TelegramServer, client: Bot, person: Person) -> CallbackQuery:
    """The query of a person who presses the one button in the chat."""
    keyboard = {"inline_keyboard": [[{"text": "2×", "callback_data": "abc:2x"}]]}
    message = {"from": server.bot, "text": "Done.", "reply_markup": keyboard}
    chat = person.chat
    number = max(chat.messages, default=0) or chat.add(message)["message_id"]
    person.press(number, "2×")
    query = Update.de_json(server.updates[-1], client).callback_query
    assert query is not None
    return query


class Words:
    """A conversation that answers when it is let to, and may ask what somebody is here."""

    def __init__(self, text: str, *, curious: bool = False, fleeting: bool = False) -> None:
        self.text = text
        self.fleeting = fleeting
        self.curious = curious
        self.presses: list[Press] = []
        self.said: list[str] = []
        self.free = asyncio.Event()
        self.free.set()

    async def press(self, press: Press) -> Told:
        self.presses.append(press)
        if self.curious:
            await press.request.standing()
        await self.free.wait()
        return Told(self.text, self.fleeting)

    async def say(self, address: Address, text: str) -> None:
        self.said.append(text)


async def test_the_toast_names_what_happens(server: TelegramServer, client: Bot) -> None:
    words, ada = Words("x" * 200), server.member(server.group())
    query = pressed(server, client, ada)
    await Presses(words.press, words.say, Members(client)).take(query)
    assert server.toasts[query.id] == "x" * 200
    (press,) = words.presses
    assert (press.request.user, press.data) == ("42", "abc:2x")
    assert press.request.address == {"chat": ada.chat.chat_id, "message": 101}
    assert press.under == {"chat": ada.chat.chat_id, "status": 101}
    assert press.request.addressed
    assert not press.request.private


async def test_what_is_too_long_for_a_toast_is_said(server: TelegramServer, client: Bot) -> None:
    words = Words("x" * 201)
    query = pressed(server, client, server.private())
    await Presses(words.press, words.say, Members(client)).take(query)
    assert server.toasts[query.id] == ""
    assert words.said == [words.text]


@pytest.mark.parametrize("fleeting", [True, False])
async def test_a_slow_press_is_answered_at_once_and_told_later(
    server: TelegramServer, client: Bot, fleeting: bool
) -> None:
    words, ada = Words("The lab cannot be reached.", fleeting=fleeting), server.private()
    words.free.clear()
    query = pressed(server, client, ada)
    taking = asyncio.create_task(
        Presses(words.press, words.say, Members(client), toast_seconds=0.05).take(query)
    )
    await server.until(lambda: query.id in server.toasts)
    assert server.toasts[query.id] == ""
    words.free.set()
    await taking
    assert words.said == ([] if fleeting else ["The lab cannot be reached."])


async def test_taps_of_one_person_count_once_and_of_others_for_themselves(
    server: TelegramServer, client: Bot
) -> None:
    words, group = Words(ON_ITS_WAY), server.group()
    people = [server.member(group), server.member(group), server.member(group, 43)]
    presses = Presses(words.press, words.say, Members(client))
    queries = [pressed(server, client, person) for person in people]
    await asyncio.gather(*(presses.take(query) for query in queries))
    assert sorted(press.request.user for press in words.presses) == ["42", "43"]
    assert all(server.toasts[query.id] == ON_ITS_WAY for query in queries)


async def test_a_button_may_be_pressed_again_at_once_when_its_message_has_changed(
    server: TelegramServer, client: Bot
) -> None:
    words, ann = Words("Noted."), server.admin(server.group())
    presses = Presses(words.press, words.say, Members(client))
    await presses.take(pressed(server, client, ann))
    await presses.take(pressed(server, client, ann))
    ann.chat.messages[101]["edit_date"] = 5
    await presses.take(pressed(server, client, ann))
    assert len(words.presses) == 2


async def test_a_press_in_a_topic_tells_the_topic_and_the_language(
    server: TelegramServer, client: Bot
) -> None:
    words, group = Words("Noted."), server.group(topics=[77])
    keyboard = {"inline_keyboard": [[{"text": "2×", "callback_data": "abc:2x"}]]}
    topic = {"message_thread_id": 77, "is_topic_message": True}
    group.add({"from": server.bot, "text": "Done.", "reply_markup": keyboard} | topic)
    query = pressed(server, client, server.member(group, language="de"))
    await Presses(words.press, words.say, Members(client)).take(query)
    (press,) = words.presses
    assert (press.request.channel, press.request.language) == ("77", "de")
    assert press.under == {"chat": group.chat_id, "thread": 77, "status": 101}


async def test_a_failed_press_may_be_pressed_anew(server: TelegramServer, client: Bot) -> None:
    words, ada = Words(ON_ITS_WAY), server.private()

    async def fail(press: Press) -> Told:
        words.presses.append(press)
        if len(words.presses) == 1:
            raise BadRequest("something odd")
        return Told(words.text)

    presses = Presses(fail, words.say, Members(client))
    with pytest.raises(BadRequest):
        await presses.take(pressed(server, client, ada))
    again = pressed(server, client, ada)
    await presses.take(again)
    assert server.toasts[again.id] == ON_ITS_WAY


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("sender", [None, {"id": -100_9, "type": "channel", "title": "C"}])
async def test_who_asked_in_the_name_of_a_group_is_told_what_to_do(
    server: TelegramServer, client: Bot, sender: dict[str, object] | None, language: str
) -> None:
    with speaking(language):  # the group's, whatever the language of whoever presses
        words, nameless = Words(_(NOT_YOURS)), _(NAMELESS)
    group = server.group()
    robot = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
    asked = group.add(
        {"from": robot, "sender_chat": sender or group.described(), "text": "/enhance"}
    )
    keyboard = {"inline_keyboard": [[{"text": "2×", "callback_data": "abc:2x"}]]}
    content = {"from": server.bot, "text": "Done.", "reply_markup": keyboard}
    group.add(content | {"reply_to_message": asked})
    query = pressed(server, client, server.member(group))
    await Presses(words.press, words.say, Members(client)).take(query)
    assert (server.toasts[query.id] or words.said[0]) == nameless


@pytest.mark.parametrize("bot", ["member", "administrator"])
async def test_a_press_of_an_anonymous_administrator_is_known_to_an_administrator_alone(
    server: TelegramServer, client: Bot, bot: str
) -> None:
    words, group = Words("Only administrators may.", curious=True), server.group(bot=bot)
    ann = server.admin(group, anonymous=True)
    asked = group.quoted(ann.write("/darkroom"))
    keyboard = {"inline_keyboard": [[{"text": "2×", "callback_data": "abc:2x"}]]}
    panel = {"from": server.bot, "text": "Settings", "reply_markup": keyboard}
    group.add(panel | {"reply_to_message": asked})
    query = pressed(server, client, ann)
    await Presses(words.press, words.say, Members(client)).take(query)
    (press,) = words.presses
    assert press.request.user == "7"
    known = bot == "administrator"
    assert (await press.request.standing()).admin is known
    assert server.toasts[query.id] == (words.text if known else HIDDEN)


async def test_the_words_of_a_press_that_telegram_has_forgotten_are_said(
    server: TelegramServer, client: Bot
) -> None:
    words = Words("Done")
    query = pressed(server, client, server.private())
    server.open_queries.clear()
    await Presses(words.press, words.say, Members(client)).take(query)
    assert words.said == ["Done"]
