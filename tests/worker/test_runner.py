"""Real worker processes on a real Valkey, ended in every way a process can end.

Jobs are made long by small tiles and one thread; what is waited for are lines of the log, keys of
the Valkey and ends of processes.
"""

import asyncio
import signal
import threading
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from core import answers, captions, keys, store
from core.jobs import Enhanced, Failed, Reply
from core.leases import Leases
from core.queue import Cancelling
from core.recipe import Recipe
from core.settings import StoreSettings, WorkerSettings
from core.store import Client
from core.valkey import PrivateValkey
from tests.doubles.counts import free_port
from tests.doubles.photos import photo_file
from tests.worker.processes import Lab, WorkerProcess
from worker import runner
from worker.engine import Engine
from worker.runner import LEASE_SECONDS

SMALL_TILES = {"DARKROOM_TILE": "128"}
DENOISED = Recipe(scale=1, denoise=100, faces=0, collage=False)

SHORT = photo_file(24, 16)
SECONDS = photo_file(520, 360)
MINUTES = photo_file(1000, 750)


@pytest.fixture
def lab(client: Client, tmp_path: Path) -> Lab:
    return Lab(client, tmp_path)


@pytest.fixture
async def no_leftovers(client: Client) -> AsyncIterator[None]:
    """After the test the Valkey holds nothing of any job but that it was answered."""
    yield
    left = [name for name in await client.keys("*") if "job-" in name and ":done:" not in name]
    assert left == []
    assert await client.zcard(keys.QUEUE) == 0


def enhanced(reply: Reply) -> bool:
    return all(isinstance(result, Enhanced) for result in reply.results)


@pytest.mark.usefixtures("no_leftovers")
async def test_a_worker_works_stops_on_wish_and_ends_in_order(
    lab: Lab, redis_url: str, tmp_path: Path, client: Client
) -> None:
    listen = {"DARKROOM_METRICS_LISTEN": f"127.0.0.1:{free_port()}"}
    async with WorkerProcess(redis_url, tmp_path, **SMALL_TILES, **listen) as worker:
        await worker.ready()
        await lab.send("job-1", SHORT, Recipe(scale=2, denoise=50, faces=0))
        assert enhanced(await lab.answer())
        assert await client.get(keys.PACE)

        async with httpx.AsyncClient(base_url=f"http://{listen.popitem()[1]}") as http:
            assert (await http.get("/healthz")).text == "ok\n"
            figures = (await http.get("/metrics")).text
        assert 'darkroom_photos_total{cause="",outcome="enhanced"} 1.0' in figures
        assert "darkroom_wait_seconds_count 1.0" in figures

        job = await lab.send("job-2", MINUTES, DENOISED)
        await lab.working("job-2")
        taken_back = Reply.failure(job, "cancelled", captions.CANCELLED)
        assert await lab.queue.cancel(job, taken_back) is Cancelling.STOPPING
        assert answers.caption(await lab.answer()) == captions.CANCELLED

        await lab.send("job-3", SECONDS, DENOISED)
        await lab.working("job-3")
        await lab.send("job-4", SHORT[:50], DENOISED)
        beside = await lab.answer()  # opened, and refused, while the model works
        (refused,) = beside.results
        assert isinstance(refused, Failed)
        assert (beside.job, refused.code) == ("job-4", "truncated")

        worker.send(signal.SIGTERM)
        last = await lab.answer()
        assert last.job == "job-3"
        assert enhanced(last)
        assert await worker.ended() == 0
    assert await lab.no_answer()
    assert await client.zcard(keys.alive("worker")) == 0
    assert not [key for key in await lab.blobs.keys() if "/in-" in key]
    for secret in ("private", "ann"):  # a file's name, a person
        assert secret not in worker.log


@pytest.mark.usefixtures("no_leftovers")
async def test_a_worker_without_the_time_to_finish_hands_its_job_back(
    lab: Lab, redis_url: str, tmp_path: Path, client: Client
) -> None:
    settings = {**SMALL_TILES, "DARKROOM_STOP_SECONDS": "1"}
    async with WorkerProcess(redis_url, tmp_path, **settings) as worker:
        await worker.ready()
        job = await lab.send("job-1", MINUTES, DENOISED)
        await lab.working("job-1")
        worker.send(signal.SIGTERM)
        assert await worker.ended() == 0
        assert "handed back" in worker.log
    assert await lab.no_answer()
    assert await client.zrange(keys.QUEUE, 0, -1) == ["job-1"]
    assert await client.exists("arq:in-progress:job-1") == 0
    assert await client.get(keys.starts("job-1")) == "0"
    await lab.blobs.put(job.photos[0].key, SHORT)  # the same job, quickly done
    async with WorkerProcess(redis_url, tmp_path) as other:
        assert enhanced(await lab.answer())
        await other.says("start: 1")
        other.send(signal.SIGTERM)
        assert await other.ended() == 0
    assert await lab.no_answer()


