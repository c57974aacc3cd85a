import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core import store
from core.errors import ServiceDown
from core.valkey import AlreadyRunning, PrivateValkey


async def test_the_data_outlive_the_server(tmp_path: Path) -> None:
    for expected in (None, "1"):
        async with PrivateValkey(tmp_path / "v") as server:
            client = store.connect(server.url)
            assert await client.get("a") == expected
            await client.set("a", "1")
            policy = await client.config_get("maxmemory-policy")
            assert policy == {"maxmemory-policy": "noeviction"}
            await client.aclose()


async def test_only_this_account_can_reach_it(tmp_path: Path) -> None:
    async with PrivateValkey(tmp_path / "v", durable=False) as server:
        assert server.socket.stat().st_mode & 0o077 == 0
        assert (tmp_path / "v").stat().st_mode & 0o077 == 0


async def test_a_folder_with_a_long_name_works_and_is_found_again(tmp_path: Path) -> None:
    folder = tmp_path / ("long-" * 20) / "v"
    async with PrivateValkey(folder) as server:
        client = store.connect(PrivateValkey(folder).url, retries=0)
        assert await client.ping()
        await client.aclose()
        assert server.socket.parent.stat().st_mode & 0o077 == 0
        await server.stop()
        await server.start()


async def test_a_server_that_cannot_start_says_where_to_look(tmp_path: Path) -> None:
    (tmp_path / "v" / "appendonlydir").mkdir(parents=True)
    (tmp_path / "v" / "appendonlydir" / "appendonly.aof.manifest").write_text("broken")
    with pytest.raises(ServiceDown, match=r"valkey\.log"):
        await PrivateValkey(tmp_path / "v").start()


async def test_a_folder_holds_one_server_at_a_time(tmp_path: Path) -> None:
    first, second = PrivateValkey(tmp_path / "v"), PrivateValkey(tmp_path / "v")
    assert not await second.answers()
    async with first:
        assert await second.answers()
        client = store.connect(first.url, retries=0)
        with pytest.raises(AlreadyRunning, match="Another process"):
            await second.start()
        assert await client.ping()  # its socket was left alone
        await client.aclose()
        await second.stop()
        with pytest.raises(AlreadyRunning):
            await second.start()
    assert not await first.answers()
    async with second:
        assert await first.answers()


async def test_a_server_that_cannot_start_leaves_its_folder_free(tmp_path: Path) -> None:
    broken = tmp_path / "v" / "appendonlydir" / "appendonly.aof.manifest"
    broken.parent.mkdir(parents=True)
    broken.write_text("broken")
    server = PrivateValkey(tmp_path / "v")
    with pytest.raises(ServiceDown):
        await server.start()
    broken.unlink()
    async with PrivateValkey(tmp_path / "v") as other:
        assert await other.answers()


@pytest.mark.skipif(sys.platform != "linux", reason="prctl(2) is Linux's")
def test_the_server_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    code = (
        "import asyncio, pathlib, sys, time\n"
        "from core.valkey import PrivateValkey\n"
        "server = PrivateValkey(pathlib.Path(sys.argv[1]))\n"
        "asyncio.run(server.start())\n"
        "print(server.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "v")], stdout=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout is not None
        server = int(parent.stdout.readline())
        watch = os.pidfd_open(server)
        parent.send_signal(signal.SIGKILL)

    async def ended() -> None:
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(watch, done.set)
        await asyncio.wait_for(done.wait(), 10)
        loop.remove_reader(watch)

    asyncio.run(ended())
    os.close(watch)
