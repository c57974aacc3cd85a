"""Buttons under an answer, pressed in a conversation."""

import pytest

from bots.conversation import Conversation, Lab
from bots.status import StatusBoard
from core import captions, keys
from core.buttons import Choice
from core.jobs import Enhanced, Job, Reply
from core.recipe import Preset, Recipe
from core.store import Client
from tests.bots.talk import only_job, press
from tests.doubles.desk import RecordingDesk
from tests.doubles.jobs import enhanced
from tests.doubles.photos import photo_file


@pytest.fixture
def desk(desk: RecordingDesk) -> RecordingDesk:
    desk.photos = {name: photo_file(30 + n) for n, name in enumerate("ab")}
    return desk


@pytest.fixture
def conversation(desk: RecordingDesk, lab: Lab) -> Conversation:
    return Conversation(desk, lab, StatusBoard(desk, lab.queue), name="lab_bot")


async def answer(lab: Lab, job: Job) -> None:
    result: Enhanced = enhanced()
    told = Reply(
        job=job.id,
        platform=job.platform,
        user=job.user,
        address=job.address,
        recipe=job.recipe,
        results=(result,),
    )
    assert await lab.outbox.publish(told)


@pytest.mark.parametrize(
    ("choice", "recipe"),
    [
        (Choice.TWICE, Recipe(scale=2, denoise=50)),
        (Choice.FOURFOLD, Recipe(scale=4, denoise=50)),
        (Choice.LIGHT, Recipe(long_edge=3000, denoise=50, light=70)),
        (Choice.NO_LIGHT, Recipe(long_edge=3000, denoise=50, light=0)),
        (Choice.NO_FACES, Recipe(long_edge=3000, denoise=50, faces=0)),
        (Choice.PHOTO, Recipe(long_edge=3000, denoise=50, preset=Preset.PHOTO)),
        (Choice.ART, Recipe(long_edge=3000, denoise=50, preset=Preset.ART)),
        (Choice.SOFTER, Recipe(long_edge=3000, denoise=30, intensity=60)),
        (Choice.STRONGER, Recipe(long_edge=3000, denoise=75, intensity=150)),
    ],
)
async def test_a_button_does_it_again_another_way(
    conversation: Conversation, desk: RecordingDesk, lab: Lab, choice: Choice, recipe: Recipe
) -> None:
    await conversation.handle(desk.request("a", text="/enhance 3000px denoise 50"))
    first = await only_job(lab)
    await answer(lab, first)
    said = (await conversation.press(press(desk, first.id, choice))).text
    assert said == captions.ON_ITS_WAY
    again = await only_job(lab)
    assert again.id != first.id
    assert again.recipe == recipe
    assert await lab.blobs.get(again.photos[0].key) == desk.photos["a"]


async def test_the_original_comes_back_as_it_was_sent(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    await conversation.handle(desk.request("a", "b"))
    job = await only_job(lab)
    assert (
        await conversation.press(press(desk, job.id, Choice.ORIGINAL))
    ).text == captions.ON_ITS_WAY
    assert desk.resent == [("a", "b")]


async def test_a_button_is_for_the_person_who_sent_the_photo(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    await conversation.handle(desk.request("a"))
    job = await only_job(lab)
    for choice in Choice:
        said = (await conversation.press(press(desk, job.id, choice, user="eve"))).text
        assert said == captions.NOT_YOURS
    assert (await only_job(lab)).id == job.id
    assert (await conversation.press(press(desk, "nobody", Choice.TWICE))).text == captions.TOO_OLD


async def test_the_cancel_button_takes_a_waiting_photo_back_once(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    await conversation.handle(desk.request("a"))
    job = await only_job(lab)
    assert (await conversation.press(press(desk, job.id, Choice.CANCEL))).text == "Taking it back."
    said = (await conversation.press(press(desk, job.id, Choice.CANCEL))).text
    assert said == captions.NOTHING_WAITING
    assert await lab.blobs.keys() == []


async def test_the_cancel_button_survives_a_job_of_another_version(
    conversation: Conversation, desk: RecordingDesk, lab: Lab, client: Client
) -> None:
    await conversation.handle(desk.request("a"))
    job = await only_job(lab)
    await client.set(keys.job(job.id), '{"v":99}')
    said = (await conversation.press(press(desk, job.id, Choice.CANCEL))).text
    assert said == captions.NOTHING_WAITING
    await conversation.handle(desk.request(text="/status"))
    await conversation.handle(desk.request(text="/cancel"))
    assert desk.said == [captions.NOTHING_WAITING] * 2
