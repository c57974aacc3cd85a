"""The arq worker: takes jobs, renews their lease, ends without dropping one."""

import asyncio
import logging
import time
from typing import Any, cast

from arq.connections import ArqRedis
from arq.worker import Worker, func

from core import store
from core.blobs import Blobs
from core.errors import DarkroomError
from core.keys import QUEUE
from core.outbox import Outbox
from core.presence import Presence
from core.presence import name as process_name
from core.queue import FUNCTION, Queue, dumps, loads
from core.settings import StoreSettings, WorkerSettings
from weights.store import WeightsStore
from worker.bench import Bench
from worker.engine import Engine
from worker.models import Models

log = logging.getLogger(__name__)

LEASE_SECONDS = 10.0
"""A job whose worker was killed is taken up again after this time at the latest."""
RENEW_SECONDS = 2.0
POLL_SECONDS = 0.02
JOBS_AT_ONCE = 3
"""One job in the model, one being opened, one being saved."""
READ_LIMIT = 1000  # arq reads 100 ids by default: as many orphans at the head would starve the rest
REDIS_RETRIES = 30


class LeasedWorker(Worker):
    """arq's worker with a short lease on its running jobs, renewed while it lives."""

    def __init__(self, queue: Queue, presence: Presence, name: str, **options: Any) -> None:
        super().__init__(**options)
        self.in_progress_timeout_s = LEASE_SECONDS
        self.worker_name = name
        self._lab_queue = queue
        self._presence = presence
        self._renewed = 0.0

    async def heart_beat(self) -> None:
        """Renew the leases of the jobs at work and say that this worker lives."""
        await super().heart_beat()
        if time.monotonic() - self._renewed < RENEW_SECONDS:
            return
        self._renewed = time.monotonic()
        await self._lab_queue.renew(list(self.tasks), LEASE_SECONDS)
        await self._presence.sign("worker", self.worker_name)


async def _enhance(context: dict[str, Any]) -> None:
    bench: Bench = context["bench"]
    await bench.work(context["job_id"])


async def run(url: str, store_settings: StoreSettings, settings: WorkerSettings) -> None:
    """Work on photos from the queue at `url` until told to stop (SIGTERM or Ctrl-C)."""
    client = store.connect(url, retries=REDIS_RETRIES)
    pool: Any = store.pool(url, text=False, retries=REDIS_RETRIES)
    queue, presence = Queue(client), Presence(client)
    engine = Engine.from_settings(settings)
    models = Models.from_settings(settings, WeightsStore(settings.weights))
    bench = Bench(
        queue,
        Outbox(client),
        Blobs.open(store_settings.blobs()),
        models,
        engine,
        limits=store_settings.limits,
        max_output_pixels=round(settings.max_output_megapixels * 1_000_000),
        job_seconds=60 * settings.job_minutes,
    )
    name = process_name()
    worker = LeasedWorker(
        queue,
        presence,
        name,
        functions=[func(cast("Any", _enhance), name=FUNCTION, keep_result=0)],
        queue_name=QUEUE,
        redis_pool=ArqRedis(pool, job_serializer=dumps, job_deserializer=loads),
        ctx={"bench": bench},
        job_serializer=dumps,
        job_deserializer=loads,
        max_jobs=JOBS_AT_ONCE,
        max_tries=1_000_000,  # arq drops a job past its tries in silence; the bench counts itself
        job_timeout=60 * settings.job_minutes + 60,
        job_completion_wait=round(settings.stop_seconds),
        poll_delay=POLL_SECONDS,
        queue_read_limit=READ_LIMIT,
        health_check_interval=15,
        keep_result=0,
        log_results=False,
    )
    log.info("worker %s ready at %s: %s", name, store.masked(url), models.summary())
    try:
        await worker.async_run()
    except asyncio.CancelledError:
        log.info("worker %s stops", name)
    finally:
        try:
            await worker.close()
            await presence.leave("worker", name)
        except (store.RedisError, OSError, DarkroomError):
            log.warning("worker %s could not sign off", name)
        bench.close()
        await client.aclose()
