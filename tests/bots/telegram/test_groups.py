"""The bot's own comings and goings, told to a conversation that only takes note."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from telegram import Bot, Update

from bots.conversation import Conversation
from bots.desk import Arrival
from bots.telegram.groups import Groups
from bots.telegram.members import Members
from core.errors import ServiceDown
from tests.doubles.telegram import TelegramServer

GROUP, SUPERGROUP = -55, -100_55


class Notes(Conversation):
    """Takes note of what happens, in order."""

    def __init__(self) -> None:
        self.notes: list[object] = []
        self.fails: list[Exception] = []

    async def arrived(self, arrival: Arrival) -> None:
        self.notes.append(arrival)

    async def departed(self, community: str) -> None:
        self.notes.append(f"left {community}")

    async def moved(self, old: str, new: str) -> None:
        if self.fails:
            raise self.fails.pop(0)
        self.notes.append(f"{old} → {new}")


@pytest_asyncio.fixture
async def client(server: TelegramServer) -> AsyncIterator[Bot]:
    bot = Bot(server.token, f"{server.url}/bot")
    async with bot:
        yield bot


async def told(server: TelegramServer, client: Bot, *, settling: float = 0.05) -> list[object]:
    """What the conversation hears of all updates so far, all handled at once."""
    notes = Notes()
    groups = Groups(notes, Members(client), settling=settling)

    async def take(update: Update) -> None:
        if update.my_chat_member is not None:
            await groups.changed(update.my_chat_member)
        elif update.message is not None and groups.concerns(update.message):
            await groups.told(update.message)

    updates = [Update.de_json(record, client) for record in server.updates]
    server.updates.clear()
    await asyncio.gather(*(take(update) for update in updates))
    return notes.notes


def arrival(chat: int, language: str | None = None) -> Arrival:
    return Arrival(str(chat), {"chat": chat}, language)


@pytest.mark.parametrize("status", ["member", "administrator", "restricted"])
@pytest.mark.parametrize("kind", ["group", "supergroup"])
async def test_being_added_is_an_arrival(
    server: TelegramServer, client: Bot, kind: str, status: str
) -> None:
    group = server.group(SUPERGROUP, kind=kind, bot="left")
    server.member(group, language="de").add_bot(status)
    assert await told(server, client) == [arrival(SUPERGROUP, "de")]


async def test_being_made_an_administrator_is_one_too_and_being_demoted_is_none(
    server: TelegramServer, client: Bot
) -> None:
    ann = server.admin(server.group(GROUP, kind="group"))
    ann.add_bot("administrator")
    assert await told(server, client) == [arrival(GROUP)]
    ann.add_bot("member")
    assert await told(server, client) == []


@pytest.mark.parametrize("status", ["left", "kicked", "restricted away"])
async def test_being_removed_is_a_departure(
    server: TelegramServer, client: Bot, status: str
) -> None:
    server.admin(server.group(GROUP, kind="group")).remove_bot(status)
    assert await told(server, client) == ["left -55"]


async def test_a_group_created_with_the_bot_in_it_is_an_arrival(
    server: TelegramServer, client: Bot
) -> None:
    server.member(server.group(GROUP, kind="group")).create_group()
    assert await told(server, client) == [arrival(GROUP)] * 2


async def test_channels_and_private_chats_are_nothing_to_arrive_in(
    server: TelegramServer, client: Bot
) -> None:
    server.member(server.group(kind="channel", bot="left")).add_bot("administrator")
    server.private().remove_bot("kicked")
    assert await told(server, client) == []


@pytest.mark.parametrize("notice_first", [True, False])
async def test_a_group_that_becomes_a_supergroup_has_moved_before_it_is_arrived_at(
    server: TelegramServer, client: Bot, notice_first: bool
) -> None:
    ann = server.admin(server.group(GROUP, kind="group"))
    ann.upgrade(SUPERGROUP, notice_first=notice_first)
    first, *rest = await told(server, client, settling=20)
    assert first == "-55 → -10055"
    assert "-55 → -10055" in rest
    assert arrival(SUPERGROUP) in rest


async def test_an_arrival_waits_for_a_move_that_is_tried_again_but_not_for_one_that_is_given_up(
    server: TelegramServer, client: Bot
) -> None:
    server.admin(server.group(GROUP, kind="group")).upgrade(SUPERGROUP)
    notice, _, joined = (Update.de_json(record, client) for record in server.updates)
    assert notice.message is not None
    assert joined.my_chat_member is not None
    notes = Notes()
    groups = Groups(notes, Members(client), settling=20)
    notes.fails = [ServiceDown("Away."), ValueError("a mistake")]
    with pytest.raises(ServiceDown):
        await groups.told(notice.message)
    arriving = asyncio.create_task(groups.changed(joined.my_chat_member))
    await asyncio.wait([arriving], timeout=0.05)
    assert not arriving.done()
    with pytest.raises(ValueError, match="a mistake"):
        await groups.told(notice.message)
    await asyncio.wait_for(arriving, 5)
    assert notes.notes == [arrival(SUPERGROUP)]


async def test_what_the_members_are_is_asked_anew_after_a_change(
    server: TelegramServer, client: Bot
) -> None:
    group = server.group(GROUP, kind="group")
    ann = server.admin(group)
    members = Members(client)
    await members.standing(GROUP, 7)
    ann.add_bot("administrator")
    change = Update.de_json(server.updates[-1], client).my_chat_member
    assert change is not None
    await Groups(Notes(), members).changed(change)
    await members.standing(GROUP, 7)
    assert len(server.called("getChatAdministrators")) == 2
