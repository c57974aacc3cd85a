"""Replies on their last stretch: out of the outbox, to the person, acknowledged."""

import asyncio
import contextlib
import logging
import time

from redis.exceptions import RedisError

from bots.choices import answer_buttons
from bots.desk import Answer, Desk, File, Steps, TryLater, Undeliverable
from bots.status import StatusBoard
from core import answers, captions, logs
from core.blobs import BlobMissing, Blobs
from core.buttons import Buttons
from core.errors import DarkroomError, ServiceDown
from core.jobs import Enhanced, Failed, Job, Reply, Result
from core.language import _, matching, speaking
from core.outbox import Delivery, Outbox

log = logging.getLogger(__name__)

ATTEMPTS = 5
"""Deliveries of one reply before it goes to the dead letters."""
DEADLY_ATTEMPTS = 10
"""Attempts that may begin and never end, since the bot itself ended in the middle."""
RETRY_SECONDS = (1.0, 3.0, 10.0, 30.0)
LATER_SECONDS_MAX = 60.0
"""The longest wait while a platform or the photo store cannot be reached; it never gives up."""
SWEEP_SECONDS = 10.0
CLEAN_SECONDS = 600.0


class DeliveryLoop:
    """Delivers one platform's replies; several chats at a time, each reply until acknowledged."""

    def __init__(
        self,
        desk: Desk,
        outbox: Outbox,
        blobs: Blobs,
        buttons: Buttons,
        board: StatusBoard | None = None,
        *,
        at_once: int = 4,
    ) -> None:
        self._desk = desk
        self._outbox = outbox
        self._blobs = blobs
        self._buttons = buttons
        self._board = board
        self._places = asyncio.Semaphore(at_once)
        self._under_way: set[str] = set()
        self._waits: dict[str, int] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self) -> None:
        """Deliver until cancelled; survives Redis restarts and failing platforms."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._sweep())
            while True:
                try:
                    async for delivery in self._outbox.deliveries(self._desk.platform):
                        if delivery.entry not in self._under_way:
                            self._under_way.add(delivery.entry)
                            self._idle.clear()
                            tasks.create_task(self._handle(delivery))
                except (RedisError, OSError) as error:
                    log.warning("the outbox cannot be read: %s", type(error).__name__)
                    await asyncio.sleep(1.0)

    async def drain(self) -> None:
        """Wait until no delivery is under way."""
        await self._idle.wait()

    async def _handle(self, delivery: Delivery) -> None:
        with logs.about(delivery.reply.job):
            try:
                async with self._places:
                    with speaking(matching(delivery.reply.language)):
                        pause = await self._deliver(delivery)
                await asyncio.sleep(pause)
            except (RedisError, OSError) as error:
                log.warning("waits: %s", type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS[0])
            finally:
                self._under_way.discard(delivery.entry)
                if not self._under_way:
                    self._idle.set()

    async def _deliver(self, delivery: Delivery) -> float:
        """Try once; returns the seconds to wait before the reply is read again."""
        reply = delivery.reply
        if self._board is not None:
            await self._board.settle(reply.job)
        attempt = await self._outbox.attempt(delivery)
        if attempt > DEADLY_ATTEMPTS:
            log.error("given up, its delivery never comes to an end")
            await self._give_up(delivery, "ends the bot")
            return 0.0
        try:
            answer = await self._answer(reply)
            if answer.buttons:
                with contextlib.suppress(RedisError):  # without room the reasons stay untold
                    await self._buttons.explain(reply.job, answers.why(answer.reply))
            sent = await self._outbox.sent_parts(reply.job)
            await self._desk.deliver(
                reply.address, answer, Steps(sent, self._outbox.recorder(reply.job))
            )
        except Undeliverable as error:
            log.warning("cannot be delivered: %s", error)
            await self._outbox.bury(delivery, str(error))
        except (TryLater, ServiceDown) as error:
            await self._outbox.spare(delivery)
            waits = self._waits.get(delivery.entry, 0)
            self._waits[delivery.entry] = waits + 1
            log.warning("delivered later: %s", type(error).__name__)
            return min(LATER_SECONDS_MAX, RETRY_SECONDS[0] * 2.0 ** min(waits, 10))
        except RedisError:
            raise
        except Exception as error:
            cause = error.code if isinstance(error, DarkroomError) else type(error).__name__
            log.warning("attempt %d to deliver: %s", attempt, cause, exc_info=True)
            if attempt < ATTEMPTS:
                return RETRY_SECONDS[min(attempt, len(RETRY_SECONDS)) - 1]
            await self._give_up(delivery, cause)
        else:
            log.info("delivered")
            await self._outbox.acknowledge(delivery)
            await self._blobs.discard(reply.blob_keys())
        self._waits.pop(delivery.entry, None)
        return 0.0

    async def _give_up(self, delivery: Delivery, cause: str) -> None:
        reply = delivery.reply
        try:
            await self._desk.update_status(reply.address, _(captions.NOT_DELIVERED))
        except Exception as silence:
            log.warning("not even a sentence: %s", type(silence).__name__)
        await self._outbox.bury(delivery, cause)

    async def _answer(self, reply: Reply) -> Answer:
        files: list[File] = []
        results: list[Result] = []
        for result in reply.results:
            if isinstance(result, Enhanced):
                try:
                    data = await self._blobs.get(result.key)
                except BlobMissing as error:
                    results.append(
                        Failed(code=error.code, text=error.text, source_name=result.source_name)
                    )
                    continue
                files.append(File(result, data, await self._collage(result)))
            results.append(result)
        told = reply.model_copy(update={"results": tuple(results)})
        buttons = answer_buttons(told) if files else ()
        return Answer(told, answers.caption(told), tuple(files), buttons)

    async def _collage(self, result: Enhanced) -> bytes | None:
        try:
            return await self._blobs.get(result.collage) if result.collage else None
        except BlobMissing:
            return None

    async def _sweep(self) -> None:
        cleaned = 0.0
        while True:
            try:
                count = await self._outbox.sweep(_lost)
                if count:
                    log.warning("%d jobs were lost and have been answered", count)
                if time.monotonic() - cleaned > CLEAN_SECONDS:
                    cleaned = time.monotonic()
                    now = await self._outbox.now()
                    await self._blobs.sweep(now, ended=self._outbox.delivered)
                    await self._outbox.expire_letters(self._desk.platform)
            except (RedisError, OSError, DarkroomError) as error:
                log.warning("the sweeper waits: %s", type(error).__name__)
            await asyncio.sleep(SWEEP_SECONDS)


def _lost(job: Job, late: bool) -> Reply:
    text = captions.NOT_IN_TIME if late else captions.LOST
    with speaking(matching(job.language)):
        return Reply.failure(job, "lost", _(text))
