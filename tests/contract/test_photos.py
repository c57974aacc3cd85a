"""A photo goes in, and its answer comes back: file, comparison, words, once."""

import pytest

from bots.desk import Feature
from core import captions
from tests.contract.answers import captioned, files, shown, speaks, words
from tests.contract.bench import Bench, photo_bytes
from tests.contract.platform import Person, Photo, Platform

pytestmark = pytest.mark.usefixtures("bot")


async def test_a_photo_comes_back_as_a_file_with_a_comparison_and_words(
    platform: Platform, ada: Person, bench: Bench
) -> None:
    ada.send(Photo(photo_bytes()))
    job = await bench.job()
    assert await bench.lab.blobs.get(job.photos[0].key) == photo_bytes()
    made = await bench.answer(job)
    await shown(platform, ada, made)
    for figure in ("4× → 256 × 192", "64 × 48 before", "PNG", "2 s"):
        assert figure in made.caption


async def test_a_command_under_a_photo_is_a_wish(
    platform: Platform, ada: Person, bench: Bench
) -> None:
    ada.send(Photo(photo_bytes()), text="/upscale 2x png nocollage")
    job = await bench.job()
    assert (job.recipe.scale, job.recipe.format, job.recipe.collage) == (2, "png", False)
    await shown(platform, ada, await bench.answer(job))


async def test_a_photo_that_was_sent_before_is_answered_with_a_command(
    platform: Platform, ada: Person, bench: Bench
) -> None:
    photo = ada.send(Photo(photo_bytes()))
    first = await bench.answer(await bench.job())
    await shown(platform, ada, first)
    ada.answer(photo, "/upscale 2x")
    job = await bench.job()
    assert job.recipe.scale == 2
    assert await bench.lab.blobs.get(job.photos[0].key) == photo_bytes()
    await shown(platform, ada, first, await bench.answer(job))


@pytest.mark.needs(Feature.ALBUMS)
async def test_several_photos_are_one_request_with_one_answer(
    platform: Platform, ada: Person, bench: Bench
) -> None:
    ada.send(*(Photo(photo_bytes(seed), f"{seed}.png") for seed in range(3)), text="/upscale 2x")
    job = await bench.job()
    assert [photo.name for photo in job.photos] == ["0.png", "1.png", "2.png"]
    assert job.recipe.scale == 2
    made = await bench.answer(job)
    await shown(platform, ada, made)
    assert tuple(files(ada)) == made.files
    assert "3 of 3 photos" in made.caption
    assert (Feature.BUTTONS in platform.lacks) == (not captioned(ada, made).buttons)


async def test_the_lab_knows_how_large_a_file_the_place_takes(
    platform: Platform, ada: Person, bench: Bench
) -> None:
    ada.send(Photo(photo_bytes()))
    job = await bench.job()
    assert job.max_bytes == ada.most_bytes
    await shown(platform, ada, await bench.answer(job))


@pytest.mark.about(Feature.DELETION)
async def test_a_photo_deleted_meanwhile_is_taken_back_where_the_bot_is_told(
    platform: Platform, ada: Person, bench: Bench
) -> None:
    photo = ada.send(Photo(photo_bytes()))
    job = await bench.job()
    await platform.until(lambda: speaks(ada, "Queued"))
    ada.delete(photo)
    if Feature.DELETION in platform.lacks:
        await shown(platform, ada, await bench.answer(job))
    else:
        await bench.settled()
        assert words(ada) == [captions.CANCELLED]
        assert files(ada) == []


async def test_an_answer_comes_anew_where_the_words_before_it_were_deleted(
    platform: Platform, ada: Person, bench: Bench
) -> None:
    ada.send(Photo(photo_bytes()))
    job = await bench.job()
    await platform.until(lambda: speaks(ada, "Queued"))
    ada.wipe()
    await shown(platform, ada, await bench.answer(job))
