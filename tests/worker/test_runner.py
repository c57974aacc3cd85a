"""Real worker processes on a real Valkey, ended in every way a process can end.

Jobs are made long by small tiles and one thread; what is waited for are lines of the log, keys of
the Valkey and ends of processes.
"""

import asyncio
import signal
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from arq.connections import ArqRedis
from arq.worker import func

from core import answers, captions, keys, store
from core.jobs import Enhanced, Failed, Reply
from core.leases import Leases
from core.presence import Presence
from core.queue import FUNCTION, Cancelling, Queue, dumps, loads
from core.recipe import Recipe
from core.settings import StoreSettings, WorkerSettings
from core.store import Client, RedisError
from core.valkey import PrivateValkey
from tests.doubles.counts import free_port
from tests.doubles.jobs import fresh
from tests.doubles.photos import photo_file
from tests.worker.processes import Lab, WorkerProcess
from worker import runner
from worker.engine import Engine
from worker.runner import LEASE_SECONDS, LeasedWorker

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


class Work:
    """In place of the bench: does what the test says and counts how often it was begun."""

    def __init__(self) -> None:
        self.begun, self.may_end = asyncio.Event(), asyncio.Event()
        self.starts: list[str] = []
        self.faults: list[Exception] = []

    async def work(self, job_id: str) -> None:
        self.starts.append(job_id)
        self.begun.set()
        if self.faults:
            raise self.faults.pop(0)
        await self.may_end.wait()


class Polled(LeasedWorker):
    """Tells how often it has looked for jobs."""

    def __init__(self, leases: Leases, **options: Any) -> None:
        super().__init__(leases, **options)
        self._looked = asyncio.Event()

    async def heart_beat(self) -> None:
        await super().heart_beat()
        self._looked.set()

    async def look(self, times: int) -> None:
        """Wait until it has looked so often from now on."""
        async with asyncio.timeout(20):
            for _ in range(times):
                self._looked.clear()
                await self._looked.wait()


class Signed(Presence):
    """Tells when the worker has signed, which it does after it has renewed its leases."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self.signed = asyncio.Event()

    async def sign(self, role: str, process: str) -> None:
        await super().sign(role, process)
        self.signed.set()


@asynccontextmanager
async def at_work(client: Client, url: str, work: Work) -> AsyncIterator[Polled]:
    """The runner's own worker and function in this process, with `work` for a bench."""
    pool: Any = store.pool(url, text=False)
    worker = Polled(
        Leases(client, "host-1", seconds=10.0),
        functions=[func(cast("Any", runner._enhance), name=FUNCTION, keep_result=0)],
        queue_name=keys.QUEUE,
        redis_pool=ArqRedis(pool, job_serializer=dumps, job_deserializer=loads),
        ctx={"bench": work},
        job_serializer=dumps,
        job_deserializer=loads,
        poll_delay=0.01,
        handle_signals=False,
        keep_result=0,
    )
    main = asyncio.create_task(worker.async_run())
    try:
        yield worker
    finally:
        work.may_end.set()
        await worker.close()
        await asyncio.gather(main, return_exceptions=True)


deprecated_close = pytest.mark.filterwarnings("ignore:Call to deprecated close")  # arq's own


@deprecated_close
async def test_a_job_whose_lease_ran_out_is_not_started_again_beside_itself(
    client: Client, redis_url: str, queue: Queue
) -> None:
    work = Work()
    async with at_work(client, redis_url, work) as worker:
        await queue.enqueue(fresh())
        await work.begun.wait()
        assert await client.get("arq:in-progress:job-1") == "host-1"
        await client.delete("arq:in-progress:job-1")
        await worker.look(3)
        assert work.starts == ["job-1"]
        work.may_end.set()
        await asyncio.gather(*worker.tasks.values())
        assert await client.zcard(keys.QUEUE) == 0


