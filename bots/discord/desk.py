"""The Discord desk: says texts, keeps the status message, and turns it into the answer."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import discord

from bots.desk import Answer, Attachment, Feature, Rows, Steps, TryLater, Undeliverable
from bots.discord import faults, guilds
from bots.discord.attachments import Attachments
from bots.discord.commands import MENU
from bots.discord.counter import Counter, Expired, Sent, followed
from bots.discord.faults import Fault
from bots.discord.pace import Pace
from bots.discord.place import Place, nonce
from bots.discord.posts import Post, answer_posts, file_posts
from bots.discord.reader import UPLOAD_MAX
from bots.parcels import Upload
from core.captions import size
from core.jobs import Address
from core.language import N_, _

DOWNLOAD_MAX = 500 * 1024 * 1024
PRIVATE_SECONDS, GUILD_SECONDS = 1.5, 2.5
NO_FILES = N_(
    "This channel does not let me send files. An administrator can allow it: channel settings → "
    "Permissions → Attach Files."
)
TOO_LARGE = N_(
    "Your photo is finished, but too large for this channel. Please try again with a smaller "
    "scale, or ask for a JPEG."
)
BELOW = N_("Finished: the answer is in a message of its own.")
IN_THREAD = N_("The answer comes in this thread.")
THREAD_NAME = N_("Enhanced photo")
NOT_AGAIN = N_("{name} has {size}, more than I may send here. It is still where you sent it.")
_FLEETING_SECONDS = 5.0
_REMEMBERED = 4096

_log = logging.getLogger(__name__)


class DiscordDesk:
    """Implements bots.desk.Desk with one bot, which shows and edits messages at the counter."""

    platform = "discord"
    max_upload_bytes = UPLOAD_MAX
    max_download_bytes = DOWNLOAD_MAX

    def __init__(
        self,
        client: discord.Client,
        attachments: Attachments,
        counter: Counter,
        *,
        pace: Pace | None = None,
        private_seconds: float = PRIVATE_SECONDS,
        guild_seconds: float = GUILD_SECONDS,
    ) -> None:
        self.attachments = attachments
        self._client = client
        self._counter = counter
        self._pace = pace or Pace()
        self._seconds = (private_seconds, guild_seconds)
        self._answered: OrderedDict[int, None] = OrderedDict()

    @property
    def lacks(self) -> Mapping[Feature, str]:
        """Nothing: Discord has them all."""
        return {}

    def usage(self, *, community: bool) -> str:
        """How one asks for a photo: a command cannot answer a message here."""
        if not community:
            return _("Send a photo, alone or with a command beside it, or use /enhance.")
        return _(
            "Use /enhance with a photo, or open the menu of a message with a photo: "
            "Apps → {entry}, or mention me beside a photo."
        ).format(entry=_(MENU))

    def status_interval(self, address: Address) -> float:
        """Seconds between two edits; a channel takes five in five seconds from all requests."""
        place = Place.of(address)
        return self._seconds[0 if place.guild is None or place.token else 1]

    def attachment(self, ref: str) -> Attachment:
        """The photo behind a ref that was kept."""
        return self.attachments.at(ref)

    async def unseen(self, address: Address, channel: str | None = None) -> str | None:
        """Why the bot does not see every photo there; a missing intent or permission."""
        place = Place.of(address)
        if place.guild is None:
            return None
        intent = self._client.intents.message_content
        return guilds.unseen(
            self._client, place.guild, int(channel or place.channel), intent=intent
        )

    async def say(self, address: Address, text: str, buttons: Rows = ()) -> None:
        """Answer what asked, in the open response of an interaction if there is one.

        Among others that response is taken back, and who asked alone is answered: there is nothing
        for the others to see.
        """
        place, post = Place.of(address), Post(text, buttons=buttons)
        if self._open(place):
            try:
                if place.shared:
                    await self._instead(place, post)
                else:
                    await self._counter.edit(place, post)
            except (Expired, discord.HTTPException) as error:
                if isinstance(error, discord.HTTPException) and not _lost(error):
                    raise
            else:
                self._close(place)
                return
        await self._counter.send(place, post, place.nonce("say", text))

    async def open_status(self, address: Address, text: str, *, threaded: bool = False) -> Address:
        """Show the status message, in a thread of its own if wanted and allowed."""
        place = Place.of(address)
        if threaded and place.guild is not None and not place.hidden:
            place = await self._in_thread(place)
        if self._open(place):
            try:
                sent = await self._counter.edit(place, Post(text))
            except (Expired, discord.HTTPException) as error:
                if isinstance(error, discord.HTTPException) and not _lost(error):
                    raise
            else:
                self._close(place)
                return replace(place, status=sent.message, deferred=False).address()
        sent = await self._counter.send(place, Post(text), place.nonce("status"))
        return followed(place, sent).address()

    async def update_status(
        self, address: Address, text: str, buttons: Rows = (), *, fleeting: bool = False
    ) -> None:
        """Change the status message; gone is no error. Raises TryLater for a fleeting text."""
        place, post = Place.of(address), Post(text, buttons=buttons)
        if fleeting and not self._pace.allows(place.asked if place.token else place.here):
            raise TryLater("the channel has had enough edits for now")
        try:
            async with asyncio.timeout(_FLEETING_SECONDS if fleeting else None):
                await self._change(place, post)
        except Expired:
            _log.debug("a status message can be changed no more")
        except TimeoutError as error:
            if not fleeting:
                raise
            raise TryLater("the edit waited too long") from error
        except discord.HTTPException as error:
            if fleeting and error.status == 429:
                raise TryLater("Discord asks for patience") from error
            if not (_lost(error) or faults.hopeless(error)):
                raise

    async def deliver(self, address: Address, answer: Answer, steps: Steps) -> None:
        """Turn the status message into the answer, then send what has no place in it.

        Raises TryLater while Discord asks for patience or cannot be reached at all; a failure of
        this one answer while Discord is there is raised as it is.
        """
        try:
            await self._deliver(Place.of(address), answer, steps)
        except faults.FAULTS as error:
            if faults.expired(error) or not faults.transient(error):
                raise
            if _patience(error) or not await self._reachable():
                raise TryLater(faults.words(error)) from error
            raise

    async def resend(self, address: Address, refs: Sequence[str]) -> None:
        """Send photos once more with their very bytes; one that is too large is told in words."""
        place = Place.of(address)
        most = guilds.file_limit(self._client, None if place.outside else place.guild)
        uploads, notes = [], []
        for ref in refs:
            photo = self.attachments.at(ref)
            data = await photo.fetch()
            if len(data) > most:
                notes.append(_(NOT_AGAIN).format(name=photo.name, size=size(len(data))))
            else:
                uploads.append(Upload(photo.name, data))
        posts = file_posts(uploads) or [Post()]
        posts[0] = replace(posts[0], text="\n".join(notes))
        for number, post in enumerate(posts):
            await self._counter.send(place, post, place.nonce("original", number))

    async def release(self, address: Address) -> None:
        """Take back the response of an interaction that was met with silence."""
        place = Place.of(address)
        if self._open(place):
            self._close(place)
            try:
                await self._counter.take_back(place)
            except faults.FAULTS as error:
                _log.info("an empty response stays: %s", faults.words(error))

    async def _instead(self, place: Place, post: Post) -> None:
        """Show a post to who asked alone in place of a response that all would see.

        The response goes first, since Discord shows what follows an empty one to the same people.
        """
        try:
            await self._counter.take_back(place)
        except discord.HTTPException as error:
            if not faults.gone(error):  # an earlier attempt may have come so far
                raise
        await self._counter.whisper(place, post)

    async def _deliver(self, place: Place, answer: Answer, steps: Steps) -> None:
        first, *others = answer_posts(answer)
        job = answer.reply.job
        try:
            sent = await self._turn(place, first, job, "answer", steps)
        except discord.HTTPException as error:
            text = _refused(error)
            if text is None:
                raise
            await self._last_word(place, text, job, steps)
            return
        for number, post in enumerate(others, 1):
            await self._add(place, sent, post, job, f"more-{number}", steps)

    async def _turn(self, place: Place, post: Post, job: str, part: str, steps: Steps) -> Sent:
        """Edit the status message into a post, or send it anew where that cannot be any more."""

        async def show() -> str:
            over = place.token is not None and not self._counter.alive(place)
            if not over:
                try:
                    return str(await self._counter.edit(place, post))
                except Expired:
                    pass
                except discord.HTTPException as error:
                    if not _lost(error):
                        raise
            waiting = over or place.token is not None
            told = post.mentioning(place.user if waiting and place.guild is not None else None)
            return str(await self._counter.send(place, told, nonce(job, part)))

        sent = Sent.parse(await steps.once(part, show))
        if place.status is not None and sent.message != place.status and not place.hidden:
            await self._point(place)
        return sent

    async def _add(
        self, place: Place, after: Sent, post: Post, job: str, part: str, steps: Steps
    ) -> None:
        async def send() -> str:
            try:
                return str(await self._counter.send_on(place, after, post, nonce(job, part)))
            except discord.HTTPException as error:
                text = _refused(error)
                if text is None:
                    raise
            return str(await self._counter.send_on(place, after, Post(text), nonce(job, part)))

        await steps.once(part, send)

    async def _last_word(self, place: Place, text: str, job: str, steps: Steps) -> None:
        try:
            await self._turn(place, Post(text), job, "text", steps)
        except discord.HTTPException as error:
            if faults.hopeless(error):
                raise Undeliverable(faults.words(error)) from error
            raise

    async def _point(self, place: Place) -> None:
        """Let a status message that outlived its interaction say that the answer is elsewhere."""
        try:
            await self._counter.edit(replace(place, token=None), Post(_(BELOW)))
        except (Expired, *faults.FAULTS) as error:
            _log.info("a status message stays as it is: %s", type(error).__name__)

    async def _in_thread(self, place: Place) -> Place:
        """A place in a thread on what asked, or the same one where that is not allowed."""
        starter = place.status if place.deferred else place.message
        if starter is None:
            return place
        try:
            if self._open(place):
                await self._counter.edit(place, Post(_(IN_THREAD)))
                thread = await self._counter.begin_thread(place, starter, _(THREAD_NAME))
                self._close(place)
            else:
                thread = await self._counter.begin_thread(place, starter, _(THREAD_NAME))
        except (Expired, discord.HTTPException) as error:
            if isinstance(error, discord.HTTPException) and faults.transient(error):
                raise
            _log.info("no thread: %s", type(error).__name__)
            return place
        return replace(place, thread=thread, token=None, original=False, deferred=False)

    async def _change(self, place: Place, post: Post) -> None:
        try:
            await self._counter.edit(place, post)
        except discord.HTTPException as error:
            if not faults.expired(error) or place.token is None:
                raise
        else:
            return
        await self._counter.edit(replace(place, token=None), post)

    async def _reachable(self) -> bool:
        """Whether Discord answers at all.

        An upload that always fails is not harmless to repeat without end, an outage is.
        """
        try:
            await self._client.application_info()
        except faults.FAULTS:
            return False
        return True

    def _open(self, place: Place) -> bool:
        """Whether the interaction has a response in which nothing was shown yet."""
        return place.deferred and self._counter.alive(place) and place.asked not in self._answered

    def _close(self, place: Place) -> None:
        self._answered[place.asked] = None
        while len(self._answered) > _REMEMBERED:
            self._answered.popitem(last=False)


def _lost(error: discord.HTTPException) -> bool:
    """The message to edit is not there any more, or not for this interaction."""
    return faults.gone(error) or faults.expired(error)


def _refused(error: discord.HTTPException) -> str | None:
    """What to say where Discord does not take the files, None if that is not it."""
    if faults.too_large(error):
        return _(TOO_LARGE)
    return _(NO_FILES) if faults.files_forbidden(error) else None


def _patience(error: Fault) -> bool:
    limited = isinstance(error, discord.RateLimited)
    return limited or (isinstance(error, discord.HTTPException) and error.status == 429)