@pytest.mark.usefixtures("no_leftovers")
async def test_a_killed_workers_job_is_taken_up_by_another_and_given_up_when_that_dies_too(
    lab: Lab, redis_url: str, tmp_path: Path, client: Client
) -> None:
    async with (
        WorkerProcess(redis_url, tmp_path, **SMALL_TILES) as first,
        WorkerProcess(redis_url, tmp_path, **SMALL_TILES) as second,
    ):
        await first.ready()
        await second.ready()
        await lab.send("job-1", MINUTES, DENOISED)
        await lab.working("job-1")
        victim, heir = (first, second) if "begun" in first.log else (second, first)
        victim.send(signal.SIGKILL)
        killed = time.monotonic()
        await heir.says("job=job-1 begun, photos: 1, start: 2")
        assert 2 < time.monotonic() - killed < LEASE_SECONDS + 2
        heir.send(signal.SIGKILL)
        await heir.ended()
    await client.delete("arq:in-progress:job-1")  # its lease, so that nobody waits for it again
    async with WorkerProcess(redis_url, tmp_path) as third:
        answer = await lab.answer()
        assert answers.caption(answer) == captions.GIVEN_UP
        assert "given up" in third.log
        await lab.send("job-2", SHORT, DENOISED)
        assert enhanced(await lab.answer())
        third.send(signal.SIGTERM)
        assert await third.ended() == 0
    assert await lab.no_answer()


async def test_a_restart_of_redis_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    server = PrivateValkey(tmp_path / "valkey")
    await server.start()
    client = store.connect(server.url)
    lab = Lab(client, tmp_path)
    async with WorkerProcess(server.url, tmp_path, **SMALL_TILES) as worker:
        await worker.ready()
        await lab.send("job-1", SECONDS, DENOISED)
        await lab.send("job-2", SHORT, DENOISED)
        await lab.working("job-1")
        await server.stop()
        await server.start()
        answers = [await lab.answer(), await lab.answer()]
        assert sorted(answer.job for answer in answers) == ["job-1", "job-2"]
        assert all(map(enhanced, answers))
        worker.send(signal.SIGTERM)
        assert await worker.ended() == 0
    assert await lab.no_answer()
    await client.aclose()
    await server.stop()


async def test_a_worker_that_cannot_work_says_why_in_one_sentence(
    redis_url: str, tmp_path: Path
) -> None:
    async with WorkerProcess(redis_url, tmp_path, DARKROOM_UPSCALER="no-such-model") as worker:
        assert await worker.ended() == 2
        (sentence,) = worker.log.strip().splitlines()
        assert sentence.startswith("darkroom: ")
        assert "no-such-model" in sentence


deprecated_close = pytest.mark.filterwarnings("ignore:Call to deprecated close")  # arq's own


class HeldEngine(Engine):
    """The real engine, whose thread can be held in the middle of a photo."""

    def __init__(self) -> None:
        super().__init__("cpu")
        self.begun, self.may_go = threading.Event(), threading.Event()

    def run(self, *words: Any, **options: Any) -> Any:
        self.begun.set()
        assert self.may_go.wait(60)
        return super().run(*words, **options)


@deprecated_close
async def test_a_thread_that_outlives_its_lease_after_sigterm_is_not_doubled(
    lab: Lab, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, lease = HeldEngine(), 1.0
    monkeypatch.setattr(runner, "LEASE_SECONDS", lease)
    monkeypatch.setattr(runner, "RENEW_SECONDS", 0.1)
    monkeypatch.setattr(Engine, "from_settings", lambda settings: engine)
    monkeypatch.setenv("BLOB_URL", (tmp_path / "blobs").as_uri())
    renewals, renew = asyncio.Semaphore(0), Leases.renew

    async def renewed(self: Leases, job_ids: Sequence[str]) -> list[str]:
        lost = await renew(self, job_ids)
        if job_ids:
            renewals.release()
        return lost

    monkeypatch.setattr(Leases, "renew", renewed)
    async with WorkerProcess(redis_url, tmp_path, **SMALL_TILES) as other:
        stopping = WorkerSettings(stop_seconds=1)
        held = asyncio.create_task(runner.run(redis_url, StoreSettings.load(), stopping))
        await lab.send("job-1", SHORT, DENOISED)
        assert await asyncio.to_thread(engine.begun.wait, 30)
        signal.raise_signal(signal.SIGTERM)
        await other.ready()
        while not renewals.locked():
            await renewals.acquire()
        async with asyncio.timeout(30):
            for _ in range(round((stopping.stop_seconds + 3 * lease) / 0.1)):
                await renewals.acquire()
        assert "begun" not in other.log
        assert not held.done()
        engine.may_go.set()
        await held
        assert enhanced(await lab.answer())
        await other.says("job=job-1 begun, photos: 1, start: 1")
        other.send(signal.SIGTERM)
        assert await other.ended() == 0
    assert await lab.no_answer()
