"""One Discord bot from sign-in to sign-off: connection, commands, messages, presses, servers."""

import asyncio
import contextlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import discord
from discord.http import Route

from bots.conversation import Conversation, Lab
from bots.desk import Arrival, Press, Request, Told
from bots.discord import desk as desk_room
from bots.discord.attachments import Attachments, held, held_by
from bots.discord.commands import Asked, command_tree
from bots.discord.counter import TOKEN_SECONDS, Counter
from bots.discord.desk import DiscordDesk
from bots.discord.gateway import BotClient, Waits, signed_in
from bots.discord.guilds import speaking_place
from bots.discord.handling import Handling
from bots.discord.inbox import Asked as Kept
from bots.discord.inbox import Inbox
from bots.discord.pace import Pace
from bots.discord.place import Place
from bots.discord.presses import Presses, acknowledge
from bots.discord.reader import Reader, is_inside, origin, other_kinds
from bots.discord.registration import Registration
from bots.patience import until
from bots.redaction import hidden
from bots.service import serve
from core import captions, store
from core.errors import SettingsError
from core.language import _, matching, speaking
from core.settings import DiscordSettings

STOP_SECONDS = 6.0
"""How long a stopping bot finishes what it has begun."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tempo:
    """The times (s) of one bot: status edits, tokens, waits after failures."""

    private_edits: float = desk_room.PRIVATE_SECONDS
    guild_edits: float = desk_room.GUILD_SECONDS
    token_seconds: float = TOKEN_SECONDS
    waits: Waits = field(default_factory=Waits)
    pace: Pace = field(default_factory=Pace)


async def run(
    settings: DiscordSettings,
    lab: Lab,
    stop: asyncio.Event,
    *,
    redis_url: str,
    tempo: Tempo | None = None,
) -> None:
    """Serve one bot until `stop`; raises SettingsError when Discord refuses the token.

    While Discord cannot be reached it keeps trying.
    """
    if settings.discord_token is None:
        raise SettingsError(
            "DARKROOM_DISCORD_TOKEN is not set; Discord's developer portal gives one."
        )
    token, times = settings.discord_token.get_secret_value(), tempo or Tempo()

    def client() -> BotClient:
        return BotClient(gateway_url=settings.discord_gateway_url, waits=times.waits)

    with hidden(token), _rest_at(settings.discord_api_url):
        signed = await until(stop, signed_in(token, client, times.waits.first_pause))
        if signed is not None:
            await _serve(signed, lab, stop, redis_url=redis_url, times=times)


async def _serve(
    client: BotClient, lab: Lab, stop: asyncio.Event, *, redis_url: str, times: Tempo
) -> None:
    redis = store.connect(redis_url)
    try:
        async with aiohttp.ClientSession() as web:
            bot = _Bot(client, lab, web, redis, times)

            async def listen(conversation: Conversation) -> None:
                await bot.listen(conversation, stop)

            _log.info("signed in to Discord as %s", client.user.name if client.user else None)
            await serve(bot.desk, lab, listen)  # nobody writes a command with a name behind it here
    finally:
        await client.close()
        await redis.aclose()


class _Bot:
    """Takes what happens on Discord and hands it to the conversation."""

    def __init__(
        self,
        client: BotClient,
        lab: Lab,
        web: aiohttp.ClientSession,
        redis: store.Client,
        times: Tempo,
    ) -> None:
        attachments = Attachments(client, web, max_bytes=lab.limits.max_bytes)
        self._client = client
        self._counter = Counter(client, token_seconds=times.token_seconds)
        self.desk = DiscordDesk(
            client,
            attachments,
            self._counter,
            pace=times.pace,
            private_seconds=times.private_edits,
            guild_seconds=times.guild_edits,
        )
        self._reader = Reader(client, attachments)
        self._handling = Handling(first_pause=times.waits.first_pause)
        self._tree = command_tree(client, self._command)
        self._tree.error(_command_failed)
        self._registration = Registration(
            self._tree, redis, client.application_id or 0, first_pause=times.waits.first_pause
        )
        self._inbox = Inbox(redis, client.application_id or 0, self.desk.attachment)
        self._presses = Presses(self._pressed, self._reader, self._counter)
        self._conversation: Conversation | None = None

    async def listen(self, conversation: Conversation, stop: asyncio.Event) -> None:
        """Listen until `stop`, then finish what was begun."""
        self._conversation = conversation
        conversation.forgets(self._inbox.forget)
        self._client.events = self
        aside = [
            asyncio.create_task(self._registration.run()),
            asyncio.create_task(self._take_up()),
        ]
        try:
            await until(stop, self._client.connect())
        finally:
            self._client.events = None
            self._presses.close()
            aside[0].cancel()
            await self._handling.finish(STOP_SECONDS)
            for task in aside:
                task.cancel()
            await asyncio.gather(*aside, return_exceptions=True)

    async def message(self, message: discord.Message) -> None:
        """Somebody wrote a message."""
        with self._handling.counted():
            found = self._reader.message(message)
            if found is not None:
                await self._handle(found)

    async def deleted(self, channel: int, message: int) -> None:
        """A message was deleted: a photo that it asked for is not wanted any more."""
        with self._handling.counted():
            await self._handling.run(lambda: self._talk.withdrawn(origin(channel, message)))

    async def press(self, interaction: discord.Interaction[Any], data: str) -> None:
        """Somebody pressed a button of ours."""
        with self._handling.counted(), speaking(matching(interaction.locale.value)):
            await self._handling.run(
                lambda: self._presses.take(interaction, data),
                lambda text: self._presses.tell(interaction, text),
            )

    async def guild(self, guild: discord.Guild) -> None:
        """The bot is in a server: it was there before, or was just added."""
        channel = speaking_place(guild)
        place = Place(channel=(channel or guild).id, asked=guild.id, guild=guild.id)
        arrival = Arrival(str(guild.id), place.address(), guild.preferred_locale.value)
        with self._handling.counted():
            await self._handling.run(lambda: self._talk.arrived(arrival))

    async def left(self, guild: discord.Guild) -> None:
        """The bot is not in a server any more."""
        with self._handling.counted():
            await self._handling.run(lambda: self._talk.departed(str(guild.id)))

    async def present(self, guilds: Sequence[discord.Guild]) -> None:
        """The bot is in these servers and no others: it may have been removed while it was off."""
        servers = frozenset(str(guild.id) for guild in guilds)
        with self._handling.counted():
            await self._handling.run(lambda: self._talk.present(servers))

    @property
    def _talk(self) -> Conversation:
        assert self._conversation is not None
        return self._conversation

    async def _command(self, interaction: discord.Interaction[Any], asked: Asked) -> None:
        """Acknowledge a command before anything else is asked, then answer it."""
        with self._handling.counted():
            place = await acknowledge(interaction, ephemeral=_quiet(asked))
            with speaking(matching(interaction.locale.value)):
                await self._answer(interaction, asked, place)
            await self.desk.release(place.address())

    async def _answer(
        self, interaction: discord.Interaction[Any], asked: Asked, place: Place
    ) -> None:
        if asked.message is not None:
            files = held_by(asked.message)
            # without the intent Discord shows the bot no files of a message that it asks for
            lasting = is_inside(interaction) and self._client.intents.message_content
            photos = self._reader.in_message(asked.message, lasting=lasting)
        else:
            files = [held(asked.photo)] if asked.photo else []
            photos = self._reader.in_option(files)
        request = self._reader.interaction(
            interaction, place, asked.text, photos, other_kinds(files)
        )
        await self._handle(request)

    async def _handle(self, request: Request) -> None:
        await self._inbox.keep(request)
        await self._handling.run(
            lambda: self._talk.handle(request), lambda text: self.desk.say(request.address, text)
        )
        await self._inbox.done(request)

    async def _pressed(self, press: Press) -> Told:
        await self._inbox.keep(press)
        try:
            return await self._talk.press(press)
        finally:
            task = asyncio.current_task()
            if task is not None and not task.cancelling():
                await self._inbox.done(press)

    async def _take_up(self) -> None:
        """Handle what an earlier process has begun and not finished."""
        with self._handling.counted():
            try:
                again, given_up = await self._inbox.left()
            except (store.RedisError, OSError) as error:
                _log.warning("requests left behind stay so: %s", type(error).__name__)
                return
            if again:
                _log.info("%d requests are left from before the restart", len(again))
            await asyncio.gather(*(self._anew(asked) for asked in again))
            for asked in given_up:
                await self._give_up(asked)

    async def _anew(self, asked: Kept) -> None:
        if isinstance(asked, Request):
            await self._handle(asked)
            return

        async def press() -> None:
            await self._pressed(asked)

        await self._handling.run(press)

    async def _give_up(self, asked: Kept) -> None:
        _log.error("a request never came to its end and is given up")
        request = asked.request if isinstance(asked, Press) else asked
        with speaking(matching(request.language)):
            text = _(captions.LOST)
            await self._handling.run(lambda: self.desk.say(request.address, text))
        await self._inbox.done(asked)


def _quiet(asked: Asked) -> bool:
    """Whether the asker alone sees the answer."""
    if asked.message is not None and not any(file.photo for file in held_by(asked.message)):
        return True
    return asked.ephemeral or (asked.photo is not None and not held(asked.photo).photo)


async def _command_failed(
    interaction: discord.Interaction[Any], error: discord.app_commands.AppCommandError
) -> None:
    """What the library could not make sense of, such as a command that is there no more."""
    _log.warning("a command could not be taken: %s", type(error).__name__, exc_info=error)


@contextlib.contextmanager
def _rest_at(url: str) -> Iterator[None]:
    """Within this context the library calls the API at `url`, which it keeps in one place only."""
    before = Route.BASE
    Route.BASE = url
    try:
        yield
    finally:
        Route.BASE = before
