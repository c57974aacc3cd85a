"""The conversation, written once for all platforms: a message in, words and a job out."""

import hashlib
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bots import administration
from bots.administration import Administration
from bots.admission import Admission
from bots.desk import Arrival, Attachment, Desk, Press, Request, Told
from bots.intake import MAX_PHOTOS, Intake
from bots.operation import Operation
from bots.privacy import Elsewhere, Privacy
from bots.status import StatusBoard
from core import captions, keys, logs, metrics, notices
from core.access import Access
from core.belongings import Belongings
from core.blobs import KEPT_SECONDS, Blobs
from core.buttons import Buttons, Choice, Offer
from core.commands import FORMS, Action, Command, parse
from core.communities import UNLIMITED, Allowance, Communities, Community
from core.errors import CommandError, DarkroomError, LimitReached, NotAllowed
from core.forgetting import Forgetting
from core.images import Limits
from core.jobs import Address, Job, Reply
from core.language import _, current, matching, speaking
from core.outbox import Outbox
from core.presence import Presence
from core.privacy import Periods
from core.queue import STATUS_SECONDS, Cancelling, Queue
from core.recipe import Preset, Recipe
from core.stats import Stats

log = logging.getLogger(__name__)

SOFTER, STRONGER = 0.6, 1.5
LIGHT = 70
"""The strength behind the button for better light, that of /light."""


@dataclass(frozen=True)
class Lab:
    """What every conversation shares: the queue, the way back, the photo store, who may use it.

    `operators` are those who run it, as `telegram:7`. A result may wait `kept_seconds` beyond the
    time to answer.
    """

    queue: Queue
    outbox: Outbox
    blobs: Blobs
    buttons: Buttons
    presence: Presence
    communities: Communities
    access: Access
    stats: Stats
    belongings: Belongings
    forgetting: Forgetting
    limits: Limits
    answer_seconds: float = 3600.0
    kept_seconds: float = KEPT_SECONDS
    operators: frozenset[str] = frozenset()


