"""Requests kept until they are handled: Discord tells of a message, command or press once."""

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, cast

from bots.desk import Attachment, Press, Request, Standing
from core.keys import PREFIX
from core.store import Client, RedisError, spoken

BEGINNINGS = 3
"""How often a request left behind may begin anew before it is given up."""
Asked = Request | Press

_log = logging.getLogger(__name__)


class Inbox:
    """One application's requests under way, written to Redis before they are handled.

    A bot killed in between finds them at its next start; `attachment` finds their photos again.
    """

    def __init__(
        self, redis: Client, application: int, attachment: Callable[[str], Attachment]
    ) -> None:
        self._redis = redis
        self._attachment = attachment
        self._key = f"{PREFIX}discord:inbox:{application}"
        self._begun = f"{self._key}:begun"

    async def keep(self, asked: Asked) -> None:
        """Note a request; without Redis it is handled all the same, as far as that goes."""
        record = json.dumps(await _record(asked))
        try:
            await cast("Awaitable[int]", self._redis.hset(self._key, _origin(asked), record))
        except (RedisError, OSError) as error:
            _log.warning("a request is not kept: %s", type(error).__name__)

    async def done(self, asked: Asked) -> None:
        """Forget a request that was handled."""
        try:
            await self._forget(_origin(asked))
        except (RedisError, OSError) as error:
            # it will be handled once more after a restart, which is harmless
            _log.warning("a request stays kept: %s", type(error).__name__)

    async def forget(self, user: str) -> None:
        """Delete what is kept of a person's requests, handled or not."""
        with spoken():
            async for name, record in self._redis.hscan_iter(self._key):
                if json.loads(record).get("user") == user:
                    await self._forget(name)

    async def left(self) -> tuple[list[Asked], list[Asked]]:
        """What an earlier process left behind: to be handled now, and to be given up."""
        kept = await cast("Awaitable[dict[str, str]]", self._redis.hgetall(self._key))
        again: list[Asked] = []
        given_up: list[Asked] = []
        for origin, record in kept.items():
            begun = await cast("Awaitable[int]", self._redis.hincrby(self._begun, origin, 1))
            try:
                asked = self._asked(json.loads(record))
            except (KeyError, TypeError, ValueError) as error:
                _log.error("a kept request is unreadable, dropped: %s", type(error).__name__)
                await self._forget(origin)
            else:
                (again if begun <= BEGINNINGS else given_up).append(asked)
        return again, given_up

    async def _forget(self, origin: str) -> None:
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hdel(self._key, origin)
            pipe.hdel(self._begun, origin)
            await pipe.execute()

    def _asked(self, record: dict[str, Any]) -> Asked:
        standing = Standing(record.pop("admin"), frozenset(record.pop("roles")))
        refs, press = record.pop("refs"), record.pop("press", None)

        async def known() -> Standing:
            return standing

        photos = tuple(self._attachment(ref) for ref in refs)
        request = Request(**record, photos=photos, standing=known)
        return request if press is None else Press(press["data"], request, press["under"])


def _origin(asked: Asked) -> str:
    return asked.request.origin if isinstance(asked, Press) else asked.origin


async def _record(asked: Asked) -> dict[str, Any]:
    request = asked.request if isinstance(asked, Press) else asked
    standing = await request.standing()
    record: dict[str, Any] = {
        "origin": request.origin,
        "user": request.user,
        "address": request.address,
        "private": request.private,
        "text": request.text,
        "addressed": request.addressed,
        "community": request.community,
        "channel": request.channel,
        "language": request.language,
        "max_bytes": request.max_bytes,
        "other_kinds": list(request.other_kinds),
        "refs": [photo.ref for photo in request.photos],
        "admin": standing.admin,
        "roles": sorted(standing.roles),
    }
    if isinstance(asked, Press):
        record["press"] = {"data": asked.data, "under": asked.under}
    return record
