"""The platform stumbles: the answer still comes, once."""

import pytest

from bots.desk import Feature
from tests.contract.answers import files, shown, speaks
from tests.contract.bench import Bench, photo_bytes
from tests.contract.platform import Moment, Person, Photo, Platform, Trouble

pytestmark = [pytest.mark.needs(Feature.NETWORK), pytest.mark.usefixtures("bot")]


@pytest.mark.parametrize("trouble", list(Trouble))
async def test_an_answer_comes_once_although_the_platform_stumbles(
    platform: Platform, ada: Person, bench: Bench, trouble: Trouble
) -> None:
    ada.send(Photo(photo_bytes()))
    job = await bench.job()
    await platform.until(lambda: speaks(ada, "Queued"))
    tries = platform.tries(Moment.ANSWER)
    platform.trouble(Moment.ANSWER, trouble)
    made = await bench.answer(job)
    await bench.settled()
    await shown(platform, ada, made)
    assert platform.tries(Moment.ANSWER) >= tries + 2


@pytest.mark.parametrize("trouble", list(Trouble))
async def test_a_photo_is_taken_once_although_the_platform_stumbles_at_the_first_words(
    platform: Platform, ada: Person, bench: Bench, trouble: Trouble
) -> None:
    platform.trouble(Moment.OPENING, trouble)
    ada.send(Photo(photo_bytes()))
    made = await bench.answer(await bench.job())
    await platform.until(lambda: files(ada) == list(made.files))
    await bench.settled()
    assert files(ada) == list(made.files)
    assert platform.tries(Moment.OPENING) >= 2
