"""One bot's connection to Discord's gateway, through every failure that may pass."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket, ReconnectWebSocket

from bots.discord import faults
from bots.discord.buttons import PressButton
from bots.patience import growing
from core.errors import SettingsError

WRONG_TOKEN = (
    "DARKROOM_DISCORD_TOKEN: Discord does not know this token. The developer portal gives a new "
    "one under your application → Bot → Reset Token."
)
_TOO_MANY_SERVERS = (
    "This bot is in more servers than one connection may serve (2,500); Darkroom has no shards yet."
)
_OPEN_SECONDS, _CLOSE_SECONDS = 60.0, 2.0
_BAD_TOKEN, _NEEDS_SHARDS, _REFUSED_INTENTS = 4004, (4010, 4011), (4013, 4014)

_log = logging.getLogger(__name__)


class Events(Protocol):
    """What happens on Discord, handed over one by one."""

    async def message(self, message: discord.Message) -> None:
        """Somebody wrote a message."""
        ...

    async def deleted(self, channel: int, message: int) -> None:
        """A message was deleted, whoever wrote it."""
        ...

    async def press(self, interaction: discord.Interaction[Any], data: str) -> None:
        """Somebody pressed a button of ours."""
        ...

    async def guild(self, guild: discord.Guild) -> None:
        """The bot is in a server: it was there before, or was just added."""
        ...

    async def left(self, guild: discord.Guild) -> None:
        """The bot is not in a server any more."""
        ...

    async def present(self, guilds: Sequence[discord.Guild]) -> None:
        """The bot is in these servers, also where one is out of order, and in no others."""
        ...


@dataclass
class _Session:
    """What a broken connection is resumed by, so that Discord repeats what was missed."""

    id: str | None = None
    sequence: int | None = None
    url: yarl.URL | None = None

    def follow(self, socket: DiscordWebSocket) -> None:
        self.id, self.sequence, self.url = socket.session_id, socket.sequence, socket.gateway

    def forget(self) -> None:
        self.id = self.sequence = self.url = None


@dataclass(frozen=True)
class Waits:
    """The times (s) of a connection: until it is tried again, until a new session may begin, and
    until Discord's list of the bot's servers counts as complete.
    """

    first_pause: float = 1.0
    identify: float = 5.0
    guilds: float = 2.0


class BotClient(discord.Client):
    """discord.py's client with a connection that never gives up and asks for no more than it may.

    `gateway_url` replaces Discord's own gateway, also where a session is resumed. The intent to
    read messages is used if the application has it.
    """

    def __init__(self, *, gateway_url: str | None = None, waits: Waits | None = None) -> None:
        intents = discord.Intents.none()
        intents.guilds = intents.guild_messages = intents.dm_messages = True
        self._waits = waits or Waits()
        super().__init__(
            intents=intents,
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            allowed_mentions=discord.AllowedMentions.none(),
            guild_ready_timeout=self._waits.guilds,
        )
        self.events: Events | None = None
        self._gateway_url = None if gateway_url is None else yarl.URL(gateway_url)
        self._first = True

    async def setup_hook(self) -> None:
        """Learn after signing in what the application may read."""
        self.add_dynamic_items(PressButton)
        flags = self._connection.application_flags
        may_read = flags.gateway_message_content or flags.gateway_message_content_limited
        self._read_messages(may_read)
        if not may_read:
            _log.info("no Message Content Intent: photos that address nobody stay unseen")

    def _read_messages(self, may: bool) -> None:
        # known only after signing in, when the library has fixed its intents
        self._connection._intents.message_content = may

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Keep to one new session in 5 s."""
        if not initial:
            await asyncio.sleep(self._waits.identify)

    def dispatch(self, event: str, /, *args: Any, **kwargs: Any) -> None:
        """Tell of an event; after the sign-off the library may still count servers for a while."""
        if not self.is_closed():
            super().dispatch(event, *args, **kwargs)

    async def connect(self, *, reconnect: bool = True) -> None:
        """Stay connected until cancelled; raises SettingsError where that can never be."""
        session, failures = _Session(), 0
        while not self.is_closed():
            before = session.sequence
            cause = await self._once(session)
            failures = 0 if session.sequence != before else failures + 1
            if failures:
                log = _log.warning if failures in (1, 10, 100) else _log.info
                log("the gateway cannot be reached, trying on: %s", cause)
                await asyncio.sleep(growing(self._waits.first_pause, failures - 1))

    async def _once(self, session: _Session) -> str:
        """Hold one connection to its end and return why it ended."""
        try:
            await self._hold(session)
        except ReconnectWebSocket as error:
            if not error.resume:
                session.forget()
            return f"asked to {error.op.lower()}"
        except discord.ConnectionClosed as error:
            session.forget()
            if error.code == _BAD_TOKEN:
                raise SettingsError(WRONG_TOKEN) from None
            if error.code in _NEEDS_SHARDS:
                raise SettingsError(_TOO_MANY_SERVERS) from None
            if error.code in _REFUSED_INTENTS:
                _log.warning("Discord refuses the Message Content Intent; going on without it")
                self._read_messages(False)
            return f"closed with {error.code}"
        except faults.FAULTS as error:
            return type(error).__name__
        except Exception as error:
            # a slip of the library over one event: what comes after it is still to be had
            _log.error("the gateway's events could not be read", exc_info=error)
            return type(error).__name__
        return "ended"

    async def _hold(self, session: _Session) -> None:
        async with asyncio.timeout(_OPEN_SECONDS):
            socket = await DiscordWebSocket.from_client(
                self,
                initial=self._first,
                gateway=self._gateway_url or session.url,
                session=session.id,
                sequence=session.sequence,
                resume=session.id is not None,
            )
        self._first = False
        self.ws = socket
        code = 4000  # keeps the session, so that it can be resumed
        try:
            while True:
                await socket.poll_event()
                session.follow(socket)
        except asyncio.CancelledError:
            code = 1000
            raise
        finally:
            session.follow(socket)
            with contextlib.suppress(aiohttp.ClientError, OSError):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await socket.close(code)

    async def on_message(self, message: discord.Message) -> None:
        """Hand a message over."""
        if self.events is not None:
            await self.events.message(message)

    async def on_raw_message_delete(self, gone: discord.RawMessageDeleteEvent) -> None:
        """Hand over that a message was deleted."""
        if self.events is not None:
            await self.events.deleted(gone.channel_id, gone.message_id)

    async def on_press(self, interaction: discord.Interaction[Any], data: str) -> None:
        """Hand a press over."""
        if self.events is not None:
            await self.events.press(interaction, data)

    async def on_ready(self) -> None:
        """Hand over all servers that the bot finds itself in."""
        if self.events is not None:
            await self.events.present(self.guilds)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Hand a server over that the bot was added to."""
        if self.events is not None:
            await self.events.guild(guild)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Hand a server over that the bot finds itself in."""
        if self.events is not None:
            await self.events.guild(guild)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Hand a server over that the bot was removed from."""
        if self.events is not None:
            await self.events.left(guild)

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        """Log what no handler has caught; nobody was waiting for an answer."""
        _log.exception("an event could not be handled: %s", event_method)


async def signed_in(token: str, make: Callable[[], BotClient], first_pause: float) -> BotClient:
    """A client that is signed in; tries on while Discord cannot be reached.

    Raises SettingsError when the token is refused.
    """
    failures = 0
    while True:
        client = make()
        try:
            await client.login(token)
        except discord.LoginFailure:
            await client.close()
            raise SettingsError(WRONG_TOKEN) from None
        except faults.FAULTS as error:
            await client.close()
            log = _log.warning if failures in (0, 9, 99) else _log.info
            log("Discord cannot be reached, trying on: %s", faults.words(error))
        except BaseException:
            await client.close()
            raise
        else:
            return client
        await asyncio.sleep(growing(first_pause, failures))
        failures += 1
