"""Communities: groups and servers with the settings that their administrators chose."""

from collections.abc import AsyncIterator, Callable
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field
from redis.exceptions import WatchError

from core import keys
from core.errors import DarkroomError
from core.jobs import UnknownVersion, Value
from core.language import _, matching
from core.recipe import PLAIN, SCALES, Recipe
from core.store import Client, spoken

__all__ = [
    "FORGOTTEN_SECONDS",
    "UNLIMITED",
    "Allowance",
    "Answers",
    "Communities",
    "Community",
    "Mode",
    "Who",
]

FORGOTTEN_SECONDS = 30 * 24 * 3600
"""The grace time: a community that the bot has left is remembered for so long."""
LANGUAGE_AUTO = "auto"
CHANNELS_MAX = 100


class Mode(StrEnum):
    """Which photos are enhanced: those with a command, or every one."""

    COMMAND = "command"
    EVERY = "every"


class Who(StrEnum):
    """Who may use the bot."""

    EVERYONE = "everyone"
    ADMINS = "admins"
    ROLE = "role"


class Answers(StrEnum):
    """Where answers go: under the message that asked, or into a thread of its own."""

    REPLY = "reply"
    THREAD = "thread"


class Allowance(Value):
    """What a member may have: photos within 24 hours and seconds between two requests.

    0 is no limit.
    """

    daily: int = 0
    cooldown: int = 0


UNLIMITED = Allowance()


class Community(Value):
    """One community's settings, schema version 1.

    `channels` are the channels or topics in which every photo is enhanced, empty for all of them;
    they count in `Mode.EVERY` alone. `commands` are the allowed ones, None for all. `daily` is in
    photos a member within 24 hours, `cooldown` in seconds, 0 being no limit. `language` is a code
    or `auto`: each member's own.
    """

    v: Literal[1] = 1
    platform: str
    id: str
    enabled: bool = False
    introduced: bool = False
    mode: Mode = Mode.COMMAND
    channels: tuple[str, ...] = Field(default=(), max_length=CHANNELS_MAX)
    recipe: Recipe = PLAIN
    recipe_words: str = ""
    commands: tuple[str, ...] | None = Field(default=None, min_length=1)
    largest_scale: int = Field(default=max(SCALES), ge=1, le=max(SCALES))
    daily: int = Field(default=30, ge=0, le=10_000)
    cooldown: int = Field(default=0, ge=0, le=24 * 3600)
    admins_exempt: bool = True
    who: Who = Who.EVERYONE
    role: str | None = None
    answers: Answers = Answers.REPLY
    collage: bool = True
    language: str = LANGUAGE_AUTO

    @property
    def allowance(self) -> Allowance:
        """What each member may have."""
        return Allowance(daily=self.daily, cooldown=self.cooldown)

    def wants_every_photo(self, channel: str | None) -> bool:
        """Whether photos in this channel are enhanced without being asked for."""
        chosen = not self.channels or (channel or MAIN_CHANNEL) in self.channels
        return self.enabled and self.mode is Mode.EVERY and chosen

    def speaks(self, language: str | None) -> str:
        """The language of an answer to somebody whose app speaks `language`."""
        return matching(language if self.language == LANGUAGE_AUTO else self.language)


MAIN_CHANNEL = "main"
"""The name of what is no topic or channel of its own, such as a group without topics."""


class Communities:
    """Every community's settings in one Redis."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def get(self, platform: str, community: str) -> Community:
        """A community's settings, the defaults (not enabled) where nothing is kept.

        Raises DarkroomError for settings that another version of Darkroom has written.
        """
        with spoken():
            record = await self._client.get(keys.community(platform, community))
        return _read(record, platform, community)

    async def change(self, platform: str, community: str, **values: Any) -> Community:
        """Change some settings, all or none; returns the new ones.

        Raises ValidationError for a value out of range.
        """
        return await self.decide(platform, community, lambda _old: values)

    async def decide(
        self, platform: str, community: str, values: Callable[[Community], dict[str, Any]]
    ) -> Community:
        """Change what `values` makes of the settings as they are; returns the new ones.

        It is asked again where somebody else has changed them meanwhile.
        """
        key = keys.community(platform, community)
        with spoken():
            async with self._client.pipeline(transaction=True) as pipe:
                while True:
                    try:
                        await pipe.watch(key)
                        old = _read(await pipe.get(key), platform, community)
                        new = Community.model_validate(old.model_dump() | values(old))
                        pipe.multi()  # type: ignore[no-untyped-call]
                        pipe.set(key, new.to_json(), keepttl=True)
                        await pipe.execute()
                    except WatchError:
                        continue
                    return new

    async def forget_later(self, platform: str, community: str) -> None:
        """Forget a community that the bot has left, `FORGOTTEN_SECONDS` from the first time on."""
        with spoken():
            await self._client.expire(
                keys.community(platform, community), FORGOTTEN_SECONDS, nx=True
            )

    async def keep(self, platform: str, community: str) -> bool:
        """Keep a community after all; returns whether the bot had left it."""
        with spoken():
            return bool(await self._client.persist(keys.community(platform, community)))

    async def move(self, platform: str, old: str, new: str) -> None:
        """A community goes on under another id; settings that were chosen there already win."""
        with spoken():
            record = await self._client.get(keys.community(platform, old))
            if record is None:
                return
            there = await self.get(platform, new)
            if there == Community(platform=platform, id=new, introduced=there.introduced):
                moved = _read(record, platform, old).model_copy(update={"id": new})
                await self._client.set(keys.community(platform, new), moved.to_json())
            await self._client.delete(keys.community(platform, old))
            async for key in self._client.scan_iter(match=keys.taken(platform, old, "*")):
                user = key.rpartition(":")[2]
                await self._client.rename(key, keys.taken(platform, new, user))

    async def first_time(self, platform: str, community: str, user: str, seconds: float) -> bool:
        """Whether a member was not told to wait within the last `seconds`; notes that they are."""
        key = keys.told(platform, community, user)
        with spoken():
            return bool(await self._client.set(key, "1", px=max(1, round(seconds * 1000)), nx=True))

    async def all(self, platform: str | None = None) -> AsyncIterator[Community]:
        """Every community that is kept, or those of one platform, in no order.

        Raises DarkroomError like `get`.
        """
        with spoken():
            async for key in self._client.scan_iter(match=keys.community(platform or "*", "*")):
                record = await self._client.get(key)
                _, _, kind, community = key.split(":", 3)
                if record is not None:
                    yield _read(record, kind, community)


def _read(record: str | None, platform: str, community: str) -> Community:
    if record is None:
        return Community(platform=platform, id=community)
    try:
        return Community.from_json(record)
    except UnknownVersion as error:
        raise DarkroomError(
            _(
                "The settings of this group were written by another version of Darkroom. "
                "Please tell whoever runs it."
            ),
            code="other_version",
        ) from error
