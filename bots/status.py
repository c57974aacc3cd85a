"""The one status message of a request: its place, its progress, edited sparingly."""

import asyncio
import logging
import time
from dataclasses import dataclass, field

from bots.choices import cancel_button
from bots.desk import Desk
from core import captions, logs
from core.errors import ServiceDown
from core.jobs import Job
from core.language import matching, speaking
from core.queue import Queue

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.7
"""How often the queue is asked, in one round trip for all jobs that may be edited by now."""
EDIT_SECONDS_MAX = 20.0


@dataclass
class _Watched:
    job: Job
    text: str
    looked: float
    edits: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class StatusBoard:
    """Keeps the status messages of one platform's jobs true until they become answers."""

    def __init__(self, desk: Desk, queue: Queue) -> None:
        self._desk = desk
        self._queue = queue
        self._watched: dict[str, _Watched] = {}
        self._news = asyncio.Event()

    def watch(self, job: Job) -> None:
        """Keep a job's status message true from now on.

        Called before the job is enqueued: its answer may come sooner than the first text.
        """
        self._watched.setdefault(job.id, _Watched(job, "", time.monotonic()))
        self._news.set()

    async def tell(self, job: Job, text: str) -> None:
        """Show a text about a watched job now, unless its answer has come."""
        watched = self._watched.get(job.id)
        if watched is None:
            return
        if watched.job != job:  # the same request came twice at once, and this one won
            watched = self._watched[job.id] = _Watched(job, "", 0.0)
        await self._show(watched, text)

    async def settle(self, job_id: str) -> None:
        """Stop editing a job's status message and wait for an edit under way: its answer comes."""
        watched = self._watched.pop(job_id, None)
        if watched is not None:
            async with watched.lock:
                pass

    async def run(self) -> None:
        """Edit status messages until cancelled; jobs of an earlier process are taken up first."""
        await self._take_up()
        while True:
            if not self._watched:
                self._news.clear()
                await self._news.wait()
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self._look()
            except ServiceDown as error:
                log.warning("status messages wait: %s", error.__cause__)

    async def _take_up(self) -> None:
        try:
            jobs = await self._queue.owed(self._desk.platform)
        except ServiceDown:
            return
        for job in jobs:
            if job.id not in self._watched:
                self._watched[job.id] = _Watched(job, "", time.monotonic())

    async def _look(self) -> None:
        now = time.monotonic()
        asked = [
            job_id for job_id, one in self._watched.items() if now - one.looked >= self._pause(one)
        ]
        tickets = await self._queue.tickets(asked) if asked else {}
        due = []
        for job_id, ticket in tickets.items():
            watched = self._watched.get(job_id)
            if watched is None or ticket is None:
                continue
            with speaking(matching(watched.job.language)):
                text = captions.queued(ticket)
            watched.looked = now
            if text != watched.text:
                due.append(self._show(watched, text))
        await asyncio.gather(*due)

    def _pause(self, watched: _Watched) -> float:
        base = self._desk.status_interval(watched.job.address)
        return min(EDIT_SECONDS_MAX, base * 1.3 ** max(0, watched.edits - 3))

    async def _show(self, watched: _Watched, text: str) -> None:
        async with watched.lock:
            if self._watched.get(watched.job.id) is not watched:
                return
            watched.text, watched.looked = text, time.monotonic()
            watched.edits += 1
            with speaking(matching(watched.job.language)):
                rows = [[cancel_button(watched.job.id)]]
            try:
                await self._desk.update_status(watched.job.address, text, rows, fleeting=True)
            except Exception as error:
                with logs.about(watched.job.id):
                    log.info("status not shown: %s", type(error).__name__)
                watched.text = ""  # the next look shows it again
