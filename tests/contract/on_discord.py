"""Discord: the real discord.py against API, gateway and CDN in this process."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, cast

import discord

from bots.conversation import Lab
from bots.desk import Desk, Feature
from bots.discord.app import run
from bots.discord.attachments import Attachments
from bots.discord.counter import Counter
from bots.discord.desk import DiscordDesk
from bots.passages import passages
from tests.bots.discord.conftest import ready, settings, tempo
from tests.contract import platform as contract
from tests.contract.bench import size_of
from tests.contract.platform import Moment, Photo, Seen, Trouble, Window
from tests.contract.running import Running
from tests.doubles import discord as double
from tests.doubles.discord import DiscordServer, Fault, Interaction, Message, NotAllowed, Upload

_ROUTES = {
    Moment.OPENING: "POST /channels/{channel_id}/messages",
    Moment.ANSWER: "PATCH /channels/{channel_id}/messages/{message_id}",
}
_FAULTS = {
    Trouble.LIMITED: Fault(retry_after=0.05),
    Trouble.BROKEN: Fault(status=500),
    Trouble.CLOSED: Fault(close=True),
    Trouble.LOST: Fault(close=True, after=True),
}
_ESCAPED = re.compile(r"\\([\\*_~|`>\-#\[\]()])")

Asked = Message | Interaction


class Person:
    """Somebody in a Discord channel."""

    def __init__(self, person: double.Person, channel: double.Channel) -> None:
        guild = channel.guild
        self.most_bytes = person.server.limits.file if guild is None else guild.file_limit
        self._person = person
        self._channel = channel
        self._inside = guild is not None

    def send(self, *photos: Photo, text: str = "") -> Asked:
        uploads = [Upload(photo.name, photo.data, photo.media_type) for photo in photos]
        if text.startswith("/") and len(uploads) == 1:
            return self._slash(text, {"photo": uploads[0]})
        called = bool(text) and self._inside
        return self._person.message(self._channel, text, uploads, mention_bot=called)

    def answer(self, asked: Asked, text: str) -> Asked:
        assert isinstance(asked, Message)
        return self._person.message(self._channel, text, mention_bot=self._inside, reply_to=asked)

    def say(self, text: str) -> None:
        if not text.startswith("/"):
            self._person.message(self._channel, text)
            return
        try:
            self._slash(text, {})
        except NotAllowed:  # the client hides the command, but it can be typed
            self._person.message(self._channel, text, mention_bot=self._inside)

    def press(self, message: Seen, label: str) -> None:
        self._person.press(message.key, label)

    def choose(self, entry: str, asked: Asked) -> None:
        """Choose an entry of a message's menu."""
        assert isinstance(asked, Message)
        self._person.context_menu(entry, asked)

    def delete(self, asked: Asked) -> None:
        assert isinstance(asked, Message)
        self._person.delete(asked)

    def wipe(self) -> None:
        for shown in self._shown():
            self._person.delete(shown)

    def sees(self) -> list[Seen]:
        return [
            _seen(shown, threaded=shown.channel_id != self._channel.channel_id)
            for shown in self._shown()
        ]

    def told(self) -> list[str]:
        return [seen.text for seen in self.sees()]

    def _slash(self, text: str, options: dict[str, Any]) -> Interaction:
        """A command as Discord's client builds it: subcommands by name, the rest as options."""
        name, *words = text.removeprefix("/").split()
        if name == "darkroom":
            rule, *values = words or ["settings"]
            chosen = {"value": " ".join(values)} if values else {}
            return self._person.slash(f"{name} {rule}", self._channel, chosen)
        chosen = {"words": " ".join(words)} if words else {}
        return self._person.slash(name, self._channel, options | chosen)

    def _shown(self) -> list[double.Shown]:
        name = self._person.server.bot.username
        places = [self._channel, *self._channel.threads]
        every = [shown for place in places for shown in self._person.sees(place)]
        return [shown for shown in every if shown.author == name]


class Community:
    """A server with a channel."""

    def __init__(self, server: DiscordServer, guild: double.Guild) -> None:
        self.id = str(guild.guild_id)
        self._server, self._guild = server, guild
        self._channel = guild.channel()
        self.role = f"<@&{guild.role('Editors').role_id}>"

    def member(self, name: str = "Ada") -> Person:
        person = self._server.person(name)
        self._guild.join(person)
        return Person(person, self._channel)

    def admin(self) -> Person:
        person = self._server.person("Ann")
        self._guild.join(person, self._guild.role("Keepers", double.Permission.MANAGE_GUILD))
        return Person(person, self._channel)

    def add_bot(self) -> None:
        self._guild.add_bot()


class Discord:
    """Discord with our bot."""

    name = "discord"
    at = ""
    notes: tuple[str, ...] = ("answer",)
    windows: frozenset[Window] = frozenset()

    def __init__(self, server: DiscordServer, lab: Lab, redis_url: str) -> None:
        self.server = server
        self.until = server.until
        self.faults = server.faults
        self._lab, self._redis_url = lab, redis_url

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls, lab: Lab, redis_url: str) -> AsyncIterator["contract.Platform"]:
        """A Discord of its own."""
        async with DiscordServer() as server:
            yield cls(server, lab, redis_url)

    @property
    def lacks(self) -> Mapping[Feature, str]:
        client = discord.Client(intents=discord.Intents.none())
        attachments = Attachments(client, cast("Any", None), max_bytes=1)
        desk: Desk = DiscordDesk(client, attachments, Counter(client))
        return desk.lacks

    @contextlib.asynccontextmanager
    async def bot(self) -> AsyncIterator[Running]:
        stop = asyncio.Event()
        work = run(settings(self.server), self._lab, stop, redis_url=self._redis_url, tempo=tempo())
        async with Running(work, stop) as running:
            await ready(self.server)
            yield running

    def private(self, name: str = "Ada") -> Person:
        person = self.server.person(name)
        return Person(person, person.private())

    def community(self, *, bot: bool = True) -> Community:
        return Community(self.server, self.server.guild(bot=bot))

    def trouble(self, moment: Moment, trouble: Trouble) -> None:
        self.server.fail(_ROUTES[moment], _FAULTS[trouble])

    def tries(self, moment: Moment) -> int:
        return len(self.server.called(*_ROUTES[moment].split()))

    until: Callable[..., Any]


def _read(text: str) -> str:
    """A text as Discord's client shows it: escaped marks as themselves, code untouched."""
    return "".join(
        _ESCAPED.sub(r"\1", part.text) if part.code is None else part.text
        for part in passages(text)
    )


def _seen(shown: double.Shown, *, threaded: bool) -> Seen:
    return Seen(
        text=_read(shown.text),
        files=tuple(file.data for file in shown.files),
        pictures=tuple(size_of(file.data) for file in shown.gallery),
        buttons=tuple(shown.buttons),
        threaded=threaded,
        key=shown,
    )
