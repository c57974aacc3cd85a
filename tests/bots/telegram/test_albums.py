"""Albums gathered by silence."""

import asyncio
from collections.abc import Sequence

import pytest
from telegram import Message

from bots.telegram.albums import Albums
from tests.bots.telegram.test_messages import message


class Reading:
    """Notes what is completed; fails when told to."""

    def __init__(self) -> None:
        self.albums: list[tuple[list[int], bool]] = []
        self.error: Exception | None = None

    async def __call__(self, messages: Sequence[Message], late: bool) -> None:
        self.albums.append(([m.message_id for m in messages], late))
        if self.error is not None:
            raise self.error


async def test_a_single_message_does_not_wait() -> None:
    reading = Reading()
    await asyncio.wait_for(Albums(reading, quiet=60).add(message(number=1)), 1)
    assert reading.albums == [([1], False)]


async def test_parts_in_any_order_are_one_album_and_stragglers_are_late() -> None:
    reading = Reading()
    albums = Albums(reading, quiet=0.05)
    parts = [message(number=n, media_group_id="g") for n in (3, 1, 2)]
    other = message(-5, number=9, media_group_id="g")
    await asyncio.gather(*(albums.add(part) for part in [*parts, other]))
    assert sorted(reading.albums) == [([1, 2, 3], False), ([9], False)]
    await albums.add(message(number=4, media_group_id="g"))
    assert reading.albums[-1] == ([4], True)


async def test_every_part_waits_until_the_album_is_handled() -> None:
    begun, finish = asyncio.Event(), asyncio.Event()

    async def slow(messages: Sequence[Message], late: bool) -> None:
        begun.set()
        await finish.wait()

    albums = Albums(slow, quiet=0.01)
    adding = [
        asyncio.create_task(albums.add(message(number=n, media_group_id="g"))) for n in (1, 2)
    ]
    await begun.wait()
    assert not any(task.done() for task in adding)
    finish.set()
    await asyncio.gather(*adding)


async def test_each_part_lets_the_others_time() -> None:
    reading = Reading()
    albums = Albums(reading, quiet=0.2)
    adding = []
    for number in range(4):
        adding.append(asyncio.create_task(albums.add(message(number=number, media_group_id="g"))))
        await asyncio.sleep(0.08)
    assert reading.albums == []
    await asyncio.gather(*adding)
    assert reading.albums == [([0, 1, 2, 3], False)]


async def test_an_error_is_raised_once() -> None:
    reading = Reading()
    reading.error = ValueError("no")
    albums = Albums(reading, quiet=0.01)
    outcomes = await asyncio.gather(
        *(albums.add(message(number=n, media_group_id="g")) for n in (1, 2)),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [ValueError, type(None)]


async def test_hurry_waits_no_longer() -> None:
    reading = Reading()
    albums = Albums(reading, quiet=60)
    adding = asyncio.create_task(albums.add(message(number=1, media_group_id="g")))
    await asyncio.sleep(0)
    albums.hurry()
    await asyncio.wait_for(adding, 1)
    assert reading.albums == [([1], False)]


async def test_nothing_is_left_behind(recwarn: pytest.WarningsRecorder) -> None:
    albums = Albums(Reading(), quiet=0.01)
    await albums.add(message(number=1, media_group_id="g"))
    assert albums._open == {}
    assert not recwarn.list
