"""What is kept of a person is told, and deleted when they say so."""

import pytest

from bots.desk import Feature
from core import captions, privacy
from core.forgetting import FORGOTTEN
from core.store import Client
from tests.contract.answers import captioned, shown, speaks
from tests.contract.bench import Bench, photo_bytes
from tests.contract.platform import Person, Photo, Platform
from tests.privacy.traces import traces

pytestmark = [pytest.mark.needs(Feature.BUTTONS), pytest.mark.usefixtures("bot")]

TWICE = captions.LABELS["2x"]


async def test_what_is_kept_is_told_with_its_times(platform: Platform, ada: Person) -> None:
    ada.say("/privacy")
    await platform.until(lambda: speaks(ada, "What this lab keeps of you"))
    assert speaks(ada, "20 min")
    assert speaks(ada, "30 days")


async def test_forgetting_takes_back_the_photo_and_the_buttons(
    platform: Platform, ada: Person, bench: Bench, client: Client
) -> None:
    ada.send(Photo(photo_bytes(), "moor.png"))
    made = await bench.answer(await bench.job())
    await shown(platform, ada, made)
    message = captioned(ada, made)
    ada.send(Photo(photo_bytes(1), "heath.png"))
    await bench.job()
    await platform.until(lambda: speaks(ada, "Queued"))
    assert await traces(client, bench.lab.blobs, "moor.png", "heath.png")
    ada.say("/forget")
    await platform.until(lambda: speaks(ada, "Deleted: 1 photo on its way, the buttons of 2"))
    assert speaks(ada, FORGOTTEN)
    assert not speaks(ada, privacy.NOTHING)
    assert await traces(client, bench.lab.blobs, "moor.png", "heath.png") == []
    ada.press(message, TWICE)
    await platform.until(lambda: speaks(ada, captions.TOO_OLD))
    assert bench.idle
