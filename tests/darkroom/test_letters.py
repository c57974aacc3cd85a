import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bots.delivery import DeliveryLoop
from bots.desk import Undeliverable
from core import store
from core.blobs import Blobs
from core.buttons import Buttons
from core.errors import DarkroomError
from core.outbox import Outbox
from core.store import Client
from darkroom.letters import app
from tests.doubles.desk import RecordingDesk
from tests.doubles.jobs import enhanced, opened, reply

Within = Callable[[Callable[[Client], Awaitable[None]]], None]


@pytest.fixture
def within(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Within:
    """Runs something at the lab's Redis, which is also that of the command."""
    monkeypatch.setenv("REDIS_URL", redis_url)

    def run(work: Callable[[Client], Awaitable[None]]) -> None:
        async def connected() -> None:
            client = store.connect(redis_url)
            try:
                await work(client)
            finally:
                await client.aclose()

        asyncio.run(connected())

    return run


def said(*words: str) -> str:
    return CliRunner().invoke(app, list(words), catch_exceptions=False).output


async def delivered_once(client: Client, desk: RecordingDesk, blobs: Blobs) -> None:
    """Read what is published and deliver it, once."""
    outbox = Outbox(client)
    loop = DeliveryLoop(desk, outbox, blobs, Buttons(client))
    async for delivery in outbox.deliveries("test", block_seconds=0.01):
        await loop._deliver(delivery)


def test_an_answer_that_no_chat_took_is_looked_into_and_sent_again_whole(
    within: Within, desk: RecordingDesk, tmp_path: Path
) -> None:
    blobs = Blobs.open((tmp_path / "blobs").as_uri())

    async def bury(client: Client) -> None:
        await opened(client, "test")
        key = Blobs.key("job-1", "out", time.time() + 600)
        await blobs.put(key, b"file")
        address = await desk.open_status({"chat": "ann's chat"}, "…")
        await Outbox(client).publish(reply(address=address, results=(enhanced(key=key),)))
        desk.faults = [Undeliverable("the bot was blocked")]
        await delivered_once(client, desk, blobs)

    within(bury)
    line = said("list")
    assert said("list", "--platform", "telegram") == ""
    name = line.split()[0]
    assert name.startswith("test/")
    assert "job job-1, photos: 1  the bot was blocked" in line
    shown = said("show", name)
    assert shown.startswith(line)
    assert json.loads(shown.removeprefix(line))["address"] == {"chat": "ann's chat", "status": 1}

    assert said("replay", name, name) == "Published again: 1.\n"
    assert said("list") == ""

    async def deliver(client: Client) -> None:
        await delivered_once(client, desk, blobs)
        assert await client.keys("darkroom:sent:*") == []

    within(deliver)
    assert desk.parts == [("job-1", "text"), ("job-1", "files")]  # the text was there already
    within(deliver)
    assert len(desk.parts) == 2


def test_letters_of_another_version_are_shown_sent_again_and_dropped(within: Within) -> None:
    async def bury(client: Client) -> None:
        await opened(client, "test")
        for record in ('{"v":2,"user":"é"}', "no JSON", "dropped"):
            await client.xadd("darkroom:out:test", {"reply": record})
        assert [one async for one in Outbox(client).deliveries("test", block_seconds=0.01)] == []

    within(bury)
    first, second, third = (line.split()[0] for line in said("list").splitlines())
    assert '"user": "é"' in said("show", first)
    assert said("show", second).endswith("no JSON\n")
    assert said("drop", third) == "Dropped: 1.\n"
    assert said("replay", "--all") == "Published again: 2.\n"
    assert said("drop", "--all") == "Dropped: 0.\n"

    async def look(client: Client) -> None:
        records = [fields["reply"] for _entry, fields in await client.xrange("darkroom:out:test")]
        assert records == ['{"v":2,"user":"é"}', "no JSON"]

    within(look)


@pytest.mark.usefixtures("within")
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["show", "test/1-1"], "There is no letter test/1-1"),
        (["replay"], "say --all"),
        (["drop"], "say --all"),
        (["drop", "--all", "test/1-1"], "say --all"),
    ],
)
def test_a_wrong_name_gets_a_sentence(words: list[str], sentence: str) -> None:
    with pytest.raises(DarkroomError, match=sentence):
        said(*words)