class Conversation:
    """Answers one platform's requests; a wrong word or photo becomes a sentence, not an error."""

    def __init__(
        self, desk: Desk, lab: Lab, board: StatusBoard, *, name: str | None = None
    ) -> None:
        self._desk = desk
        self._lab = lab
        self._board = board
        self._intake = Intake(desk, lab.blobs, lab.limits)
        self._at = f"@{name}" if name else ""
        self._admission = Admission(desk.platform, lab.communities, lab.access, at=self._at)
        self._administration = Administration(desk, lab.communities, at=self._at)
        self._operation = Operation(desk.platform, lab.operators, lab.stats, lab.access)
        periods = Periods(2 * lab.answer_seconds, lab.answer_seconds + lab.kept_seconds)
        self._privacy = Privacy(desk, board, lab.blobs, lab.access, lab.forgetting, periods)
        self.name = name

    def forgets(self, elsewhere: Elsewhere) -> None:
        """Let /forget also delete what an adapter keeps of a person."""
        self._privacy.elsewhere.append(elsewhere)

    async def arrived(self, arrival: Arrival) -> None:
        """The bot was added to a community: it introduces itself, once."""
        await self._administration.arrived(arrival)

    async def departed(self, community: str) -> None:
        """The bot is not in a community any more, which is forgotten after a grace time."""
        await self._administration.departed(community)

    async def present(self, communities: Collection[str]) -> None:
        """These are all the communities that the bot is in: it has left the others."""
        async for kept in self._lab.communities.all(self._desk.platform):
            if kept.id not in communities:
                await self.departed(kept.id)

    async def moved(self, old: str, new: str) -> None:
        """A community goes on under another id."""
        await self._administration.moved(old, new)

    async def withdrawn(self, origin: str) -> None:
        """The message that asked was deleted: what is not answered yet is taken back."""
        job = await self._lab.queue.record(self._job_id(origin))
        if job is not None:
            with speaking(matching(job.language)):
                await self._cancel(job)

    async def handle(self, request: Request) -> None:
        """Take one message: a command, photos, or both."""
        with logs.about(self._job_id(request.origin)):
            with speaking(matching(request.language)):
                try:
                    community = await self._admission.community(request)
                except DarkroomError as error:
                    await self._tell(request, error)
                    return
            with speaking(_language(request, community)):
                try:
                    await self._handle(request, community)
                except DarkroomError as error:
                    await self._tell(request, error)

    async def press(self, press: Press) -> Told:
        """Act on a button; returns the short text to show to whoever pressed it, or nothing."""
        request = press.request
        with logs.about(self._job_id(request.origin)), speaking(matching(request.language)):
            try:
                community = await self._admission.community(request)
                with speaking(_language(request, community)):
                    return await self._press(press)
            except DarkroomError as error:
                log.info("button refused: %s", error.code)
                return Told(error.text)

    async def _handle(self, request: Request, community: Community | None) -> None:
        silent = community is not None and not community.enabled and not request.addressed
        try:
            command = parse(request.text, bot=self.name, ours=request.private)
        except CommandError:
            if silent:
                return
            raise
        if command is not None and command.action is not Action.ENHANCE:
            if not self._overheard(command, request, silent=silent):
                await self._talk(command, request, community)
            return
        admitted = None if silent else await self._admission.admit(request, command, community)
        if admitted is None:
            return
        for kind in dict.fromkeys(request.other_kinds):
            await self._desk.say(request.address, captions.not_a_photo(kind))
        if request.photos:
            await self.take(
                request,
                request.photos,
                admitted.recipe,
                allowance=admitted.allowance,
                threaded=admitted.threaded,
            )
        elif not request.other_kinds:
            text = captions.NO_PHOTO if command else captions.SEND_PHOTO
            await self._desk.say(request.address, _(text))

    def _overheard(self, command: Command, request: Request, *, silent: bool) -> bool:
        """Whether a command that was said among people was hardly meant for us."""
        form = FORMS[command.name]
        if form.operator:
            return not request.addressed and not self._operation.knows(request.user)
        return silent and not form.community

    async def _tell(self, request: Request, error: DarkroomError) -> None:
        """Say why a request comes to nothing; seldom to those who did not speak to us."""
        metrics.REFUSALS.labels(error.code).inc()
        expected = isinstance(error, CommandError | NotAllowed | LimitReached)
        level = logging.INFO if expected else logging.WARNING
        log.log(level, "refused: %s", error.code, exc_info=not expected)
        unasked = not request.addressed and not request.text.startswith("/")
        if unasked and request.community is not None:
            member = (self._desk.platform, request.community, request.user)
            wait = error.wait if isinstance(error, LimitReached) else None
            if wait is None:
                return
            await self._noted(request, keys.told(*member), wait)
            if not await self._lab.communities.first_time(*member, wait):
                return
        await self._desk.say(request.address, error.text)

    async def _talk(self, command: Command, request: Request, community: Community | None) -> None:
        address = request.address
        if command.action is Action.DARKROOM:
            await self._administration.command(request, command.words)
        elif FORMS[command.name].operator:
            await self._desk.say(address, await self._operation.answer(command, request))
        elif command.action is Action.PRIVACY:
            await self._desk.say(address, self._privacy.statement())
        elif command.action is Action.FORGET:
            await self._desk.say(address, await self._privacy.forget(request))
        elif community is not None and not community.enabled:
            raise NotAllowed(notices.not_enabled(self._at), code="not_enabled")
        elif command.action is Action.STATUS:
            jobs = await self._lab.queue.of_user(self._desk.platform, request.user)
            tickets = await self._lab.queue.tickets([job.id for job in jobs])
            await self._desk.say(address, captions.status(list(tickets.values())))
        elif command.action is Action.CANCEL:
            jobs = await self._lab.queue.of_user(self._desk.platform, request.user)
            await self._desk.say(address, await self._cancelled(jobs))
        elif command.action is Action.START:
            await self._desk.say(address, _(captions.START))
        else:
            await self._desk.say(address, self._help(community is not None))

    def _help(self, community: bool) -> str:
        return captions.help_text(self._desk.usage(community=community), community=community)

    async def _press(self, press: Press) -> Told:
        request = press.request
        if press.data.startswith(administration.PREFIX):
            return Told(await self._administration.press(press))
        found = await self._lab.buttons.find(press.data)
        if found is None:
            return Told(_(captions.TOO_OLD))
        offer, choice = found
        if (offer.platform, offer.user) != (self._desk.platform, request.user):
            return Told(_(captions.NOT_YOURS))
        if choice is Choice.CANCEL:
            jobs = await self._lab.queue.of_user(self._desk.platform, offer.user)
            return Told(await self._cancelled([job for job in jobs if job.id == offer.job]))
        if choice is Choice.WHY:
            return Told(offer.why or _(captions.NO_WHY))
        if choice is Choice.ORIGINAL:
            await self._admission.check(request)
            await self._desk.resend(request.address, offer.refs)
            return Told(_(captions.ON_ITS_WAY), fleeting=True)
        admitted = await self._admission.again(request, _changed(offer.recipe, choice))
        await self.take(
            request,
            [self._desk.attachment(ref) for ref in offer.refs],
            admitted.recipe,
            allowance=admitted.allowance,
            threaded=admitted.threaded,
        )
        return Told(_(captions.ON_ITS_WAY), fleeting=True)

    async def _cancelled(self, jobs: Sequence[Job]) -> str:
        outcomes = [await self._cancel(job) for job in jobs]
        return captions.cancelled(len(outcomes) - outcomes.count(Cancelling.FINISHED))

    async def _cancel(self, job: Job) -> Cancelling:
        reply = Reply.failure(job, "cancelled", _(captions.CANCELLED))
        outcome = await self._lab.queue.cancel(job, reply)
        if outcome is Cancelling.CANCELLED:
            await self._lab.blobs.discard(photo.key for photo in job.photos)
        return outcome

    async def take(
        self,
        request: Request,
        photos: Sequence[Attachment],
        recipe: Recipe,
        *,
        allowance: Allowance = UNLIMITED,
        threaded: bool = False,
    ) -> str | None:
        """Put photos into the queue with a recipe; returns the job's id.

        None if they were turned down in words, or if this very request was taken before.
        """
        job_id = self._job_id(request.origin)
        with logs.about(job_id):
            if await self._lab.queue.known(job_id):
                return None
            return await self._take(job_id, request, photos, recipe, allowance, threaded=threaded)

    async def _take(
        self,
        job_id: str,
        request: Request,
        photos: Sequence[Attachment],
        recipe: Recipe,
        allowance: Allowance,
        *,
        threaded: bool,
    ) -> str | None:
        queue = self._lab.queue
        await queue.check_room(
            self._desk.platform,
            request.user,
            min(len(photos), MAX_PHOTOS),
            community=request.community,
            allowance=allowance,
        )
        known = await queue.status_address(job_id)
        address = known or await self._desk.open_status(
            request.address, _(captions.LOOKING), threaded=threaded
        )
        try:
            if known is None:
                await self._noted(request, keys.status(job_id), STATUS_SECONDS)
                await queue.note_status(job_id, address)
            job = await self._job(job_id, request, address, photos, recipe)
            self._board.watch(job)
            try:
                ticket = await queue.enqueue(job, allowance)
            except DarkroomError:
                await self._board.settle(job_id)
                await self._lab.blobs.discard(photo.key for photo in job.photos)
                raise
        except DarkroomError as error:
            metrics.REFUSALS.labels(error.code).inc()
            log.info("refused at the door: %s", error.code)
            await self._desk.update_status(address, error.text)
            return None
        if ticket.known and (taken := await queue.record(job_id)) != job:
            log.info("came twice at once")
            if taken is not None and taken.address != address:
                await self._desk.update_status(address, _(captions.ALREADY))
            return None
        log.info("queued, photos: %d, place: %d", len(job.photos), ticket.place)
        await self._board.tell(job, captions.queued(ticket))
        return job_id

    async def _job(
        self,
        job_id: str,
        request: Request,
        address: Address,
        photos: Sequence[Attachment],
        recipe: Recipe,
    ) -> Job:
        """Take the photos in and keep what the buttons under their answer will stand for."""
        now = await self._lab.queue.now()
        deadline = now + self._lab.answer_seconds
        taken = await self._intake.take(job_id, photos, deadline + self._lab.answer_seconds)
        offer = Offer(
            platform=self._desk.platform,
            user=request.user,
            refs=taken.refs,
            recipe=recipe,
            job=job_id,
        )
        await self._lab.buttons.offer(offer, button_id=job_id)
        return Job(
            id=job_id,
            platform=self._desk.platform,
            user=request.user,
            community=request.community,
            address=address,
            photos=taken.photos,
            refused=taken.refused,
            recipe=recipe,
            language=current(),
            max_bytes=request.max_bytes or self._desk.max_upload_bytes,
            created=now,
            deadline=deadline,
        )

    async def _noted(self, request: Request, key: str, seconds: float) -> None:
        await self._lab.belongings.note(self._desk.platform, request.user, key, seconds)

    def _job_id(self, origin: str) -> str:
        digest = hashlib.sha256(f"{self._desk.platform}:{origin}".encode())
        return digest.hexdigest()[:24]


def _language(request: Request, community: Community | None) -> str:
    return community.speaks(request.language) if community else matching(request.language)


def _changed(recipe: Recipe, choice: Choice) -> Recipe:
    match choice:
        case Choice.TWICE:
            return recipe.scaled_by(2)
        case Choice.FOURFOLD:
            return recipe.scaled_by(4)
        case Choice.SOFTER:
            return recipe.with_intensity(SOFTER)
        case Choice.LIGHT:
            return recipe.model_copy(update={"light": LIGHT})
        case Choice.NO_LIGHT:
            return recipe.model_copy(update={"light": 0})
        case Choice.NO_FACES:
            return recipe.model_copy(update={"faces": 0, "which_faces": None})
        case Choice.PHOTO:
            return recipe.model_copy(update={"preset": Preset.PHOTO})
        case Choice.ART:
            return recipe.model_copy(update={"preset": Preset.ART})
        case _other:
            return recipe.with_intensity(STRONGER)
