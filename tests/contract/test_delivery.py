"""Answers on their last stretch: delivered twice, and standing there once."""

import pytest

from tests.contract.answers import files, pictures, shown, speaks, words
from tests.contract.bench import ACKNOWLEDGEMENT, COLLAGE, Bench, photo_bytes
from tests.contract.platform import Person, Photo, Platform, Window

FIRST, LAST = "after-the-first-part", "after-the-last-part"


def held_at(platform: Platform, moment: str) -> str:
    """The note before which the bot is killed; a platform that notes no parts acknowledges."""
    if moment == ACKNOWLEDGEMENT or not platform.notes:
        return ACKNOWLEDGEMENT
    return platform.notes[0 if moment == FIRST else -1]


@pytest.mark.parametrize("anew", [False, True], ids=["in-its-place", "anew"])
@pytest.mark.parametrize("moment", [FIRST, LAST, ACKNOWLEDGEMENT])
async def test_an_answer_delivered_by_a_bot_that_was_killed_before_it_said_so_stands_there_once(
    platform: Platform, ada: Person, bench: Bench, moment: str, anew: bool
) -> None:
    held = bench.outbox.held = held_at(platform, moment)
    async with platform.bot() as bot:
        ada.send(Photo(photo_bytes()))
        job = await bench.job()
        await platform.until(lambda: speaks(ada, "Queued"))
        if anew:
            ada.wipe()
        made = await bench.answer(job)
        await bench.held_up()
        await bot.kill()
        bench.killed = True
    bench.outbox.held = None
    async with platform.bot():
        await bench.settled()
    opened: set[Window] = set()
    if held != ACKNOWLEDGEMENT:
        opened |= {Window.ANEW} if anew and held == platform.notes[0] else set()
        opened |= {Window.COMPARISON} if held == platform.notes[-1] else set()
    opened &= platform.windows
    most = 2 if Window.ANEW in opened else 1
    assert files(ada) == list(made.files) * len(files(ada))
    assert words(ada) == [made.caption] * len(files(ada))
    assert 1 <= len(files(ada)) <= most
    assert pictures(ada) == [COLLAGE] * len(pictures(ada))
    assert 1 <= len(pictures(ada)) <= (2 if Window.COMPARISON in opened else 1)


async def test_an_answer_that_was_ready_while_the_bot_was_away_is_delivered(
    platform: Platform, ada: Person, bench: Bench
) -> None:
    async with platform.bot() as bot:
        ada.send(Photo(photo_bytes()))
        job = await bench.job()
        await bot.kill()
        bench.killed = True
    if not await bench.lab.queue.owed(job.platform):
        assert files(ada) == []  # whoever was interrupted has taken the photo back
        return
    made = await bench.answer(job)
    async with platform.bot():
        await shown(platform, ada, made)
