import pytest

from core.presence import Presence, name
from core.store import Client
from darkroom.ping import alive_here


async def test_a_living_process_of_this_host_is_found(
    client: Client, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", redis_url)
    assert not await alive_here("worker")
    await Presence(client).sign("worker", name())
    assert await alive_here("worker")
    assert not await alive_here("telegram")


async def test_without_redis_nothing_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    assert not await alive_here("worker")
