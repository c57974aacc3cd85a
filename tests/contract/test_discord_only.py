"""What only Discord has: three seconds, a quarter of an hour, the menu of a message."""

import os
import signal

import pytest

from bots.discord.commands import MENU
from bots.discord.desk import BELOW
from core.captions import LABELS
from core.store import Client
from tests.contract.answers import files, pictures, shown, speaks
from tests.contract.bench import COLLAGE, Bench, Made, photo_bytes
from tests.contract.conftest import PLATFORMS
from tests.contract.on_discord import Community, Discord, Person
from tests.contract.platform import Photo, Platform
from tests.doubles.discord import Interaction

pytestmark = [
    pytest.mark.parametrize("platform", [PLATFORMS["discord"].name], indirect=True),
    pytest.mark.usefixtures("bot"),
]


async def club(platform: Platform, bench: Bench) -> Community:
    """A server in which the bot is switched on."""
    assert isinstance(platform, Discord)
    found = platform.community()
    values = {"enabled": True, "introduced": True}
    await bench.lab.communities.change("discord", found.id, **values)
    return found


def asked_by_command(person: Person) -> Interaction:
    """A photo given to a slash command."""
    asked = person.send(Photo(photo_bytes()), text="/enhance")
    assert isinstance(asked, Interaction)
    return asked


def there(person: Person, made: Made) -> bool:
    """Whether an answer stands there once, whatever else does."""
    return files(person) == list(made.files) and pictures(person) == [COLLAGE]


async def test_a_command_is_acknowledged_while_redis_hangs(
    platform: Platform, bench: Bench, client: Client
) -> None:
    assert isinstance(platform, Discord)
    ada = (await club(platform, bench)).member()
    process = int((await client.info("server"))["process_id"])
    os.kill(process, signal.SIGSTOP)
    try:
        asked = asked_by_command(ada)
        await platform.until(lambda: asked.acknowledged)
        platform.server.advance(platform.server.limits.acknowledge + 1)
        assert not asked.failed
    finally:
        os.kill(process, signal.SIGCONT)
    made = await bench.answer(await bench.job())
    await platform.until(lambda: there(ada, made))


async def test_a_press_is_acknowledged_while_redis_hangs(
    platform: Platform, bench: Bench, client: Client
) -> None:
    assert isinstance(platform, Discord)
    ada = platform.private()
    ada.send(Photo(photo_bytes()))
    made = await bench.answer(await bench.job())
    await shown(platform, ada, made)
    process = int((await client.info("server"))["process_id"])
    os.kill(process, signal.SIGSTOP)
    try:
        ada.press(ada.sees()[0], LABELS["2x"])
        (pressed,) = platform.server.interactions.values()
        await platform.until(lambda: pressed.acknowledged)
    finally:
        os.kill(process, signal.SIGCONT)
    await shown(platform, ada, made, await bench.answer(await bench.job()))


async def test_an_answer_comes_although_the_quarter_of_an_hour_is_over(
    platform: Platform, bench: Bench
) -> None:
    assert isinstance(platform, Discord)
    ada = (await club(platform, bench)).member()
    asked = asked_by_command(ada)
    job = await bench.job()
    await platform.until(lambda: speaks(ada, "Queued"))
    platform.server.age_interaction(asked, platform.server.limits.token + 1)
    made = await bench.answer(job)
    await platform.until(lambda: there(ada, made) and speaks(ada, BELOW))
    await bench.settled()
    assert there(ada, made)


async def test_a_photo_of_somebody_else_is_enhanced_by_the_menu_of_its_message(
    platform: Platform, bench: Bench
) -> None:
    assert isinstance(platform, Discord)
    place = await club(platform, bench)
    ada, eve = place.member(), place.member("Eve")
    photo = ada.send(Photo(photo_bytes()))
    eve.choose(MENU, photo)
    job = await bench.job()
    assert await bench.lab.blobs.get(job.photos[0].key) == photo_bytes()
    made = await bench.answer(job)
    await platform.until(lambda: there(ada, made) and there(eve, made))
