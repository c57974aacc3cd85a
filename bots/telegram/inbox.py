"""Updates kept until they are handled: once fetched, Telegram forgets them."""

import asyncio
import json
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Iterable, Sequence
from typing import cast

from telegram import Bot, Update
from telegram.ext import BaseUpdateProcessor

from core.keys import PREFIX
from core.store import Client, RedisError, spoken

AT_ONCE = 256
BEGINNINGS = 3
"""How often an update's handling may begin and find no end before the update is given up."""
_REMEMBERED = 4096
_RETRY_SECONDS = 1.0

_log = logging.getLogger(__name__)


class Inbox(asyncio.Queue[object]):
    """The queue between fetching and handling, written to Redis before Telegram may forget.

    python-telegram-bot confirms updates (or answers the webhook) only after `put` has returned,
    so that a bot killed at any moment finds every message again. While Redis is away `put` waits,
    and Telegram keeps what was not fetched. An update that comes again, because it was kept but
    not confirmed, is queued once.
    """

    def __init__(self, client: Client, bot_id: int) -> None:
        super().__init__()
        self._client = client
        self._key = f"{PREFIX}telegram:inbox:{bot_id}"
        self._begun = f"{self._key}:begun"
        self._known: OrderedDict[int, None] = OrderedDict()
        self._keeping = asyncio.Lock()

    async def put(self, item: object) -> None:
        """Keep an update durably, then queue it, unless this process knows it already."""
        if isinstance(item, Update):
            await self.put_all([item])
        else:
            await super().put(item)

    async def put_all(self, updates: Iterable[Update]) -> None:
        """Keep updates that were fetched together, then queue them at one moment.

        So the parts of an album are not torn apart by a Redis that is slow for a while.
        """
        async with self._keeping:
            fresh = [update for update in updates if update.update_id not in self._known]
            if fresh:
                await self._keep(fresh)
            for update in fresh:
                await self._queue_once(update)

    async def begin(self, update: Update) -> bool:
        """Count that the handling of an update begins; False when it is to be given up.

        It is after `BEGINNINGS` times that came to no end: it may be what ends the process.
        """
        try:
            begun = await cast(
                "Awaitable[int]", self._client.hincrby(self._begun, str(update.update_id), 1)
            )
        except (RedisError, OSError) as error:
            _log.warning("update %d is not counted: %s", update.update_id, type(error).__name__)
            return True
        if begun > BEGINNINGS:
            _log.error("update %d never came to its end and is given up", update.update_id)
            return False
        return True

    async def interrupted(self, updates: Iterable[Update]) -> None:
        """Take back the counts of updates that a stopping bot could not finish."""
        try:
            for update in updates:
                await cast(
                    "Awaitable[int]",
                    self._client.hincrby(self._begun, str(update.update_id), -1),
                )
        except (RedisError, OSError) as error:
            _log.warning("updates stay counted: %s", type(error).__name__)

    async def done(self, update: Update) -> None:
        """Forget an update that was handled."""
        try:
            await self._forget(str(update.update_id))
        except (RedisError, OSError) as error:
            # it will be handled once more after a restart, which is harmless
            _log.warning("update %d stays kept: %s", update.update_id, type(error).__name__)

    async def forget(self, user: str) -> None:
        """Delete what is kept of a person's messages and presses, handled or not."""
        with spoken():
            async for number, record in self._client.hscan_iter(self._key):
                parts = json.loads(record).values()
                people = [part.get("from", {}) for part in parts if isinstance(part, dict)]
                if any(str(person.get("id")) == user for person in people):
                    await self._forget(number)

    async def replay(self, bot: Bot) -> int:
        """Queue again what an earlier process left unhandled; returns how many updates.

        While Redis is away it waits. A record that cannot be read is dropped.
        """
        warned = False
        while True:
            try:
                return await self._replay(bot)
            except (RedisError, OSError) as error:
                if not warned:
                    _log.warning("the kept messages wait for Redis: %s", type(error).__name__)
                    warned = True
                await asyncio.sleep(_RETRY_SECONDS)

    async def _replay(self, bot: Bot) -> int:
        left = await cast("Awaitable[dict[str, str]]", self._client.hgetall(self._key))
        updates = []
        for number, record in left.items():
            try:
                updates.append(Update.de_json(json.loads(record), bot))
            except Exception as error:
                # whatever is wrong with it, another start would not read it better
                _log.error("a kept update is unreadable, dropped: %s", type(error).__name__)
                await self._forget(number)
        for update in sorted(updates, key=lambda update: update.update_id):
            if update.update_id not in self._known:
                await self._queue_once(update)
        return len(updates)

    async def _queue_once(self, update: Update) -> None:
        self._known[update.update_id] = None
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        await super().put(update)

    async def _forget(self, number: str) -> None:
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.hdel(self._key, number)
            pipe.hdel(self._begun, number)
            await pipe.execute()

    async def _keep(self, updates: Sequence[Update]) -> None:
        records = {str(update.update_id): update.to_json() for update in updates}
        warned = False
        while True:
            try:
                await cast("Awaitable[int]", self._client.hset(self._key, mapping=records))
            except (RedisError, OSError) as error:
                if not warned:
                    _log.warning("messages wait for Redis: %s", type(error).__name__)
                    warned = True
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return


class Handling(BaseUpdateProcessor):
    """Handles up to `AT_ONCE` updates at a time and forgets each when it is handled."""

    def __init__(self, inbox: Inbox) -> None:
        super().__init__(AT_ONCE)
        self._inbox = inbox
        self._under_way: dict[asyncio.Task[object], object] = {}
        self._stopping = False

    async def do_process_update(self, update: object, coroutine: Awaitable[object]) -> None:
        """Handle one update; its errors have gone to the error handler."""
        if self._stopping:  # it waited for its place; the inbox keeps it
            asyncio.ensure_future(coroutine).cancel()
            return
        task = asyncio.current_task()
        assert task is not None
        self._under_way[task] = update
        try:
            await coroutine
        finally:
            del self._under_way[task]
        if isinstance(update, Update):
            await self._inbox.done(update)

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """End what is still being handled; the next process finds it in the inbox."""
        self._stopping = True
        interrupted = dict(self._under_way)
        for task in interrupted:
            task.cancel()
        await asyncio.gather(*interrupted, return_exceptions=True)
        await self._inbox.interrupted(
            update for update in interrupted.values() if isinstance(update, Update)
        )
