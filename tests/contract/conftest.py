"""Every platform in turn, with the lab that all of them share."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from bots import delivery
from bots.conversation import Lab
from core.store import Client
from tests.contract.bench import Bench, HeldOutbox, TellingQueue
from tests.contract.on_discord import Discord
from tests.contract.on_telegram import Telegram
from tests.contract.on_terminal import Terminal
from tests.contract.platform import Bot, Person, Platform

PLATFORMS = {one.name: one for one in (Telegram, Discord, Terminal)}


def pytest_configure(config: pytest.Config) -> None:
    """Scenarios say what they need of a platform; one that declares a lack of it is skipped."""
    config.addinivalue_line("markers", "needs(*features): what a platform must have for this")
    config.addinivalue_line("markers", "about(*features): what a platform shows that it has or not")


@pytest.fixture(autouse=True)
def no_dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No `.env` file reaches these tests, and nobody waits longer than needed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(delivery, "RETRY_SECONDS", (0.05, 0.05, 0.05, 0.05))


@pytest.fixture
def bench(lab: Lab, client: Client) -> Bench:
    """The lab's worker."""
    queue, outbox = TellingQueue(client), HeldOutbox(client)
    return Bench(replace(lab, queue=queue, outbox=outbox), client, queue, outbox)


@pytest_asyncio.fixture(params=list(PLATFORMS))
async def platform(
    request: pytest.FixtureRequest, bench: Bench, redis_url: str
) -> AsyncIterator[Platform]:
    """One platform; in the end nothing is owed, and nobody has broken the platform's rules."""
    async with PLATFORMS[request.param].opened(bench.lab, redis_url) as opened:
        lacks = opened.lacks
        for mark in request.node.iter_markers("needs"):
            for feature in mark.args:
                if feature in lacks:
                    pytest.skip(lacks[feature])
        yield opened
        assert opened.faults == []
    await bench.nothing_left()


@pytest_asyncio.fixture
async def bot(platform: Platform) -> AsyncIterator[Bot]:
    """Our bot, running."""
    async with platform.bot() as running:
        yield running


@pytest.fixture
def ada(platform: Platform) -> Person:
    """Somebody alone with the bot."""
    return platform.private()
