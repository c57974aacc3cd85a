"""Dead letters: replies that could not be delivered, kept for whoever runs the lab."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import cast

from core import keys
from core.jobs import Reply, UnknownVersion
from core.store import Client, spoken

KEPT_SECONDS = 30 * 24 * 3600
KEPT_MOST = 10_000

# As in core.outbox, deletions come first: a Redis without memory lets the script through.
_BURY = """
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
redis.call('XDEL', KEYS[1], ARGV[2])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[5], '*', 'reply', ARGV[3], 'cause', ARGV[4])
redis.call('XTRIM', KEYS[2], 'MINID', 1000 * (redis.call('TIME')[1] - ARGV[6]))
redis.call('EXPIRE', KEYS[2], ARGV[6])
"""
_REPLAY = """
local letter = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
if not letter then return 0 end
redis.call('XDEL', KEYS[1], ARGV[1])
if ARGV[2] ~= '' then redis.call('HDEL', 'darkroom:sent:' .. ARGV[2], 'attempts') end
redis.call('XADD', KEYS[2], '*', 'reply', letter[2][2])
return 1
"""


@dataclass(frozen=True)
class Letter:
    """One dead letter: the reply's record as it was published, and why it stayed here."""

    platform: str
    entry: str
    record: str
    cause: str

    @property
    def id(self) -> str:
        """The letter's name among those of all platforms: `platform/entry`."""
        return f"{self.platform}/{self.entry}"

    @property
    def buried(self) -> float:
        """When it was given up, in Unix seconds."""
        return int(self.entry.partition("-")[0]) / 1000

    @property
    def reply(self) -> Reply | None:
        """The reply, None if it is of another version."""
        try:
            return Reply.from_json(self.record)
        except UnknownVersion:
            return None


class Letters:
    """The dead letters of every platform in one Redis; each is kept for 30 days at most."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._bury = client.register_script(_BURY)
        self._replay = client.register_script(_REPLAY)

    async def bury(self, platform: str, group: str, entry: str, record: str, cause: str) -> None:
        """Take an entry out of its stream and keep its record, with the cause in words."""
        await self._bury(
            keys=[keys.outbox(platform), keys.dead(platform)],
            args=[group, entry, record, cause, KEPT_MOST, KEPT_SECONDS],
        )

    async def expire(self, platform: str) -> int:
        """Delete the letters whose time is over; returns how many."""
        seconds, _microseconds = await self._client.time()
        oldest = 1000 * (seconds - KEPT_SECONDS)
        count: int = await self._client.xtrim(keys.dead(platform), minid=oldest, approximate=False)
        return count

    async def all(self, platform: str | None = None) -> list[Letter]:
        """The letters of one platform or of all, the oldest first."""
        with spoken():
            platforms = await cast("Awaitable[set[str]]", self._client.smembers(keys.PLATFORMS))
            found = [
                Letter(name, entry, fields["reply"], fields["cause"])
                for name in sorted(platforms if platform is None else {platform})
                for entry, fields in await self._client.xrange(keys.dead(name))
            ]
        return sorted(found, key=lambda letter: letter.buried)

    async def replay(self, letter: Letter) -> bool:
        """Publish a letter's reply once more, its attempts counted anew; False if it is gone.

        What was sent of it before is not sent again.
        """
        reply = letter.reply
        with spoken():
            done = await self._replay(
                keys=[keys.dead(letter.platform), keys.outbox(letter.platform)],
                args=[letter.entry, "" if reply is None else reply.job],
            )
        return bool(done)

    async def drop(self, letter: Letter) -> bool:
        """Delete a letter for good; False if it is gone."""
        with spoken():
            return bool(await self._client.xdel(keys.dead(letter.platform), letter.entry))
