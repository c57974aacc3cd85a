import time

import pytest

from core import keys
from core.letters import KEPT_SECONDS, Letter, Letters
from core.outbox import GROUP, Outbox
from core.store import Client
from tests.doubles.jobs import opened, reply


@pytest.fixture
def letters(client: Client) -> Letters:
    return Letters(client)


async def buried(client: Client, outbox: Outbox, letters: Letters, name: str) -> Letter:
    await opened(client, "test")
    await outbox.publish(reply(name))
    async for delivery in outbox.deliveries("test", block_seconds=0.01):
        await outbox.attempt(delivery)
        await outbox.recorder(name)("text", "message 5")
        await outbox.bury(delivery, "no")
    return (await letters.all())[-1]


async def test_a_replay_counts_attempts_anew_and_keeps_what_was_sent(
    client: Client, outbox: Outbox, letters: Letters
) -> None:
    letter = await buried(client, outbox, letters, "job-1")
    assert letter.reply == reply()
    assert abs(letter.buried - time.time()) < 60
    assert await letters.replay(letter)
    assert not await letters.replay(letter)
    (again,) = [one async for one in outbox.deliveries("test", block_seconds=0.01)]
    assert again.reply == reply()
    assert await outbox.sent_parts("job-1") == {"text": "message 5"}
    assert await outbox.attempt(again) == 1


async def test_a_dropped_letter_is_gone(client: Client, outbox: Outbox, letters: Letters) -> None:
    kept = await buried(client, outbox, letters, "kept")
    letter = await buried(client, outbox, letters, "dropped")
    assert await letters.drop(letter)
    assert not await letters.drop(letter)
    assert await letters.all() == [kept]
    assert await letters.all("nowhere") == []


async def test_letters_of_more_than_a_month_ago_go_with_the_next(
    client: Client, letters: Letters
) -> None:
    await opened(client, "test")
    month_ago = round(1000 * (time.time() - KEPT_SECONDS - 60))
    for number in range(3):
        await client.xadd(keys.dead("test"), {"reply": "", "cause": ""}, id=f"{month_ago}-{number}")
    await letters.bury("test", GROUP, "1-1", "{}", "no")
    assert [letter.record for letter in await letters.all()] == ["{}"]


async def test_letters_of_more_than_a_month_ago_go_without_a_next(
    client: Client, letters: Letters
) -> None:
    await opened(client, "test")
    month_ago = round(1000 * (time.time() - KEPT_SECONDS))
    for late in (-60_000, 60_000):
        entry = f"{month_ago + late}-0"
        await client.xadd(keys.dead("test"), {"reply": "", "cause": ""}, id=entry)
    assert await letters.expire("test") == 1
    assert [letter.entry for letter in await letters.all()] == [f"{month_ago + 60_000}-0"]
