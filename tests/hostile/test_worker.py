"""A worker whose decoding dies, hangs or gorges goes on with the next photo."""

import asyncio
import os
import select
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bots.conversation import Lab
from core.jobs import Enhanced, Failed
from core.store import Client
from tests.doubles.benches import shipped_bench
from tests.doubles.photos import photo_file
from tests.hostile.chain import ALONE, enhanced
from tests.worker.processes import Lab as Side
from tests.worker.processes import WorkerProcess
from worker.bench import Bench
from worker.imaging.isolation import Decoders
from worker.models import Models

MARKED = (sys.executable, "-m", "tests.worker.imaging.marked")


@pytest.fixture(scope="module")
def marked() -> Iterator[Decoders]:
    """Cells whose decoder obeys the first word of a file."""
    decoders = Decoders(cells=1, seconds=1, grace=0.5, command=MARKED)
    yield decoders
    decoders.close()


@pytest.fixture
def crashing(lab: Lab, client: Client, models: Models, marked: Decoders) -> Iterator[Bench]:
    """A bench with such cells."""
    with shipped_bench(lab, client, models=models, decoder=marked.decode) as bench:
        yield bench


async def test_the_other_photos_of_the_album_are_enhanced(lab: Lab, crashing: Bench) -> None:
    good = photo_file()
    first, *fallen, last = await enhanced(
        lab, crashing, good, b"segfault", b"kill-the-cell", b"loop", good
    )
    assert isinstance(first, Enhanced)
    assert isinstance(last, Enhanced)
    for result in fallen:
        assert isinstance(result, Failed)
        assert result.code == "crashed"


@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes in /proc")
async def test_a_real_worker_outlives_its_cells(
    client: Client, redis_url: str, tmp_path: Path
) -> None:
    side = Side(client, tmp_path)
    async with WorkerProcess(redis_url, tmp_path) as worker:
        await worker.ready()
        for round_ in range(3):
            await side.send(f"job-{round_}", photo_file(), ALONE)
            (result,) = (await side.answer()).results
            assert isinstance(result, Enhanced)
            cells = _cells(worker.pid)
            assert cells
            for cell in cells:
                await asyncio.to_thread(_kill, cell)
        worker.send(signal.SIGTERM)
        assert await worker.ended() == 0


def _kill(process: int) -> None:
    """Kill a process and wait for its end."""
    watch = os.pidfd_open(process)
    os.kill(process, signal.SIGKILL)
    ended, _, _ = select.select([watch], [], [], 20)
    os.close(watch)
    assert ended


def _cells(parent: int) -> list[int]:
    """The cells of a worker."""
    threads = Path(f"/proc/{parent}/task").iterdir()
    children = " ".join((thread / "children").read_text(encoding="ascii") for thread in threads)
    return [
        int(child)
        for child in children.split()
        if b"worker.imaging.cell" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
