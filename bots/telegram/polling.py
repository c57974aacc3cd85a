"""Updates fetched by long polling, through every failure that may pass."""

import asyncio
import contextlib
import logging

from telegram import Bot
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError, TimedOut

from bots.patience import LONGEST_PAUSE
from bots.telegram.faults import seconds_of
from bots.telegram.inbox import Inbox
from core.errors import SettingsError

ALLOWED_UPDATES = ("message", "callback_query", "my_chat_member")
POLL_SECONDS = 30
WRONG_TOKEN = (
    "DARKROOM_TELEGRAM_TOKEN: Telegram does not know this token. "
    "@BotFather shows the right one under /mybots."
)
_REJECTIONS = 5
_CONFIRM_SECONDS = 3.0
_CONFLICT = (
    "another process fetches this bot's messages with the same token; stop it, or give this one "
    "a bot of its own"
)

_log = logging.getLogger(__name__)


class Polling:
    """One bot's getUpdates loop; an update is confirmed once the inbox keeps it."""

    def __init__(self, bot: Bot, inbox: Inbox, *, first_pause: float = 1.0) -> None:
        self._bot = bot
        self._inbox = inbox
        self._first_pause = first_pause
        self._offset: int | None = None
        self._failures = 0
        self._rejections = 0

    async def run(self) -> None:
        """Fetch until cancelled; raises SettingsError when Telegram keeps rejecting the token."""
        try:
            while True:
                pause = await self._fetch(POLL_SECONDS)
                await asyncio.sleep(pause)
        finally:
            await self._confirm()

    async def _fetch(self, seconds: int) -> float:
        """Fetch once; returns how long (s) to wait before the next time."""
        try:
            updates = await self._bot.get_updates(
                offset=self._offset, timeout=seconds, allowed_updates=ALLOWED_UPDATES
            )
        except TelegramError as error:
            return self._pause(error)
        self._failures = self._rejections = 0
        if updates:
            await self._inbox.put_all(updates)
            self._offset = updates[-1].update_id + 1
        return 0.0

    async def _confirm(self) -> None:
        """Tell Telegram which updates were kept, so that they do not come again."""
        if self._offset is None:
            return
        with contextlib.suppress(TelegramError, TimeoutError):
            async with asyncio.timeout(_CONFIRM_SECONDS):
                await self._bot.get_updates(
                    offset=self._offset, timeout=0, limit=1, allowed_updates=ALLOWED_UPDATES
                )

    def _pause(self, error: TelegramError) -> float:
        if isinstance(error, RetryAfter):
            return seconds_of(error)
        self._failures += 1
        if isinstance(error, TimedOut) and self._failures == 1:
            return 0.0
        if isinstance(error, InvalidToken):
            self._rejections += 1
            if self._rejections >= _REJECTIONS:
                raise SettingsError(WRONG_TOKEN) from None  # the error may quote the token
        if isinstance(error, Conflict):
            _log.error(_CONFLICT)
        elif self._failures in (1, 10, 100):
            _log.warning("messages cannot be fetched: %s", error)
        return min(LONGEST_PAUSE, self._first_pause * 1.5 ** (self._failures - 1))
