"""The conversation, written once for all platforms: a message in, words and a job out."""

import asyncio
import hashlib
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bots.desk import Attachment, Desk, Request
from bots.status import StatusBoard
from core import captions, images
from core.blobs import Blobs
from core.buttons import Buttons, Choice, Offer
from core.commands import Action, Command, parse
from core.errors import CommandError, DarkroomError, PhotoRefused
from core.images import Limits
from core.jobs import Address, Failed, Job, PhotoRef, Reply
from core.outbox import Outbox
from core.presence import Presence
from core.queue import Cancelling, Queue
from core.recipe import PLAIN, Recipe

log = logging.getLogger(__name__)

SOFTER, STRONGER = 0.6, 1.5
MAX_PHOTOS = 10
FETCHED_AT_ONCE = 8
"""Photos whose bytes are in this process's memory on their way into the store."""


@dataclass(frozen=True)
class Press:
    """A button that somebody pressed: who, its data, and the message it hangs under."""

    user: str
    data: str
    request: Request


@dataclass(frozen=True)
class Lab:
    """What every conversation shares: the queue, the way back, the photo store, the limits."""

    queue: Queue
    outbox: Outbox
    blobs: Blobs
    buttons: Buttons
    presence: Presence
    limits: Limits
    answer_seconds: float = 3600.0


