"""Updates kept, queued once, counted when begun, and taken up by the next process."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest
import pytest_asyncio
from telegram import Bot, Update

from bots.telegram import inbox as room
from bots.telegram.inbox import AT_ONCE, BEGINNINGS, Handling, Inbox
from core import store
from core.store import Client

BOT = Bot("1:token")
KEY = "darkroom:telegram:inbox:1"


def record(number: int) -> dict[str, Any]:
    chat = {"id": 42, "type": "private", "first_name": "Ada"}
    return {
        "update_id": number,
        "message": {"message_id": number, "date": 1, "chat": chat, "text": "hello"},
    }


def update(number: int) -> Update:
    return Update.de_json(record(number), BOT)


@pytest_asyncio.fixture
async def client(redis_url: str) -> AsyncIterator[Client]:
    connected = store.connect(redis_url)
    yield connected
    await connected.aclose()


def queued(inbox: Inbox) -> list[int]:
    found = []
    while not inbox.empty():
        one = inbox.get_nowait()
        assert isinstance(one, Update)
        found.append(one.update_id)
    return found


async def kept(client: Client) -> set[str]:
    return set(await client.hkeys(KEY))  # type: ignore[misc]


async def test_restarts_that_begin_nothing_give_nothing_up(client: Client) -> None:
    await Inbox(client, 1).put(update(5))
    for _ in range(2 * BEGINNINGS):
        inbox = Inbox(client, 1)
        assert await inbox.replay(BOT) == 1
        assert queued(inbox) == [5]
    assert await inbox.begin(update(5))


async def test_what_never_comes_to_an_end_is_given_up(client: Client) -> None:
    answers = [await Inbox(client, 1).begin(update(5)) for _ in range(BEGINNINGS + 1)]
    assert answers == [True] * BEGINNINGS + [False]


async def test_an_end_is_the_end_of_counting(client: Client) -> None:
    inbox = Inbox(client, 1)
    for _ in range(2 * BEGINNINGS):
        assert await inbox.begin(update(5))
        await inbox.done(update(5))
    assert not await client.keys()


async def test_stopping_in_the_middle_does_not_count(client: Client) -> None:
    for _ in range(2 * BEGINNINGS):
        inbox = Inbox(client, 1)
        handling, begun = Handling(inbox), asyncio.Event()

        async def handle(inbox: Inbox = inbox, begun: asyncio.Event = begun) -> None:
            assert await inbox.begin(update(5))
            begun.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(handling.process_update(update(5), handle()))
        await begun.wait()
        await handling.shutdown()
        assert task.cancelled()


async def test_what_waits_for_a_place_is_left_to_the_next_process(client: Client) -> None:
    inbox = Inbox(client, 1)
    handling, begun = Handling(inbox), asyncio.Semaphore(0)
    ran = []

    async def handle(number: int) -> None:
        ran.append(number)
        begun.release()
        await asyncio.Event().wait()

    def start(number: int, work: Awaitable[None]) -> asyncio.Task[None]:
        return asyncio.create_task(handling.process_update(update(number), work))

    await inbox.put(update(AT_ONCE))
    tasks = [start(number, handle(number)) for number in range(AT_ONCE + 1)]
    for _ in range(AT_ONCE):
        await begun.acquire()
    await handling.shutdown()
    _, left = await asyncio.wait(tasks, timeout=5)
    assert not left
    assert ran == list(range(AT_ONCE))
    assert await kept(client) == {str(AT_ONCE)}


@pytest.mark.parametrize(
    "unreadable",
    ["not json", "[]", "null", "7", '{"update_id": 4, "message": {"message_id": 1}}', "{}"],
)
async def test_a_record_that_cannot_be_read_is_dropped(
    client: Client, unreadable: str, caplog: pytest.LogCaptureFixture
) -> None:
    await client.hset(KEY, "4", unreadable)  # type: ignore[misc]
    await client.hset(KEY, "5", json.dumps(record(5)))  # type: ignore[misc]
    inbox = Inbox(client, 1)
    assert await inbox.replay(BOT) == 1
    assert queued(inbox) == [5]
    assert await kept(client) == {"5"}
    assert "unreadable" in caplog.text


async def test_replaying_waits_until_redis_answers(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "_RETRY_SECONDS", 0.01)
    await client.set(KEY, "no hash")
    inbox = Inbox(client, 1)
    replaying = asyncio.create_task(inbox.replay(BOT))
    _, waiting = await asyncio.wait([replaying], timeout=0.1)
    assert waiting
    await client.delete(KEY)
    assert await asyncio.wait_for(replaying, 5) == 0


async def test_an_update_that_comes_again_is_queued_once(client: Client) -> None:
    await Inbox(client, 1).put(update(5))
    inbox = Inbox(client, 1)
    await inbox.replay(BOT)
    await inbox.put(update(5))
    await asyncio.gather(inbox.put(update(6)), inbox.put(update(6)))
    await inbox.done(update(5))
    await inbox.put(update(5))
    assert queued(inbox) == [5, 6]
    assert await kept(client) == {"6"}


async def test_updates_fetched_together_are_queued_at_one_moment(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox, keep, sizes = Inbox(client, 1), client.hset, []

    async def slow(*arguments: Any, **options: Any) -> Any:
        sizes.append(inbox.qsize())
        return await keep(*arguments, **options)  # type: ignore[misc]

    monkeypatch.setattr(client, "hset", slow)
    await inbox.put_all([update(5), update(6), update(7)])
    await inbox.put_all([update(7), update(8)])
    assert sizes == [0, 3]
    assert queued(inbox) == [5, 6, 7, 8]
    assert await kept(client) == {"5", "6", "7", "8"}


async def test_what_a_person_wrote_and_pressed_is_forgotten(client: Client) -> None:
    inbox = Inbox(client, 1)
    people = {7: {"id": 42, "is_bot": False, "first_name": "Ada"}}
    people[8] = people[7] | {"id": 421}
    for number, person in people.items():
        wrote = record(number)
        wrote["message"]["from"] = person
        await inbox.put(Update.de_json(wrote, BOT))
        pressed = {"id": "1", "from": person, "chat_instance": "1", "data": "x:2x"}
        await inbox.put(Update.de_json({"update_id": 10 + number, "callback_query": pressed}, BOT))
    await inbox.begin(update(7))
    await inbox.forget("42")
    assert await kept(client) == {"8", "18"}
    assert not await client.exists(f"{KEY}:begun")
