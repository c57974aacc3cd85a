"""What cannot be done is said in a sentence, and nothing is left of it."""

import re
from dataclasses import replace

import pytest

from bots.desk import Feature
from core import captions
from core.images import Limits
from core.jobs import Failed
from tests.contract.answers import files, shown, speaks, words
from tests.contract.bench import Bench, photo_bytes
from tests.contract.platform import Person, Photo, Platform

WEB_PAGE = b"<!DOCTYPE html><html><body>not a photo</body></html>"
PAPER = Photo(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "paper.pdf", "application/pdf")


@pytest.mark.usefixtures("bot")
async def test_a_wrong_word_in_a_command_is_told_with_the_right_ones(
    platform: Platform, ada: Person, bench: Bench
) -> None:
    ada.send(Photo(photo_bytes()), text="/upscale 5x")
    await platform.until(lambda: speaks(ada, "5"))
    (text,) = words(ada)
    assert {"2", "3", "4", "8"} <= set(re.findall(r"\d", text))
    assert bench.idle


@pytest.mark.needs(Feature.ALBUMS)
@pytest.mark.usefixtures("bot")
async def test_a_command_that_nobody_knows_is_told_with_the_nearest(
    platform: Platform, ada: Person, bench: Bench
) -> None:
    ada.send(Photo(photo_bytes()), Photo(photo_bytes(1)), text="/enhanse")
    await platform.until(lambda: speaks(ada, "Did you mean /enhance?"))
    assert len(words(ada)) == 1
    assert bench.idle


@pytest.mark.parametrize("name", ["page.png", "photo.jpg"])
@pytest.mark.usefixtures("bot")
async def test_what_only_looks_like_a_photo_is_told(
    platform: Platform, ada: Person, bench: Bench, name: str
) -> None:
    ada.send(Photo(WEB_PAGE, name))
    await platform.until(lambda: speaks(ada, "a web page"))
    assert len(words(ada)) == 1
    assert bench.idle


@pytest.mark.usefixtures("bot")
async def test_what_is_no_photo_by_its_name_is_told(
    platform: Platform, ada: Person, bench: Bench
) -> None:
    ada.send(PAPER)
    await platform.until(lambda: speaks(ada, "photo"))
    assert len(words(ada)) == 1
    assert bench.idle


@pytest.mark.needs(Feature.ALBUMS)
@pytest.mark.usefixtures("bot")
async def test_photos_among_other_things_are_taken_and_the_others_told(
    platform: Platform, ada: Person, bench: Bench
) -> None:
    ada.send(Photo(photo_bytes()), PAPER, replace(PAPER, name="page.pdf"))
    job = await bench.job()
    assert len(job.photos) == 1
    assert await bench.lab.blobs.get(job.photos[0].key) == photo_bytes()
    made = await bench.answer(job)
    await platform.until(lambda: files(ada) == list(made.files))
    assert sorted(words(ada)) == sorted([captions.not_a_photo("PDF"), made.caption])


async def test_a_file_that_is_too_large_is_told_with_what_would_do(
    platform: Platform, ada: Person, bench: Bench
) -> None:
    object.__setattr__(bench.lab, "limits", replace(Limits(), max_bytes=100_000))
    async with platform.bot():
        ada.send(Photo(photo_bytes() + bytes(150_000), "large.png"))
        await platform.until(lambda: speaks(ada, "100 kB"))
        assert len(words(ada)) == 1
        assert bench.idle


@pytest.mark.usefixtures("bot")
async def test_a_photo_that_fails_in_the_lab_is_a_sentence(
    platform: Platform, ada: Person, bench: Bench
) -> None:
    ada.send(Photo(photo_bytes()))
    broken = Failed(code="broken", text="This photo is damaged; please save it anew.")
    made = await bench.answer(await bench.job(), refused=broken)
    await shown(platform, ada, made)
    assert words(ada) == [broken.text]


@pytest.mark.usefixtures("bot")
async def test_a_person_can_take_their_photos_back(
    platform: Platform, ada: Person, bench: Bench
) -> None:
    ada.send(Photo(photo_bytes()))
    await bench.job()
    await platform.until(lambda: speaks(ada, "Queued"))
    ada.say("/cancel")
    await bench.settled()
    assert files(ada) == []


@pytest.mark.needs(Feature.ALBUMS)
@pytest.mark.usefixtures("bot")
async def test_more_photos_than_a_person_may_have_in_flight_are_refused(
    platform: Platform, ada: Person, bench: Bench
) -> None:
    ada.send(*(Photo(photo_bytes(seed), f"{seed}.png") for seed in range(5)))
    job = await bench.job()
    ada.send(Photo(photo_bytes(9)))
    await platform.until(lambda: speaks(ada, "You can have 5 photos in the lab at a time."))
    assert bench.idle
    await bench.answer(job)
    await platform.until(lambda: len(files(ada)) == 5)
    assert captions.LOOKING not in words(ada)
