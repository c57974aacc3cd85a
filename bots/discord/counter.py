"""Messages put where they belong: an interaction's response, a channel, a private conversation."""

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Self, cast

import discord

from bots.desk import Undeliverable
from bots.discord import faults
from bots.discord.faults import Fault
from bots.discord.place import Place
from bots.discord.posts import Post

TOKEN_SECONDS = 14.5 * 60
"""How long an interaction's token is used; Discord takes it for 15 minutes."""
ORIGINAL = "@original"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sent:
    """A message of ours: where it is, and whether Discord shows it as an interaction's."""

    channel: int
    message: int
    hidden: bool = False

    def __str__(self) -> str:
        return f"{self.channel}:{self.message}:{int(self.hidden)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The message behind `str(sent)`."""
        channel, message, hidden = text.split(":")
        return cls(int(channel), int(message), hidden == "1")


class Counter:
    """Sends and edits for one bot; each method raises what Discord answers."""

    def __init__(self, client: discord.Client, *, token_seconds: float = TOKEN_SECONDS) -> None:
        self._client = client
        self._token_seconds = token_seconds

    def alive(self, place: Place) -> bool:
        """Whether the place's interaction can still be answered."""
        if place.token is None or place.issued is None:
            return False
        return time.time() < place.issued + self._token_seconds

    async def edit(self, place: Place, post: Post) -> Sent:
        """Change the status message; raises Expired where only the interaction could have."""
        if self.alive(place):
            target = ORIGINAL if place.original or place.status is None else place.status
            edited = await self._hook(place).edit_message(
                cast("int", target),  # the library's own ids pass as they are, so does @original
                view=post.view(),
                attachments=post.uploads(),
                allowed_mentions=post.mentions(),
            )
            return Sent(edited.channel.id, edited.id, place.hidden)
        if place.hidden or place.status is None:
            raise Expired
        changed = (
            await self._channel(place)
            .get_partial_message(place.status)
            .edit(view=post.view(), attachments=post.uploads(), allowed_mentions=post.mentions())
        )
        return Sent(place.here, changed.id)

    async def send(self, place: Place, post: Post, nonce: str) -> Sent:
        """Send a new message: beside the others if the bot may, else privately.

        It is sent once however often it is repeated with the same nonce, within the minutes that
        Discord remembers it. Raises Undeliverable when there is no way at all.
        """
        ways: list[Callable[[], Awaitable[Sent]]] = []
        if not place.hidden:
            ways.append(lambda: self._to_channel(place, post, nonce))
        if self.alive(place):
            ways.append(lambda: self._follow(place, post))
        if place.user is not None and (place.hidden or place.application is not None):
            user = place.user
            ways.append(lambda: self._to_person(user, post, nonce))
        refused: Fault | None = None
        for way in ways:
            try:
                return await way()
            except faults.FAULTS as error:
                if not (faults.expired(error) or faults.hopeless(error)):
                    raise
                _log.info("a message has no place: %s", faults.words(error))
                refused = error
        raise Undeliverable(faults.words(refused) if refused else "no way there") from refused

    async def send_on(self, place: Place, after: Sent, post: Post, nonce: str) -> Sent:
        """Send a further message of the same answer, where the one before went."""
        if after.hidden:
            return await self.send(place, post, nonce)
        channel = self._client.get_partial_messageable(after.channel, guild_id=place.guild)
        return await _posted(channel, post, nonce, None)

    async def whisper(self, place: Place, post: Post) -> None:
        """Show something to who pressed or asked alone, while the interaction lives."""
        await self._hook(place).send(
            view=post.view(), allowed_mentions=post.mentions(), ephemeral=True, wait=True
        )

    async def take_back(self, place: Place) -> None:
        """Remove the interaction's response, in which nothing was shown."""
        if self.alive(place):
            await self._hook(place).delete_message(cast("int", ORIGINAL))

    async def begin_thread(self, place: Place, message: int, name: str) -> int:
        """Begin a thread on a message and return its id; one that is there already serves."""
        channel = self._client.get_partial_messageable(place.channel, guild_id=place.guild)
        try:
            thread = await channel.get_partial_message(message).create_thread(name=name)
        except discord.HTTPException as error:
            if faults.thread_there(error):
                return message
            raise
        return thread.id

    async def _to_channel(self, place: Place, post: Post, nonce: str) -> Sent:
        asking = None if place.thread else place.message or place.status
        reference = asking and discord.MessageReference(
            message_id=asking,
            channel_id=place.channel,
            guild_id=place.guild,
            fail_if_not_exists=False,
        )
        try:
            return await _posted(self._channel(place), post, nonce, reference or None)
        except discord.HTTPException as error:
            if not faults.no_history(error):
                raise
        return await _posted(self._channel(place), post, nonce, None)

    async def _follow(self, place: Place, post: Post) -> Sent:
        sent = await self._hook(place).send(
            view=post.view(),
            files=post.uploads(),
            allowed_mentions=post.mentions(),
            ephemeral=place.ephemeral,
            wait=True,
        )
        return Sent(sent.channel.id, sent.id, hidden=True)

    async def _to_person(self, user: int, post: Post, nonce: str) -> Sent:
        conversation = await self._client.create_dm(discord.Object(user))
        return await _posted(conversation, post.mentioning(None), nonce, None)

    def _channel(self, place: Place) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(place.here, guild_id=place.guild)

    def _hook(self, place: Place) -> discord.Webhook:
        # what Interaction.followup makes, from what is known after a restart
        data: Any = {"id": place.application, "type": 3, "token": place.token}
        return discord.Webhook.from_state(data, state=self._client._connection)


class Expired(Exception):
    """The interaction's quarter of an hour is over, and only it could have changed the message."""


def followed(place: Place, sent: Sent) -> Place:
    """The place with a message just sent as its status."""
    if sent.hidden:
        return replace(place, status=sent.message, original=False, deferred=False)
    moved = place.shown(sent.message)
    if sent.channel == place.here:
        return moved
    return replace(moved, thread=sent.channel, ephemeral=False, outside=False)


async def _posted(
    channel: discord.abc.Messageable,
    post: Post,
    nonce: str,
    reference: discord.MessageReference | None,
) -> Sent:
    options: dict[str, Any] = {} if reference is None else {"reference": reference}
    sent = await channel.send(
        view=post.view(),
        files=post.uploads(),
        nonce=nonce,
        allowed_mentions=post.mentions(),
        **options,
    )
    return Sent(sent.channel.id, sent.id)