@deprecated_close
async def test_a_job_that_another_worker_has_taken_over_is_left_to_it(
    client: Client, redis_url: str, queue: Queue
) -> None:
    work = Work()
    async with at_work(client, redis_url, work) as worker:
        await queue.enqueue(fresh())
        await work.begun.wait()
        await client.set("arq:in-progress:job-1", "host-2", px=10_000)
        work.may_end.set()
        await asyncio.gather(*worker.tasks.values())
        await worker.look(3)
        assert await client.get("arq:in-progress:job-1") == "host-2"
        assert await client.zrange(keys.QUEUE, 0, -1) == ["job-1"]
        assert await client.exists("arq:job:job-1")
    assert work.starts == ["job-1"]


@deprecated_close
@pytest.mark.parametrize("fault", [RedisError("gone"), OSError("no socket")])
async def test_a_job_that_redis_interrupted_is_tried_again(
    client: Client,
    redis_url: str,
    queue: Queue,
    monkeypatch: pytest.MonkeyPatch,
    fault: Exception,
) -> None:
    monkeypatch.setattr(runner, "RETRY_SECONDS", 0.05)
    work = Work()
    work.faults = [fault, fault]
    work.may_end.set()
    async with at_work(client, redis_url, work) as worker:
        await queue.enqueue(fresh())
        turns = set()
        async with asyncio.timeout(20):
            while turn := await client.zscore(keys.QUEUE, "job-1"):
                turns.add(turn)
                await worker.look(1)
    assert turns == {1.0}  # it is not put behind those who came later
    assert work.starts == ["job-1"] * 3
    assert (worker.jobs_complete, worker.jobs_failed) == (1, 0)


@deprecated_close
async def test_a_connection_that_breaks_while_it_looks_for_jobs_does_not_end_the_worker(
    client: Client, redis_url: str
) -> None:
    queue, work = Queue(client, photos_per_user=100), Work()
    for number in range(30):  # all of them another worker's
        await queue.enqueue(fresh(f"job-{number}"))
        await client.set(f"arq:in-progress:job-{number}", "host-2")
    async with at_work(client, redis_url, work) as worker:
        await worker.look(1)
        for _time in range(20):
            await client.client_kill_filter(_type="normal", skipme=True)
            await worker.look(1)
        await client.delete("arq:in-progress:job-7")
        await asyncio.wait_for(work.begun.wait(), 20)
        assert work.starts == ["job-7"]
        assert await client.get("arq:in-progress:job-7") == "host-1"


@deprecated_close
async def test_while_redis_is_full_the_worker_lives_and_begins_when_there_is_room(
    client: Client, redis_url: str, queue: Queue
) -> None:
    work = Work()
    work.may_end.set()
    async with at_work(client, redis_url, work) as worker:
        await queue.enqueue(fresh())
        await work.begun.wait()
        await asyncio.gather(*worker.tasks.values())
        await client.set("arq:in-progress:job-2", "host-2")
        await queue.enqueue(fresh("job-2"))
        await client.config_set("maxmemory", 1)
        try:
            await client.delete("arq:in-progress:job-2")
            worker.tasks["job-3"] = asyncio.create_task(worker.run_job("job-3", 1))
            await worker.look(5)  # for job-3 it became full after it was taken
            assert worker.main_task is not None
            assert not worker.main_task.done()
            assert work.starts == ["job-1"]
        finally:
            await client.config_set("maxmemory", 0)
        await worker.look(2)
        await asyncio.gather(*worker.tasks.values())
        assert work.starts == ["job-1", "job-2"]


@deprecated_close
async def test_only_jobs_that_still_run_have_their_lease_renewed(
    client: Client, redis_url: str
) -> None:
    work, presence = Work(), Signed(client)
    async with at_work(client, redis_url, work) as worker:
        await worker.look(1)
        assert worker.main_task is not None
        worker.main_task.cancel()  # as after SIGTERM: nobody clears the finished ones away
        ended = asyncio.create_task(asyncio.sleep(0))
        await ended
        worker.tasks |= {"ended": ended, "runs": asyncio.create_task(work.work("runs"))}
        renewal = asyncio.create_task(worker.renew(presence, "host-1"))
        await asyncio.wait_for(presence.signed.wait(), 20)
        renewal.cancel()
        assert await client.get("arq:in-progress:runs") == "host-1"
        assert await client.exists("arq:in-progress:ended") == 0
        work.may_end.set()
        await worker.tasks["runs"]


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
