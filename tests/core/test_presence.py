import os
import time
from pathlib import Path

import pytest

from core import keys, store
from core.errors import ServiceDown
from core.presence import Presence, name
from core.store import Client


async def test_who_signed_lately_lives(client: Client) -> None:
    presence = Presence(client)
    await presence.sign("worker", "host-1")
    await client.zadd(keys.alive("worker"), {"host-2": round((time.time() - 40) * 1000)})
    assert await presence.living("worker") == ["host-1"]
    assert await presence.living("telegram") == []
    await presence.leave("worker", "host-1")
    assert await presence.living("worker") == []


async def test_the_long_silent_are_forgotten(client: Client) -> None:
    await client.zadd(keys.alive("worker"), {"old": 5})
    await Presence(client).sign("worker", "new")
    assert await client.zrange(keys.alive("worker"), 0, -1) == ["new"]


async def test_a_process_of_this_host_is_told_from_others(client: Client) -> None:
    presence = Presence(client)
    await presence.sign("worker", f"not-this-host-{os.getpid()}")
    assert not await presence.here("worker")
    await presence.sign("worker", name())
    assert await presence.here("worker")


async def test_without_redis_it_says_so(tmp_path: Path) -> None:
    client = store.connect(f"unix://{tmp_path / 'nobody'}", retries=0)
    with pytest.raises(ServiceDown):
        await Presence(client).living("worker")
    await client.aclose()