class Conversation:
    """Answers one platform's requests; a wrong word or photo becomes a sentence, not an error."""

    def __init__(
        self, desk: Desk, lab: Lab, board: StatusBoard, *, name: str | None = None
    ) -> None:
        self._desk = desk
        self._lab = lab
        self._board = board
        self.name = name
        self._door = asyncio.Semaphore(FETCHED_AT_ONCE)

    async def handle(self, request: Request) -> None:
        """Take one message: a command, photos, or both."""
        try:
            command = self._command(request)
            if command is None and not request.private:
                return
            if command is not None and command.action is not Action.ENHANCE:
                await self._talk(command.action, request)
            elif request.photos:
                recipe = command.recipe if command else PLAIN
                await self.take(request, request.photos, recipe)
            else:
                text = captions.NO_PHOTO if command else captions.SEND_PHOTO
                await self._desk.say(request.address, text)
        except CommandError as error:
            await self._desk.say(request.address, error.text)
        except DarkroomError as error:
            log.warning("request %s: %s", self._job_id(request.origin), error.code, exc_info=True)
            await self._desk.say(request.address, error.text)

    async def press(self, press: Press) -> str:
        """Act on a button; returns the short text to show to whoever pressed it."""
        try:
            found = await self._lab.buttons.find(press.data)
            if found is None:
                return captions.TOO_OLD
            offer, choice = found
            if offer.user != press.user:
                return captions.NOT_YOURS
            return await self._choose(offer, choice, press.request)
        except DarkroomError as error:
            log.warning("button: %s", error.code, exc_info=True)
            return error.text

    def _command(self, request: Request) -> Command | None:
        return parse(request.text, bot=self.name, ours=request.private)

    async def _talk(self, action: Action, request: Request) -> None:
        if action is Action.STATUS:
            jobs = await self._lab.queue.of_user(self._desk.platform, request.user)
            tickets = await self._lab.queue.tickets([job.id for job in jobs])
            text = captions.status(list(tickets.values()))
        elif action is Action.CANCEL:
            jobs = await self._lab.queue.of_user(self._desk.platform, request.user)
            outcomes = [await self._cancel(job) for job in jobs]
            text = captions.cancelled(len(outcomes) - outcomes.count(Cancelling.FINISHED))
        else:
            text = captions.START if action is Action.START else captions.help_text()
        await self._desk.say(request.address, text)

    async def _choose(self, offer: Offer, choice: Choice, request: Request) -> str:
        if choice is Choice.CANCEL:
            jobs = await self._lab.queue.of_user(self._desk.platform, offer.user)
            job = next((job for job in jobs if job.id == offer.job), None)
            outcomes = [await self._cancel(job)] if job else []
            return captions.cancelled(len(outcomes) - outcomes.count(Cancelling.FINISHED))
        if choice is Choice.ORIGINAL:
            await self._desk.resend(request.address, offer.refs)
            return captions.ON_ITS_WAY
        photos = [self._desk.attachment(ref) for ref in offer.refs]
        await self.take(request, photos, _changed(offer.recipe, choice))
        return captions.ON_ITS_WAY

    async def _cancel(self, job: Job) -> Cancelling:
        reply = Reply.failure(job, "cancelled", captions.CANCELLED)
        outcome = await self._lab.queue.cancel(job, reply)
        if outcome is Cancelling.CANCELLED:
            await self._lab.blobs.discard(photo.key for photo in job.photos)
        return outcome

    async def take(
        self, request: Request, photos: Sequence[Attachment], recipe: Recipe
    ) -> str | None:
        """Put photos into the queue with a recipe; returns the job's id.

        None if they were turned down in words, or if this very request was taken before.
        """
        job_id = self._job_id(request.origin)
        if await self._lab.queue.known(job_id):
            return None
        await self._lab.queue.check_room(
            self._desk.platform, request.user, min(len(photos), MAX_PHOTOS)
        )
        address = await self._lab.queue.status_address(job_id)
        if address is None:
            address = await self._desk.open_status(request.address, captions.LOOKING)
            await self._lab.queue.note_status(job_id, address)
        try:
            job, refs = await self._job(job_id, request, address, photos, recipe)
            offer = Offer(
                platform=self._desk.platform,
                user=request.user,
                address=request.address,
                refs=refs,
                recipe=recipe,
                job=job_id,
            )
            await self._lab.buttons.offer(offer, button_id=job_id)
            self._board.watch(job)
            try:
                ticket = await self._lab.queue.enqueue(job)
            except DarkroomError:
                await self._board.settle(job_id)
                await self._lab.blobs.discard(photo.key for photo in job.photos)
                raise
        except DarkroomError as error:
            log.info("job %s refused at the door: %s", job_id, error.code)
            await self._desk.update_status(address, error.text)
            return None
        if ticket.known and (taken := await self._lab.queue.record(job_id)) != job:
            log.info("job %s came twice at once", job_id)
            if taken is not None and taken.address != address:
                await self._desk.update_status(address, captions.ALREADY)
            return None
        log.info("job %s queued, photos: %d, place: %d", job_id, len(job.photos), ticket.place)
        await self._board.tell(job, captions.queued(ticket))
        return job_id

    async def _job(
        self,
        job_id: str,
        request: Request,
        address: Address,
        photos: Sequence[Attachment],
        recipe: Recipe,
    ) -> tuple[Job, tuple[str, ...]]:
        photos, left = photos[:MAX_PHOTOS], photos[MAX_PHOTOS:]
        now = time.time()
        deadline = now + self._lab.answer_seconds
        taken: list[tuple[PhotoRef, str]] = []
        refused: list[Failed] = []
        answers = await asyncio.gather(
            *(self._store(job_id, number, photo, deadline) for number, photo in enumerate(photos)),
            return_exceptions=True,
        )
        for photo, answer in zip(photos, answers, strict=True):
            if isinstance(answer, PhotoRef):
                taken.append((answer, photo.ref))
            elif isinstance(answer, DarkroomError):
                refused.append(Failed(code=answer.code, text=answer.text, source_name=photo.name))
            elif isinstance(answer, Exception):
                log.error("job %s: a photo could not be taken in", job_id, exc_info=answer)
                refused.append(
                    Failed(code="unexpected", text=captions.UNEXPECTED, source_name=photo.name)
                )
            else:
                raise answer
        if left:
            text = f"I take up to {MAX_PHOTOS} photos at a time; please send the others again."
            refused.append(Failed(code="too_many", text=text))
        if not taken:
            raise PhotoRefused("\n".join(dict.fromkeys(failed.text for failed in refused)))
        job = Job(
            id=job_id,
            platform=self._desk.platform,
            user=request.user,
            community=request.community,
            address=address,
            photos=tuple(ref for ref, _ in taken),
            refused=tuple(refused),
            recipe=recipe,
            max_bytes=self._desk.max_upload_bytes,
            created=now,
            deadline=deadline,
        )
        return job, tuple(ref for _, ref in taken)

    async def _store(
        self, job_id: str, number: int, photo: Attachment, deadline: float
    ) -> PhotoRef:
        most = min(self._lab.limits.max_bytes, self._desk.max_download_bytes)
        if photo.size is not None and photo.size > most:
            raise PhotoRefused(
                f"This file has {captions.size(photo.size)}; I can take {captions.size(most)}. "
                "Please send a smaller version.",
                code="too_many_bytes",
            )
        key = Blobs.key(job_id, f"in-{number}", deadline + self._lab.answer_seconds)
        async with self._door:
            data = await photo.fetch()
            await asyncio.to_thread(images.inspect, data, self._lab.limits)
            await self._lab.blobs.put(key, data)
        return PhotoRef(key=key, name=photo.name)

    def _job_id(self, origin: str) -> str:
        digest = hashlib.sha256(f"{self._desk.platform}:{origin}".encode())
        return digest.hexdigest()[:24]


def _changed(recipe: Recipe, choice: Choice) -> Recipe:
    match choice:
        case Choice.TWICE:
            return recipe.scaled_by(2)
        case Choice.FOURFOLD:
            return recipe.scaled_by(4)
        case Choice.SOFTER:
            return recipe.with_intensity(SOFTER)
        case _:
            return recipe.with_intensity(STRONGER)
