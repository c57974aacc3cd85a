"""Buttons under what the bot shows."""

import pytest

from bots.desk import Feature
from core import captions
from tests.contract.answers import captioned, files, shown, speaks, words
from tests.contract.bench import Bench, Made, photo_bytes
from tests.contract.platform import Person, Photo, Platform

pytestmark = pytest.mark.needs(Feature.BUTTONS)

LABELS = tuple(
    captions.LABELS[choice] for choice in ("2x", "original", "softer", "stronger", "why")
)
WHY = captions.LABELS["why"]
TWICE, ORIGINAL = captions.LABELS["2x"], captions.LABELS["original"]


async def answered(platform: Platform, person: Person, bench: Bench) -> Made:
    """A photo with its answer."""
    person.send(Photo(photo_bytes()))
    made = await bench.answer(await bench.job())
    await shown(platform, person, made)
    return made


@pytest.mark.usefixtures("bot")
async def test_an_answer_offers_the_choices_that_would_have_been_others(
    platform: Platform, ada: Person, bench: Bench
) -> None:
    made = await answered(platform, ada, bench)
    assert captioned(ada, made).buttons == LABELS
    ada.press(captioned(ada, made), TWICE)
    job = await bench.job()
    assert job.recipe.scale == 2
    await shown(platform, ada, made, await bench.answer(job))


@pytest.mark.usefixtures("bot")
async def test_why_is_told_step_by_step(platform: Platform, ada: Person, bench: Bench) -> None:
    made = await answered(platform, ada, bench)
    ada.press(captioned(ada, made), WHY)
    await platform.until(lambda: speaks(ada, "• Enlarged 4×: small\nMeasured: noise σ ≈ 3."))
    assert bench.idle


@pytest.mark.usefixtures("bot")
async def test_quick_presses_count_once(platform: Platform, ada: Person, bench: Bench) -> None:
    made = await answered(platform, ada, bench)
    message = captioned(ada, made)
    for _ in range(3):
        ada.press(message, TWICE)
    again = await bench.answer(await bench.job())
    await shown(platform, ada, made, again)
    assert bench.idle


async def test_buttons_live_on_after_a_restart(
    platform: Platform, ada: Person, bench: Bench
) -> None:
    async with platform.bot():
        made = await answered(platform, ada, bench)
    async with platform.bot():
        ada.press(captioned(ada, made), TWICE)
        job = await bench.job()
        assert job.recipe.scale == 2
        await shown(platform, ada, made, await bench.answer(job))


@pytest.mark.usefixtures("bot")
async def test_the_original_comes_back_byte_by_byte(
    platform: Platform, ada: Person, bench: Bench
) -> None:
    made = await answered(platform, ada, bench)
    ada.press(captioned(ada, made), ORIGINAL)
    await platform.until(lambda: files(ada) == [*made.files, photo_bytes()])
    assert bench.idle


async def test_a_waiting_photo_is_cancelled_after_a_restart_too(
    platform: Platform, ada: Person, bench: Bench
) -> None:
    async with platform.bot():
        ada.send(Photo(photo_bytes()))
        await bench.job()
        await platform.until(lambda: speaks(ada, "Queued"))
    async with platform.bot():
        (status,) = ada.sees()
        ada.press(status, captions.CANCEL)
        await platform.until(lambda: captions.CANCELLED in words(ada))
        await bench.settled()
        assert files(ada) == []
        assert not ada.sees()[0].buttons


@pytest.mark.needs(Feature.COMMUNITIES)
@pytest.mark.usefixtures("bot")
async def test_somebody_elses_button_says_so_to_who_pressed(
    platform: Platform, bench: Bench
) -> None:
    club = platform.community()
    await bench.lab.communities.change(platform.name, club.id, enabled=True)
    ada, eve = club.member(), club.member("Eve")
    ada.send(Photo(photo_bytes()), text="/enhance")
    made = await bench.answer(await bench.job())
    await platform.until(lambda: files(eve) == list(made.files))
    eve.press(captioned(eve, made), TWICE)
    await platform.until(lambda: speaks(eve, captions.NOT_YOURS))
    assert not speaks(ada, captions.NOT_YOURS)
    assert bench.idle
