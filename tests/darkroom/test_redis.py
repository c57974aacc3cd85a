import asyncio
from pathlib import Path

import pytest

from core import store
from core.errors import ServiceDown
from core.settings import StoreSettings
from core.valkey import PrivateValkey
from darkroom import redis
from darkroom.redis import redis_url


async def test_the_redis_that_is_set_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://:pw@host/3")
    async with redis_url(StoreSettings.load(), lasting=True) as url:
        assert url == "redis://:pw@host/3"


@pytest.mark.parametrize("lasting", [True, False])
async def test_without_one_a_private_valkey_is_started(tmp_path: Path, lasting: bool) -> None:
    folder = tmp_path / "data" / "valkey"
    async with redis_url(StoreSettings.load(), lasting=lasting) as url:
        client = store.connect(url, retries=0)
        assert await client.ping()
        assert await client.config_get("appendonly") == {"appendonly": "yes" if lasting else "no"}
        await client.aclose()
        assert folder.exists() == lasting
        async with redis_url(StoreSettings.load(), lasting=True) as again:
            assert (again == url) == lasting


async def test_one_that_runs_already_is_shared_and_left_running(tmp_path: Path) -> None:
    async with PrivateValkey(tmp_path / "data" / "valkey") as server:
        for lasting in (True, False):
            async with redis_url(StoreSettings.load(), lasting=lasting) as url:
                assert url == server.url
        client = store.connect(server.url, retries=0)
        assert await client.ping()
        await client.aclose()


async def test_two_that_start_at_once_share_one_server(tmp_path: Path) -> None:
    opened, close = asyncio.Barrier(5), asyncio.Event()

    async def use() -> tuple[str, str]:
        async with redis_url(StoreSettings.load(), lasting=True) as url:
            client = store.connect(url)
            server = (await client.info("server"))["run_id"]
            await client.aclose()
            await opened.wait()
            await close.wait()
            return url, server

    users = [asyncio.create_task(use()) for _ in range(4)]
    await opened.wait()
    close.set()
    assert len(set(await asyncio.gather(*users))) == 1
    assert not await PrivateValkey(tmp_path / "data" / "valkey").answers()


async def test_a_folder_that_stays_locked_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis, "WAIT_SECONDS", 0.3)
    async with PrivateValkey(tmp_path / "data" / "valkey") as server:
        server.socket.unlink()  # it lives and cannot be reached
        with pytest.raises(ServiceDown, match=r"valkey\.log"):
            async with redis_url(StoreSettings.load(), lasting=True):
                pass
