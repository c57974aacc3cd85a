"""The commands made known to Discord, when they differ from what it has."""

import asyncio
import hashlib
import json
import logging
from typing import Any

import discord
from discord import app_commands

from bots.discord import faults
from bots.discord.translation import Translation
from bots.patience import growing
from core.keys import PREFIX
from core.store import Client, RedisError

_log = logging.getLogger(__name__)


class Registration:
    """One application's commands; which ones were registered last is kept in Redis."""

    def __init__(
        self,
        tree: app_commands.CommandTree[Any],
        redis: Client,
        application: int,
        *,
        first_pause: float = 1.0,
    ) -> None:
        self._tree = tree
        self._redis = redis
        self._key = f"{PREFIX}discord:commands:{application}"
        self._first_pause = first_pause

    async def run(self) -> None:
        """Register what has changed; while Discord cannot be reached it keeps trying."""
        await self._tree.set_translator(Translation())
        failures = 0
        while True:
            try:
                await self._register()
            except faults.FAULTS as error:
                if not faults.transient(error):
                    _log.warning("the commands were not registered: %s", faults.words(error))
                    return
                await asyncio.sleep(growing(self._first_pause, failures))
                failures += 1
            except discord.DiscordException as error:
                _log.error("the commands were not registered", exc_info=error)
                return
            else:
                return

    async def _register(self) -> None:
        fingerprint = await self._fingerprint()
        if await self._last() == fingerprint and await self._there():
            return
        registered = await self._tree.sync()
        _log.info("%d commands registered", len(registered))
        try:
            await self._redis.set(self._key, fingerprint)
        except (RedisError, OSError) as error:
            _log.warning("the commands are registered again next time: %s", type(error).__name__)

    async def _there(self) -> bool:
        """Whether Discord has commands of these names, whoever registered them."""
        registered = {(one.type, one.name) for one in await self._tree.fetch_commands()}
        ours = {(_kind(one), one.name) for one in self._tree.get_commands()}
        return registered == ours

    async def _last(self) -> str | None:
        try:
            kept: str | None = await self._redis.get(self._key)
        except (RedisError, OSError):
            return None
        return kept

    async def _fingerprint(self) -> str:
        translator = self._tree.translator
        assert translator is not None
        payload = [
            await command.get_translated_payload(self._tree, translator)
            for command in self._tree.get_commands()
        ]
        return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()


def _kind(command: object) -> discord.AppCommandType:
    if isinstance(command, app_commands.ContextMenu):
        return command.type
    return discord.AppCommandType.chat_input
