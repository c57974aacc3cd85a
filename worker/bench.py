"""The workbench: one job, from its record to its published reply."""

import asyncio
import json
import logging
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import PurePath
from typing import TypeVar

from core import captions
from core.blobs import Blobs
from core.errors import Cancelled, DarkroomError
from core.images import Limits
from core.jobs import Enhanced, Failed, Job, PhotoRef, Progress, Reply, Result, UnknownVersion
from core.outbox import Outbox
from core.queue import Queue
from core.recipe import Recipe
from core.store import RedisError
from worker.engine import Engine
from worker.imaging.collage import collage
from worker.imaging.decode import decode
from worker.imaging.encode import Encoded, encode
from worker.imaging.photo import Photo
from worker.models import Models
from worker.pipeline import Outcome, enhance

log = logging.getLogger(__name__)

STARTS_MAX = 2
"""A job that was begun so often and never ended has killed its worker each time."""
REPORT_SECONDS = 0.5
KEPT_SECONDS = 24 * 3600.0
"""How long a result waits for its delivery before it may be deleted."""

T = TypeVar("T")


class _Watch:
    """The progress of one job and the wish to stop it, shared between a thread and the loop.

    `seconds` is the time that threads have worked on the photo, waiting for one left out.
    """

    def __init__(self, photos: int) -> None:
        self.progress = Progress(photos=photos)
        self.stop = threading.Event()
        self.seconds = 0.0

    def photo(self, number: int) -> None:
        self.progress = Progress(photo=number, photos=self.progress.photos)

    def stage(self, stage: str, fraction: float = 0.0) -> None:
        self.progress = self.progress.model_copy(update={"stage": stage, "fraction": fraction})


