import asyncio
import os
from pathlib import Path

import pytest

from darkroom import children
from darkroom.children import Child


@pytest.fixture(autouse=True)
def _program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program in place of Python, told by FATE what to do; it notes each start."""
    path = tmp_path / "program"
    path.write_text(
        f'#!/bin/sh\necho "$*" >> {tmp_path}/starts\n'
        'if [ "$FATE" = live ]; then exec sleep 60; fi\nexit 3\n'
    )
    path.chmod(0o700)
    monkeypatch.setattr("darkroom.children.sys.executable", str(path))
    monkeypatch.setattr(children, "PAUSES", (0.0,))


def starts(folder: Path) -> list[str]:
    return (folder / "starts").read_text().splitlines()


async def test_a_child_that_dies_is_started_again_so_often_and_then_given_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with Child("worker", "--log", "INFO", environment={}, restarts=2) as child:
        assert child._keeper is not None
        await asyncio.wait_for(child._keeper, 20)
        assert child.given_up
    assert starts(tmp_path) == ["-m darkroom worker --log INFO"] * 3
    assert "worker ended with exit code 3" in caplog.text


async def test_a_child_is_ended_with_its_parent() -> None:
    async with Child("worker", environment={"FATE": "live"}) as child:
        pid = child.pid
        assert pid is not None
        os.kill(pid, 0)
        assert not child.given_up
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_child_that_is_just_being_restarted_is_ended_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The stop comes while the next process is being made."""
    child = Child("worker", environment={"FATE": "live"})
    start = child._start
    restarting, may_go = asyncio.Event(), asyncio.Event()

    async def slow_start() -> None:
        if child.pid is not None:
            restarting.set()
            await may_go.wait()
        await start()

    monkeypatch.setattr(child, "_start", slow_start)
    await child.__aenter__()
    first = child.pid
    assert first is not None
    os.kill(first, 9)
    await asyncio.wait_for(restarting.wait(), 20)
    leaving = asyncio.create_task(child.__aexit__(None, None, None))
    await asyncio.sleep(0)
    may_go.set()
    await asyncio.wait_for(leaving, 20)
    second = child.pid
    assert second not in (None, first)
    with pytest.raises(ProcessLookupError):
        os.kill(second or 0, 0)
