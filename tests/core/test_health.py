import asyncio
import time
from pathlib import Path

import pytest

from core import health, keys, store
from core.presence import Presence, name
from core.store import Client


async def test_a_process_that_signs_and_reaches_redis_is_well(client: Client) -> None:
    presence = Presence(client)
    await presence.sign("worker", name())
    assert await health.ailment(presence, "worker", name()) is None


async def test_only_ones_own_late_sign_of_life_counts(client: Client) -> None:
    presence = Presence(client)
    silent = "The telegram has given no sign of life in the last 30 seconds."
    await presence.sign("telegram", f"{name()}1")  # the process before, in the same container
    assert await health.ailment(presence, "telegram", name()) == silent
    await client.zadd(keys.alive("telegram"), {name(): round(1000 * (time.time() - 31))})
    assert await health.ailment(presence, "telegram", name()) == silent


async def test_without_redis_it_says_so(tmp_path: Path) -> None:
    client = store.connect(f"unix://{tmp_path / 'nobody'}", retries=0)
    assert await health.ailment(Presence(client), "worker", name()) == "Redis cannot be reached."
    await client.aclose()


async def test_a_redis_that_takes_too_long_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "REDIS_SECONDS", 0.1)
    over = asyncio.Event()

    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    async with await asyncio.start_server(silence, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        client = store.connect(f"redis://127.0.0.1:{port}", retries=0)
        ailment = await health.ailment(Presence(client), "worker", name())
        assert ailment == "Redis does not answer within 0 seconds."
        await client.aclose()
        over.set()
