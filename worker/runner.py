"""The arq worker: takes jobs, renews their lease, ends without dropping one."""

import asyncio
import logging
from signal import Signals
from typing import Any, cast

from arq.connections import ArqRedis
from arq.worker import Retry, Worker, func
from redis.exceptions import OutOfMemoryError

from core import logs, store
from core.blobs import Blobs
from core.errors import DarkroomError
from core.keys import QUEUE
from core.leases import Leases
from core.monitor import monitored
from core.outbox import Outbox
from core.presence import Presence
from core.presence import name as process_name
from core.queue import FUNCTION, Queue, dumps, loads
from core.settings import StoreSettings, WorkerSettings
from weights.store import WeightsStore
from worker.bench import Bench
from worker.engine import Engine
from worker.imaging.isolation import Decoders
from worker.memory import tell_memory
from worker.models import Models

log = logging.getLogger(__name__)

LEASE_SECONDS = 10.0
"""A job whose worker was killed is taken up again after this time at the latest."""
RENEW_SECONDS = 2.0
POLL_SECONDS = 0.02
JOBS_AT_ONCE = 2
"""One job in the model while another is opened or saved."""
RETRY_SECONDS = 2.0
"""How soon a job is tried again that Redis interrupted."""
DAY_SECONDS = 24 * 3600
READ_LIMIT = 1000  # arq reads 100 ids by default: as many orphans at the head would starve the rest
REDIS_RETRIES = 30


class LeasedWorker(Worker):
    """arq's worker with a short lease on its running jobs, renewed until its last thread ends."""

    def __init__(self, leases: Leases, **options: Any) -> None:
        super().__init__(**options)
        self.in_progress_timeout_s = LEASE_SECONDS
        self._leases = leases

    async def start_jobs(self, job_ids: list[bytes]) -> None:
        """Start jobs while there is room, never one that still runs here after its lease ran out.

        In place of arq's own, which needs four round trips to take a job, ends the worker when its
        connection breaks between them, and leaves the lease without a name.
        """
        for job_id in (name.decode() for name in job_ids):
            if self.job_counter >= self.max_jobs:
                return
            if job_id in self.tasks:
                continue
            try:
                turn = await self._leases.take(job_id)
            except OutOfMemoryError:
                return  # it waits until there is room
            if turn is None:
                continue
            await self.sem.acquire()
            self.job_counter += 1
            task = self.loop.create_task(self.run_job(job_id, turn))
            task.add_done_callback(lambda _task: self._release_sem_dec_counter_on_complete())
            self.tasks[job_id] = task

    async def run_job(self, job_id: str, score: int) -> None:
        """Run a job; one that Redis has no memory for waits."""
        with logs.about(job_id):
            try:
                await super().run_job(job_id, score)
            except OutOfMemoryError:
                log.warning("waits for its lease to end: Redis has no memory left")

    async def record_health(self) -> None:
        """Nothing: presence says that this worker lives, and a full Redis would end it here."""

    def handle_sig_wait_for_completion(self, signum: Signals) -> None:
        """Take no new job, finish what can be finished, and say so."""
        if self.allow_pick_jobs and self.tasks:
            log.info("stopping: jobs at work: %d; this may take a while", len(self.tasks))
        super().handle_sig_wait_for_completion(signum)

    async def finish_job(
        self,
        job_id: str,
        finish: bool,
        result_data: bytes | None,
        result_timeout_s: float | None,
        keep_result_forever: bool,
        incr_score: int | None,
        keep_in_progress: float | None,
    ) -> None:
        """Put a job away or back, unless another worker has taken it over.

        One that is tried again keeps its turn, to which arq would add a time: its lease ends a
        moment later instead.
        """
        result = (result_data, result_timeout_s, keep_result_forever)
        later = RETRY_SECONDS if incr_score else keep_in_progress
        if await self._leases.held(job_id):
            await super().finish_job(job_id, finish, *result, None, later)

    async def renew(self, presence: Presence, name: str) -> None:
        """Renew the leases and say that this worker lives, until cancelled."""
        while True:
            try:
                running = [job_id for job_id, task in self.tasks.items() if not task.done()]
                for job_id in await self._leases.renew(running):
                    with logs.about(job_id):
                        log.warning("taken over by another worker")
                await presence.sign("worker", name)
            except (store.RedisError, OSError) as error:
                log.warning("leases are not renewed: %s", type(error).__name__)
            await asyncio.sleep(RENEW_SECONDS)


async def _enhance(context: dict[str, Any]) -> None:
    bench: Bench = context["bench"]
    try:
        await bench.work(context["job_id"])
    except (store.RedisError, OSError) as error:
        log.warning("tried again: %s", type(error).__name__)
        raise Retry(defer=RETRY_SECONDS) from error


async def run(url: str, store_settings: StoreSettings, settings: WorkerSettings) -> None:
    """Work on photos from the queue at `url` until told to stop (SIGTERM or Ctrl-C)."""
    client = store.connect(url, retries=REDIS_RETRIES)
    pool: Any = store.pool(url, text=False, retries=REDIS_RETRIES)
    name = process_name()
    queue, presence = Queue(client), Presence(client)
    leases = Leases(client, name, seconds=LEASE_SECONDS)
    engine = Engine.from_settings(settings)
    models = Models.from_settings(settings, WeightsStore(settings.weights))
    decoders = Decoders()
    bench = Bench(
        queue,
        leases,
        Outbox(client),
        Blobs.open(store_settings.blobs()),
        models,
        engine,
        limits=store_settings.limits,
        max_output_pixels=round(settings.max_output_megapixels * 1_000_000),
        job_seconds=60 * settings.job_minutes,
        kept_seconds=3600 * store_settings.keep_hours,
        decoder=decoders.decode,
    )
    worker = LeasedWorker(
        leases,
        functions=[func(cast("Any", _enhance), name=FUNCTION, keep_result=0)],
        queue_name=QUEUE,
        redis_pool=ArqRedis(pool, job_serializer=dumps, job_deserializer=loads),
        ctx={"bench": bench},
        job_serializer=dumps,
        job_deserializer=loads,
        max_jobs=JOBS_AT_ONCE,
        max_tries=1_000_000,  # arq drops a job past its tries in silence; the bench counts itself
        job_timeout=DAY_SECONDS,  # arq drops a late job in silence; the bench watches the clock
        job_completion_wait=round(settings.stop_seconds),
        poll_delay=POLL_SECONDS,
        queue_read_limit=READ_LIMIT,
        keep_result=0,
        log_results=False,
    )
    log.info("worker %s ready at %s: %s", name, store.masked(url), models.summary())
    renewal = asyncio.create_task(worker.renew(presence, name))
    tell_memory(engine.device)
    try:
        async with monitored(store_settings.metrics_listen, url, "worker"):
            await worker.async_run()
    except asyncio.CancelledError:
        log.info("worker %s stops", name)
    finally:
        try:
            await worker.close()  # waits for the threads, the leases still being renewed
            renewal.cancel()
            await presence.leave("worker", name)
        except (store.RedisError, OSError, DarkroomError):
            log.warning("worker %s could not sign off", name)
        bench.close()
        decoders.close()
        await client.aclose()
