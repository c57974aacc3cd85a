"""The polling worker in this process, with a stand-in for the bench: its leases and retries."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from arq.connections import ArqRedis
from arq.worker import func

from core import keys, store
from core.leases import Leases
from core.presence import Presence
from core.queue import FUNCTION, Queue, dumps, loads
from core.store import Client, RedisError
from tests.doubles.jobs import fresh
from worker import runner
from worker.runner import LeasedWorker


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
        if ending := list(worker.tasks.values()):  # arq would cancel what is about to end
            await asyncio.wait(ending, timeout=5)
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
