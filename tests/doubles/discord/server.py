"""One application on a Discord of its own, on a free local port."""

import asyncio
import base64
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.doubles.discord.cdn import Cdn
from tests.doubles.discord.channels import Channel
from tests.doubles.discord.commands import Commands
from tests.doubles.discord.description import description
from tests.doubles.discord.gateway import Gateway
from tests.doubles.discord.guilds import Guild
from tests.doubles.discord.intents import FLAGS, Intent
from tests.doubles.discord.interactions import Interaction
from tests.doubles.discord.people import Person
from tests.doubles.discord.permissions import USUAL, Permission
from tests.doubles.discord.rest import Call, Fault, Rest, cut_off
from tests.doubles.discord.routes import ROUTES
from tests.doubles.discord.rules import Json, Limits, Refused
from tests.doubles.discord.users import Snowflakes, User

WAIT_SECONDS = 20.0
_PREFIX = "/api/v10"
_MOST_BYTES = 1 << 30


class DiscordServer:
    """Discord with one bot: the REST API, the gateway and the CDN.

    `calls` lists every request; `faults` what the published description says is wrong with
    requests, answers and events, and requests to routes that the double lacks. `privileged` are
    the intents switched on for the application. `seconds` is the double's own time, which only
    `advance` moves.
    """

    def __init__(self, *, username: str = "Darkroom") -> None:
        self.limits = Limits()
        self.ids = Snowflakes()
        self.bot = User(self.ids.next(), username, username, bot=True)
        self.application_id = self.bot.user_id
        identity = base64.urlsafe_b64encode(str(self.bot.user_id).encode()).decode().rstrip("=")
        self.token = f"{identity}.Gdarkr.double-double-double-double-double12"
        self.privileged = Intent.MESSAGE_CONTENT
        self.people: dict[int, Person] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.interactions: dict[str, Interaction] = {}
        self.commands = Commands(self.ids, self.application_id)
        self.cdn = Cdn()
        self.gateway = Gateway(self)
        self.calls: list[Call] = []
        self.faults: list[str] = []
        self.downloads: list[str] = []
        self.seconds = 0.0
        self.url = ""
        self._gateway_host = ""
        self._rest = Rest(self, ROUTES)
        self._changed = asyncio.Condition()
        self._notices: set[asyncio.Task[None]] = set()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=_MOST_BYTES)
        self._rest.add_to(application.router, _PREFIX)
        application.router.add_get("/gateway", self.gateway.serve)
        application.router.add_get("/resume", self.gateway.serve)
        application.router.add_get("/{place:(media/)?}{path:.*attachments/.*}", self._download)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        for _ in range(2):  # the gateway is a host of its own, so that no connection is shared
            await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        api, gateway = self._runner.addresses
        self.url = f"http://127.0.0.1:{api[1]}"
        self._gateway_host = f"ws://127.0.0.1:{gateway[1]}"
        self.cdn.base = self.url
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.gateway.stop()
        if self._runner is not None:
            await self._runner.cleanup()
        for task in self._notices:
            task.cancel()
        await asyncio.gather(*self._notices, return_exceptions=True)

    @property
    def api_url(self) -> str:
        """Where the REST API is."""
        return f"{self.url}{_PREFIX}"

    @property
    def gateway_url(self) -> str:
        """Where clients begin their sessions."""
        return f"{self._gateway_host}/gateway"

    @property
    def resume_url(self) -> str:
        """Where clients go on with their sessions."""
        return f"{self._gateway_host}/resume"

    @property
    def application_flags(self) -> int:
        """The flags of the application: which privileged intents it may use."""
        return sum(flag for intent, flag in FLAGS.items() if intent in self.privileged)

    def person(self, name: str = "Ada", *, locale: str = "en-US") -> Person:
        """Somebody new with an account."""
        person = Person(self, name, locale)
        self.people[person.user.user_id] = person
        return person

    def guild(
        self,
        name: str = "Photographers",
        *members: Person,
        bot: bool = True,
        permissions: Permission = USUAL,
        premium_tier: int = 0,
        locale: str = "en-US",
    ) -> Guild:
        """A new guild with these people, and the bot with these permissions unless left out."""
        guild = Guild(self, name, premium_tier=premium_tier, locale=locale)
        self.guilds[guild.guild_id] = guild
        for person in members:
            guild.join(person)
        if bot:
            guild.add_bot(permissions)
        return guild

    def users(self) -> list[User]:
        """Every account, the bot's first."""
        return [self.bot, *(person.user for person in self.people.values())]

    def fail(self, route: str, *faults: Fault | Refused) -> None:
        """Let the next requests of a route go wrong, in this order.

        A route is such as `POST /channels/{channel_id}/messages`, or `cdn` for downloads.
        """
        self._rest.fail(route, [Fault(refused=f) if isinstance(f, Refused) else f for f in faults])

    def refuse_gateway(self, times: int = 1, status: int | None = None) -> None:
        """Let the next connects to the gateway fail, with an HTTP status or without an answer."""
        attempts = 2 if status is None else 1  # aiohttp repeats a GET without an answer by itself
        self.gateway.refusals += [status] * (attempts * times)

    def drop_gateway(self, code: int | None = None, *, resumable: bool = True) -> None:
        """End the gateway connections with a close code, or without a word."""
        self.gateway.drop(code, resumable=resumable)

    def advance(self, seconds: float) -> None:
        """Let time pass: interactions, nonces and links grow older."""
        self.seconds += seconds
        self.cdn.now += seconds
        for interaction in self.interactions.values():
            interaction.expire()
        self.changed()

    def age_interaction(self, interaction: Interaction, seconds: float) -> None:
        """Let time pass for one interaction alone."""
        interaction.born -= seconds
        interaction.expire()

    def expire_links(self) -> None:
        """Make every link to a file handed out so far lead nowhere."""
        self.cdn.expire_links()

    def interact(self, interaction: Interaction) -> None:
        """Tell the bot of an interaction."""
        self.interactions[interaction.token] = interaction
        event, data = "INTERACTION_CREATE", interaction.described()
        resolved = data["data"].get("resolved", {})
        messages = list(resolved.get("messages", {}).values())
        for message in [*messages, *([data["message"]] if "message" in data else [])]:
            self.judge_event(message, "MessageResponse", event)
        for attachment in resolved.get("attachments", {}).values():
            self.judge_event(attachment, "MessageAttachmentResponse", event)
        self.gateway.dispatch(event, data)

    def called(self, method: str, route: str) -> list[Call]:
        """Every request of a route so far."""
        return [call for call in self.calls if (call.method, call.route) == (method, route)]

    def changed(self) -> None:
        """Wake everybody who waits in `until`."""
        try:
            task = asyncio.get_running_loop().create_task(self._notify())
        except RuntimeError:  # a world built before the loop runs, where nobody waits
            return
        self._notices.add(task)
        task.add_done_callback(self._notices.discard)

    async def until(self, condition: Callable[[], Any], seconds: float = WAIT_SECONDS) -> None:
        """Wait until something holds, looked at after every request and event."""
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: bool(condition()))
        except TimeoutError:
            seen = [view for channel in self.channels.values() for view in channel.shown()]
            calls = [f"{call.method} {call.route}" for call in self.calls]
            raise AssertionError(f"did not come true; calls {calls}; shown {seen}") from None

    def judge_event(self, data: Json, schema: str, event: str) -> None:
        """Note what the published description says is wrong with a part of an event."""
        if (judge := description()) is not None:
            self.faults += judge.faults_of(data, schema, event)

    def myself(self) -> Json:
        """The bot's own user object."""
        own = {"mfa_enabled": False, "locale": "en-US", "verified": True, "email": None}
        return self.bot.described() | own

    def application(self) -> Json:
        """The application object of the API."""
        owner = User(1, "founder", "Founder")
        return {
            "id": str(self.application_id),
            "name": self.bot.username,
            "icon": None,
            "description": "",
            "type": None,
            "bot": self.bot.described(),
            "bot_public": True,
            "bot_require_code_grant": False,
            "integration_types_config": {"0": {}, "1": {}},
            "verify_key": "00" * 32,
            "flags": self.application_flags,
            "flags_new": str(self.application_flags),
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "role_connections_verification_url": None,
            "owner": owner.described(),
            "approximate_guild_count": sum(guild.has_bot for guild in self.guilds.values()),
            "approximate_user_install_count": sum(p.installed for p in self.people.values()),
            "approximate_user_authorization_count": 0,
            "explicit_content_filter": 0,
            "team": None,
            "eligible_oauth2_scopes": [],
        }

    async def _download(self, request: web.Request) -> web.StreamResponse:
        self.downloads.append(request.path)
        self.changed()
        path = f"/{request.match_info['path']}"
        try:
            await self._rest.play("cdn")
            stored = self.cdn.at(path, dict(request.query))
        except Refused as refused:
            return web.Response(status=refused.status, text=refused.message)
        except ConnectionAbortedError:
            return cut_off(request)
        return web.Response(body=stored.data, content_type=stored.media_type)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()
