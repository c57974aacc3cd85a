"""The workbench: one job, from its record to its published reply."""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePath

from core import captions, logs, metrics, versions
from core.blobs import KEPT_SECONDS, Blobs
from core.errors import Cancelled, DarkroomError, ServiceDown
from core.images import Limits
from core.jobs import Enhanced, Failed, Job, PhotoRef, Progress, Reply, Result, UnknownVersion
from core.language import _, matching, speaking
from core.leases import Leases
from core.outbox import Outbox
from core.queue import Queue
from core.recipe import Recipe
from core.store import RedisError
from worker.engine import Engine
from worker.gate import Gate
from worker.imaging.collage import collage
from worker.imaging.decode import decode
from worker.imaging.encode import Encoded, encode
from worker.imaging.photo import Photo
from worker.models import Models
from worker.pipeline import Outcome, enhance
from worker.watch import Watch

log = logging.getLogger(__name__)

STARTS_MAX = 2
"""A job that was begun so often and never ended has killed its worker each time."""
REPORT_SECONDS = 0.5


class Bench:
    """Works on jobs: one at a time in the model, others opened and saved beside it.

    `decoder` turns a file into pixels; a worker gives one that does it in another process.
    """

    def __init__(
        self,
        queue: Queue,
        leases: Leases,
        outbox: Outbox,
        blobs: Blobs,
        models: Models,
        engine: Engine,
        *,
        limits: Limits,
        max_output_pixels: int,
        job_seconds: float = 1200.0,
        kept_seconds: float = KEPT_SECONDS,
        decoder: Callable[[bytes, Limits], Photo] = decode,
    ) -> None:
        self._queue = queue
        self._leases = leases
        self._outbox = outbox
        self._blobs = blobs
        self._models = models
        self._engine = engine
        self._limits = limits
        self._max_output_pixels = max_output_pixels
        self._job_seconds = job_seconds
        self._kept_seconds = kept_seconds
        self._decoder = decoder
        self._gate = Gate()
        self._model_thread = ThreadPoolExecutor(1, thread_name_prefix="model")
        self._file_threads = ThreadPoolExecutor(2, thread_name_prefix="file")

    def close(self) -> None:
        """End the threads."""
        self._model_thread.shutdown(wait=True, cancel_futures=True)
        self._file_threads.shutdown(wait=True, cancel_futures=True)

    async def work(self, job_id: str) -> None:
        """Work on a job and publish its reply; cancelled from outside, the job is handed back."""
        with logs.about(job_id):
            try:
                job = await self._queue.record(job_id)
            except UnknownVersion:
                log.warning("written by another version")
                await self._refuse_unknown(job_id)
                return
            if job is None:
                log.info("answered already")
                return
            with speaking(matching(job.language)):
                await self._answered(job)

    async def _answered(self, job: Job) -> None:
        suspect = await self._leases.starts(job.id) > 0
        async with self._gate.through(alone=suspect):
            starts = await self._leases.begin(job.id)
            if starts == 1:
                metrics.begun(job.created)
            if starts > STARTS_MAX:
                log.error("begun %d times and never ended: given up", starts)
                await self._publish(job, Reply.failure(job, "given_up", _(captions.GIVEN_UP)))
                return
            log.info("begun, photos: %d, start: %d", len(job.photos), starts)
            try:
                await self._publish(job, await self._reply(job))
            except (asyncio.CancelledError, RedisError, OSError) as error:
                log.info("handed back: %s", type(error).__name__)
                await self._hand_back(job.id)
                raise

    async def _hand_back(self, job_id: str) -> None:
        try:
            await self._leases.hand_back(job_id)
        except (RedisError, OSError) as error:
            log.warning("keeps its start: %s", type(error).__name__)

    async def _reply(self, job: Job) -> Reply:
        watch = Watch(len(job.photos))
        reporter = asyncio.create_task(self._report(job.id, watch))
        results: list[Result] = []
        try:
            for number, photo in enumerate(job.photos, 1):
                watch.photo(number)
                results.append(await self._result(job, number, photo, watch))
        except Cancelled:
            if watch.late:
                log.error("stopped after %.0f s", self._job_seconds)
                late = Reply.failure(job, "too_slow", _(captions.TOO_SLOW)).results
                return _answer(job, [*results, *late[len(results) : len(job.photos)]])
            await self._blobs.discard(_answer(job, results).blob_keys())
            return Reply.failure(job, Cancelled.code, _(captions.CANCELLED))
        finally:
            reporter.cancel()
            await asyncio.gather(reporter, return_exceptions=True)
        return _answer(job, results)

    async def _result(self, job: Job, number: int, photo: PhotoRef, watch: Watch) -> Result:
        try:
            result = await self._enhanced(job, number, photo, watch)
        except Cancelled:
            raise
        except DarkroomError as error:
            cause = type(error.__cause__).__name__ if error.__cause__ else "no deeper cause"
            log.info("photo %d refused: %s (%s)", number, error.code, cause)
            if error.remedy:
                log.warning("%s", error)
            return Failed(code=error.code, text=error.text, source_name=photo.name)
        except Exception:
            log.exception("photo %d failed", number)
            return Failed(code="unexpected", text=_(captions.UNEXPECTED), source_name=photo.name)
        with contextlib.suppress(RedisError, OSError):  # only a guess for the next person
            await self._queue.learn_pace(result.seconds)
        return result

    async def _enhanced(self, job: Job, number: int, ref: PhotoRef, watch: Watch) -> Enhanced:
        name = job.recipe.model
        if name is not None:
            await watch.run(self._file_threads, lambda: self._models.asked(name))
        data = await self._blobs.get(ref.key)
        before = await watch.run(
            self._file_threads, lambda: self._decoder(data, self._limits), stage="decode"
        )
        opening = watch.seconds
        watch.stage("wait")
        outcome = await watch.run(
            self._model_thread, lambda: self._pipeline(before, job.recipe, watch)
        )
        model_seconds = watch.seconds - opening
        encoded = await watch.run(
            self._file_threads,
            lambda: encode(outcome.photo, job.recipe.format, max_bytes=job.max_bytes),
            stage="encode",
        )
        drawn = await self._collage(job, before, outcome, watch)
        deadline = job.deadline + self._kept_seconds  # no clock of this machine
        mark = secrets.token_hex(4)  # a second worker's result of the same job is another file
        key = self._blobs.key(job.id, f"out-{number}-{mark}{encoded.extension}", deadline)
        await self._blobs.put(key, encoded.data)
        collage_key = None
        if drawn is not None:
            collage_key = self._blobs.key(job.id, f"collage-{number}-{mark}.jpg", deadline)
            try:
                await self._blobs.put(collage_key, drawn)
            except ServiceDown as error:
                log.warning("the collage is left out: %s", error)
                collage_key = None
        log.info(
            "photo %d enhanced in %.1f s: %d × %d to %d × %d",
            *(number, watch.seconds),
            *(before.width, before.height, encoded.width, encoded.height),
        )
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
            findings=outcome.plan.findings,
            measured=outcome.plan.measured,
            drawn=outcome.plan.drawn,
            doubtful=outcome.plan.doubtful,
            steps=outcome.steps,
            notes=(*outcome.notes, *encoded.notes, *_first_frame(before)),
            collage=collage_key,
            seconds=watch.seconds,
            model_seconds=model_seconds,
        )

    def _pipeline(self, before: Photo, recipe: Recipe, watch: Watch) -> Outcome:
        watch.stage("look")
        return enhance(
            before,
            recipe,
            self._models,
            self._engine,
            max_output_pixels=self._max_output_pixels,
            progress=watch.stage,
            cancelled=watch.stopped,
        )

    async def _collage(
        self, job: Job, before: Photo, outcome: Outcome, watch: Watch
    ) -> bytes | None:
        if not job.recipe.collage:
            return None
        try:
            return await watch.run(
                self._file_threads,
                lambda: collage(before, outcome.photo, region=outcome.face_box),
                stage="collage",
            )
        except Exception:
            log.exception("no collage")  # the photo itself must still go out
            return None

    async def _report(self, job_id: str, watch: Watch) -> None:
        shown = Progress()
        while True:
            try:
                if watch.job_seconds > self._job_seconds:
                    watch.stop(late=True)
                if await self._queue.unwanted(job_id):
                    watch.stop()
                if watch.progress != shown:
                    shown = watch.progress
                    await self._queue.report(job_id, shown)
            except (RedisError, OSError) as error:
                log.debug("progress not told: %s", type(error).__name__)
            await asyncio.sleep(REPORT_SECONDS)

    async def _publish(self, job: Job, reply: Reply) -> None:
        if not await self._outbox.publish(reply, photos=len(job.photos)):
            log.info("answered elsewhere")
            await self._blobs.discard(reply.blob_keys())
        await self._blobs.discard(photo.key for photo in job.photos)

    async def _refuse_unknown(self, job_id: str) -> None:
        record = await self._queue.raw_record(job_id)
        try:
            reply = versions.refusal(record, job_id=job_id)
        except UnknownVersion as error:
            log.error("cannot be answered: %s", error)
            return
        await self._outbox.publish(reply, photos=versions.photos(record))


def _answer(job: Job, results: Sequence[Result]) -> Reply:
    return Reply(
        job=job.id,
        platform=job.platform,
        user=job.user,
        address=job.address,
        recipe=job.recipe,
        language=job.language,
        results=(*results, *job.refused),
    )


def _name(source: str, encoded: Encoded) -> str:
    stem = PurePath(source).stem or "photo"
    return f"{stem}-darkroom{encoded.extension}"


def _first_frame(photo: Photo) -> tuple[str, ...]:
    return (_(captions.FIRST_FRAME),) if photo.animated else ()
