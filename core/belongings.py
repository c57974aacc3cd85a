"""The index of what is kept of each person: noted beforehand, so that it is forgotten at once."""

from core import keys
from core.store import Client, spoken

# The first write is one that a Redis without memory refuses: nothing is kept that was not noted.
_NOTE = """
local now, seconds = redis.call('TIME')[1], tonumber(ARGV[2])
redis.call('ZADD', KEYS[1], now + seconds, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('TTL', KEYS[1]) < seconds then redis.call('EXPIRE', KEYS[1], seconds) end
"""


class Belongings:
    """What keys of one Redis are about whom."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._note = client.register_script(_NOTE)

    async def note(self, platform: str, user: str, key: str, seconds: float) -> None:
        """Remember that a key is about a person, before it is kept for so many seconds."""
        with spoken():
            await self._note(
                keys=[keys.belongings(platform, user)], args=[key, max(1, -int(-seconds // 1))]
            )

    async def noted(self, platform: str, user: str) -> list[str]:
        """The keys that are about a person; some may have ended."""
        with spoken():
            found: list[str] = await self._client.zrange(keys.belongings(platform, user), 0, -1)
        return found

    async def strike(self, platform: str, user: str, noted: list[str]) -> None:
        """Take keys that were deleted out of the index."""
        with spoken():
            await self._client.zrem(keys.belongings(platform, user), *noted)