class Bench:
    """Works on jobs: one at a time in the model, others opened and saved beside it."""

    def __init__(
        self,
        queue: Queue,
        outbox: Outbox,
        blobs: Blobs,
        models: Models,
        engine: Engine,
        *,
        limits: Limits,
        max_output_pixels: int,
        job_seconds: float = 1200.0,
    ) -> None:
        self._queue = queue
        self._outbox = outbox
        self._blobs = blobs
        self._models = models
        self._engine = engine
        self._limits = limits
        self._max_output_pixels = max_output_pixels
        self._job_seconds = job_seconds
        self._model_thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._file_threads = ThreadPoolExecutor(2, thread_name_prefix="file")

    def close(self) -> None:
        """End the threads."""
        self._model_thread.shutdown(wait=True, cancel_futures=True)
        self._file_threads.shutdown(wait=True, cancel_futures=True)

    async def work(self, job_id: str) -> None:
        """Work on a job and publish its reply; cancelled from outside, the job is handed back."""
        try:
            job = await self._queue.record(job_id)
        except UnknownVersion:
            log.warning("job %s was written by another version", job_id)
            await self._refuse_unknown(job_id)
            return
        if job is None:
            log.info("job %s has been answered already", job_id)
            return
        starts = await self._queue.begin(job_id)
        if starts > STARTS_MAX:
            log.error("job %s was begun %d times and never ended: given up", job_id, starts)
            await self._publish(job, Reply.failure(job, "given_up", captions.GIVEN_UP))
            return
        log.info("job %s begun: %d photos, start %d", job_id, len(job.photos), starts)
        try:
            reply = await self._reply(job)
        except asyncio.CancelledError:
            await self._queue.hand_back(job_id)
            log.info("job %s handed back", job_id)
            raise
        await self._publish(job, reply)

    async def _reply(self, job: Job) -> Reply:
        watch = _Watch(len(job.photos))
        reporter = asyncio.create_task(self._report(job.id, watch))
        results: list[Result] = []
        try:
            async with asyncio.timeout(self._job_seconds):
                for number, photo in enumerate(job.photos, 1):
                    watch.photo(number)
                    results.append(await self._result(job, number, photo, watch))
        except TimeoutError:
            log.error("job %s stopped after %.0f s", job.id, self._job_seconds)
            late = Reply.failure(job, "too_slow", captions.TOO_SLOW).results
            results += late[len(results) : len(job.photos)]
        except Cancelled:
            await self._blobs.delete(_answer(job, results).blob_keys())
            return Reply.failure(job, Cancelled.code, captions.CANCELLED)
        finally:
            reporter.cancel()
            await asyncio.gather(reporter, return_exceptions=True)
        return _answer(job, results)

    async def _result(self, job: Job, number: int, photo: PhotoRef, watch: _Watch) -> Result:
        try:
            result = await self._enhanced(job, number, photo, watch)
        except Cancelled:
            raise
        except DarkroomError as error:
            log.info("job %s photo %d refused: %s", job.id, number, error.code, exc_info=True)
            return Failed(code=error.code, text=error.text, source_name=photo.name)
        except Exception:
            log.exception("job %s photo %d failed", job.id, number)
            return Failed(code="unexpected", text=captions.UNEXPECTED, source_name=photo.name)
        await self._queue.learn_pace(result.seconds)
        return result

    async def _enhanced(self, job: Job, number: int, ref: PhotoRef, watch: _Watch) -> Enhanced:
        watch.seconds = 0.0
        data = await self._blobs.get(ref.key)
        watch.stage("decode")
        before = await _run(self._file_threads, watch, lambda: decode(data, self._limits))
        opening = watch.seconds
        outcome = await _run(
            self._model_thread, watch, lambda: self._pipeline(before, job.recipe, watch)
        )
        model_seconds = watch.seconds - opening
        watch.stage("encode")
        encoded = await _run(
            self._file_threads,
            watch,
            lambda: encode(outcome.photo, job.recipe.format, max_bytes=job.max_bytes),
        )
        drawn = await self._collage(job, before, outcome, watch)
        deadline = time.time() + KEPT_SECONDS
        mark = secrets.token_hex(4)  # a second worker's result of the same job is another file
        key = self._blobs.key(job.id, f"out-{number}-{mark}{encoded.extension}", deadline)
        await self._blobs.put(key, encoded.data)
        collage_key = None
        if drawn is not None:
            collage_key = self._blobs.key(job.id, f"collage-{number}-{mark}.jpg", deadline)
            await self._blobs.put(collage_key, drawn)
        log.info("job %s photo %d enhanced in %.1f s", job.id, number, watch.seconds)
        return Enhanced(
            key=key,
            name=_name(ref.name, encoded),
            media_type=encoded.media_type,
            bytes=len(encoded.data),
            width=encoded.width,
            height=encoded.height,
            source_name=ref.name,
            source_width=before.width,
            source_height=before.height,
            steps=outcome.steps,
            notes=(*outcome.notes, *encoded.notes, *_first_frame(before)),
            collage=collage_key,
            seconds=watch.seconds,
            model_seconds=model_seconds,
        )

    def _pipeline(self, before: Photo, recipe: Recipe, watch: _Watch) -> Outcome:
        return enhance(
            before,
            recipe,
            self._models,
            self._engine,
            max_output_pixels=self._max_output_pixels,
            progress=watch.stage,
            cancelled=watch.stop.is_set,
        )

    async def _collage(
        self, job: Job, before: Photo, outcome: Outcome, watch: _Watch
    ) -> bytes | None:
        if not job.recipe.collage:
            return None
        watch.stage("collage")
        try:
            return await _run(
                self._file_threads,
                watch,
                lambda: collage(before, outcome.photo, region=outcome.face_box),
            )
        except Exception:
            log.exception("job %s: no collage", job.id)  # the photo itself must still go out
            return None

    async def _report(self, job_id: str, watch: _Watch) -> None:
        shown = Progress()
        while True:
            try:
                if watch.progress != shown:
                    shown = watch.progress
                    await self._queue.report(job_id, shown)
                if await self._queue.cancelled(job_id):
                    watch.stop.set()
            except (RedisError, OSError) as error:
                log.debug("job %s: progress not told: %s", job_id, type(error).__name__)
            await asyncio.sleep(REPORT_SECONDS)

    async def _publish(self, job: Job, reply: Reply) -> None:
        if not await self._outbox.publish(reply, photos=len(job.photos)):
            log.info("job %s was answered elsewhere", job.id)
            await self._blobs.delete(reply.blob_keys())
        await self._blobs.delete(photo.key for photo in job.photos)

    async def _refuse_unknown(self, job_id: str) -> None:
        record = await self._queue.raw_record(job_id)
        try:
            fields = json.loads(record or "{}")
            reply = Reply(
                job=job_id,
                platform=fields["platform"],
                user=fields["user"],
                address=fields["address"],
                results=(Failed(code="other_version", text=captions.OTHER_VERSION),),
            )
        except (KeyError, TypeError, ValueError) as error:
            log.error("job %s cannot be answered: %s", job_id, type(error).__name__)
            return
        await self._outbox.publish(reply, photos=len(fields.get("photos", ())))


async def _run(executor: Executor, watch: _Watch, work: Callable[[], T]) -> T:
    """Run `work` in a thread; cancelled, tell it to stop and wait until it has."""

    def timed() -> T:
        begun = time.monotonic()
        try:
            return work()
        finally:
            watch.seconds += time.monotonic() - begun

    future = asyncio.get_running_loop().run_in_executor(executor, timed)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        watch.stop.set()
        await asyncio.wait([future])
        if not future.cancelled():
            future.exception()
        raise


def _answer(job: Job, results: Sequence[Result]) -> Reply:
    return Reply(
        job=job.id,
        platform=job.platform,
        user=job.user,
        address=job.address,
        recipe=job.recipe,
        results=(*results, *job.refused),
    )


def _name(source: str, encoded: Encoded) -> str:
    stem = PurePath(source).stem or "photo"
    return f"{stem}-darkroom{encoded.extension}"


def _first_frame(photo: Photo) -> tuple[str, ...]:
    return (captions.FIRST_FRAME,) if photo.animated else ()
