"""What every test may ask for: a real Valkey, a photo store, a lab, and no network."""

import asyncio
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from bots.conversation import Lab
from core import logs, store
from core.access import Access
from core.belongings import Belongings
from core.blobs import Blobs
from core.buttons import Buttons
from core.communities import Communities
from core.forgetting import Forgetting
from core.images import Limits
from core.outbox import Outbox
from core.presence import Presence
from core.queue import Queue
from core.stats import Stats
from core.store import Client
from core.valkey import PrivateValkey
from tests.doubles.desk import RecordingDesk

ROOT = Path(__file__).resolve().parent.parent

_LOCAL_NAMES = {None, "", "localhost", "127.0.0.1", "::1", "0.0.0.0"}


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of sample photos and published weights beside the checkout, or a skip."""
    folder = ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip("the sample photos and published weights are not beside this checkout")
    return folder


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Whatever a test configures, the next one's log lines are not lost."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in logs.NOISY}
    hook = sys.excepthook
    yield
    sys.excepthook = hook
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, floor in levels.items():
        logging.getLogger(name).setLevel(floor)


@pytest.fixture(autouse=True)
def closed_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only this machine can be reached: a test that calls out fails at once."""
    connect, resolve = socket.socket.connect, socket.getaddrinfo

    def local_connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in _LOCAL_NAMES:
            raise AssertionError(f"a test called out to {address[0]}")
        connect(self, address)

    def local_resolve(host: Any, *rest: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in _LOCAL_NAMES:
            raise socket.gaierror(socket.EAI_NONAME, f"a test asked for {name}")
        return resolve(host, *rest, **options)

    monkeypatch.setattr(socket.socket, "connect", local_connect)
    monkeypatch.setattr(socket, "getaddrinfo", local_resolve)


@pytest.fixture(autouse=True)
def own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the person who runs the tests is seen, nor a `.env` in the folder."""
    for name in _setting_names():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DARKROOM_DATA_DIR", str(tmp_path / "data"))


def _setting_names() -> list[str]:
    return [
        name
        for name in os.environ
        if name.startswith("DARKROOM_") or name in ("REDIS_URL", "BLOB_URL")
    ]


@pytest.fixture(scope="session")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateValkey]:
    server = PrivateValkey(tmp_path_factory.mktemp("valkey"), durable=False)
    asyncio.run(server.start())
    yield server
    asyncio.run(server.stop())


@pytest.fixture
async def client(_server: PrivateValkey) -> AsyncIterator[Client]:
    """A client of a real, empty Valkey."""
    client = store.connect(_server.url, retries=0)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
def redis_url(client: Client, _server: PrivateValkey) -> str:
    """The address of the real, empty Valkey behind `client`."""
    return _server.url


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    """A photo store in a folder of its own."""
    return Blobs.open((tmp_path / "blobs").as_uri())


@pytest.fixture
def queue(client: Client) -> Queue:
    """The queue of the lab."""
    return Queue(client, cap=50, photos_per_user=5)


@pytest.fixture
def outbox(client: Client) -> Outbox:
    """The way back."""
    return Outbox(client)


@pytest.fixture
def buttons(client: Client) -> Buttons:
    """What buttons stand for."""
    return Buttons(client)


@pytest.fixture
def lab(client: Client, queue: Queue, outbox: Outbox, blobs: Blobs, buttons: Buttons) -> Lab:
    """Everything that conversations share, on the real Valkey."""
    return Lab(
        queue=queue,
        outbox=outbox,
        blobs=blobs,
        buttons=buttons,
        presence=Presence(client),
        communities=Communities(client),
        access=Access(client),
        stats=Stats(client),
        belongings=Belongings(client),
        forgetting=Forgetting(client),
        limits=Limits(),
        answer_seconds=600.0,
    )


@pytest.fixture
def desk() -> RecordingDesk:
    """A chat platform that writes down what it shows."""
    return RecordingDesk()
