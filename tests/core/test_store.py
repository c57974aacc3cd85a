import asyncio
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as Unreachable

from core import store
from core.errors import ServiceDown
from core.valkey import PrivateValkey


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:secret@host:6379/0", "redis://:***@host:6379/0"),
        ("rediss://me:s@cr@t@host", "rediss://me:***@host"),
        ("redis://host:6379", "redis://host:6379"),
        ("unix:///tmp/x.sock", "unix:///tmp/x.sock"),
        ("redis://host?password=secret", "redis://host"),
        ("redis://:12?ss@host:6379/0", "redis://***"),
        ("redis://host/0?password=se@cret", "redis://***"),
    ],
)
def test_a_url_is_told_without_its_password(url: str, shown: str) -> None:
    assert store.masked(url) == shown


async def test_a_command_outlives_a_restart_of_the_server(tmp_path: Path) -> None:
    server = PrivateValkey(tmp_path / "v")
    await server.start()
    client = store.connect(server.url)
    await client.set("a", "1")
    await server.stop()
    asked = asyncio.ensure_future(client.get("a"))
    await asyncio.sleep(0)  # the question is on its way before the server is back
    await server.start()
    assert await asked == "1"
    await client.aclose()
    await server.stop()


async def test_an_unreachable_server_is_an_error_of_the_library(tmp_path: Path) -> None:
    client = store.connect(f"unix://{tmp_path / 'nobody'}", retries=0)
    with pytest.raises(Unreachable):
        await client.ping()
    await client.aclose()


def test_only_the_librarys_errors_become_sentences() -> None:
    with pytest.raises(ServiceDown, match="cannot be reached"), store.spoken():
        raise ConnectionRefusedError
    with pytest.raises(KeyError), store.spoken():
        raise KeyError
