"""Updates kept until they are handled: once fetched, Telegram forgets them."""

import asyncio
import json
import logging
from collections.abc import Awaitable
from typing import cast

from telegram import Bot, Update
from telegram.ext import BaseUpdateProcessor

from core.keys import PREFIX
from core.store import Client, RedisError

AT_ONCE = 256
REPLAYS = 3
_RETRY_SECONDS = 1.0

_log = logging.getLogger(__name__)


class Inbox(asyncio.Queue[object]):
    """The queue between fetching and handling, written to Redis before Telegram may forget.

    python-telegram-bot confirms updates (or answers the webhook) only after `put` has returned,
    so that a bot killed at any moment finds every message again. While Redis is away `put` waits,
    and Telegram keeps what was not fetched.
    """

    def __init__(self, client: Client, bot_id: int) -> None:
        super().__init__()
        self._client = client
        self._key = f"{PREFIX}telegram:inbox:{bot_id}"
        self._replays = f"{self._key}:replays"

    async def put(self, item: object) -> None:
        """Keep an update durably, then queue it."""
        if isinstance(item, Update):
            await self._keep(item)
        await super().put(item)

    async def done(self, update: Update) -> None:
        """Forget an update that was handled."""
        try:
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.hdel(self._key, str(update.update_id))
                pipe.hdel(self._replays, str(update.update_id))
                await pipe.execute()
        except (RedisError, OSError) as error:
            # it will be handled once more after a restart, which is harmless
            _log.warning("update %d stays kept: %s", update.update_id, type(error).__name__)

    async def replay(self, bot: Bot) -> int:
        """Queue again what an earlier process left unhandled; returns how many updates.

        One that was left unhandled `REPLAYS` times is given up: it may be what ends the process.
        """
        left = await cast("Awaitable[dict[str, str]]", self._client.hgetall(self._key))
        count = 0
        for number, record in sorted(left.items(), key=lambda item: int(item[0])):
            tries = await cast("Awaitable[int]", self._client.hincrby(self._replays, number, 1))
            update = Update.de_json(json.loads(record), bot)
            if tries > REPLAYS:
                _log.error("update %s was left unhandled %d times and is given up", number, tries)
                await self.done(update)
                continue
            await super().put(update)
            count += 1
        return count

    async def _keep(self, update: Update) -> None:
        warned = False
        while True:
            try:
                await cast(
                    "Awaitable[int]",
                    self._client.hset(self._key, str(update.update_id), update.to_json()),
                )
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
        self._tasks: set[asyncio.Task[object]] = set()

    async def do_process_update(self, update: object, coroutine: Awaitable[object]) -> None:
        """Handle one update; its errors have gone to the error handler."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await coroutine
        finally:
            self._tasks.discard(task)
        if isinstance(update, Update):
            await self._inbox.done(update)

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """End what is still being handled; the next process finds it in the inbox."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
