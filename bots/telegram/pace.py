"""Telegram's speed limits kept: chats paced one by one, flood waits survived, failures retried."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Literal

from telegram.error import RetryAfter, TelegramError
from telegram.ext import BaseRateLimiter

from bots.telegram.faults import seconds_of, transient, unsent

Urgency = Literal["status"]
Answer = bool | dict[str, Any] | list[dict[str, Any]]
Chat = int | str | None

LONGEST_WAIT = 600.0
_MANY_CHATS = 4096
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rate:
    """So many messages in so many seconds, up to `messages` of them at once.

    `reserve` of them are kept free of status edits, for answers.
    """

    messages: int
    seconds: float
    reserve: int = 0

    @property
    def interval(self) -> float:
        """Seconds a message costs."""
        return self.seconds / self.messages


OVERALL = Rate(28, 1.0)
PRIVATE = Rate(5, 5.0, reserve=2)
GROUP = Rate(19, 60.0, reserve=8)


class Busy(TelegramError):
    """A status edit was left out, because the chat has had enough messages for now."""


class _Meter:
    """A token bucket kept as one time: the moment at which it is full again (GCRA)."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self.full_at = 0.0
        self.paused_until = 0.0

    def wait(self, now: float, cost: int, *, spare: int = 0) -> float:
        """Seconds until `cost` messages may go, leaving room for `spare` more."""
        room = max(0, self.rate.messages - cost - spare) * self.rate.interval
        return max(self.full_at - room - now, self.paused_until - now, 0.0)

    def take(self, now: float, cost: int) -> float:
        """Take the next `cost` places and return the seconds until their turn."""
        wait = self.wait(now, cost)
        self.full_at = max(self.full_at, now) + cost * self.rate.interval
        return wait


class Pace(BaseRateLimiter[Urgency]):
    """The limiter of every request: about 28 messages/s overall, 1/s a chat, 19/min a group.

    Status edits (`rate_limit_args="status"`) are tried once and leave room for answers: with
    none left they raise Busy. A flood wait halts its own chat, not the others, and is waited out
    up to `LONGEST_WAIT` seconds. Network failures are retried where repeating is harmless:
    reading and editing always, sending only when the request certainly never arrived.
    """

    def __init__(
        self,
        *,
        overall: Rate = OVERALL,
        private: Rate = PRIVATE,
        group: Rate = GROUP,
        retries: int = 4,
        first_delay: float = 0.5,
    ) -> None:
        self._overall = _Meter(overall)
        self._private = private
        self._group = group
        self._retries = retries
        self._first_delay = first_delay
        self._chats: dict[Chat, _Meter] = {}

    async def initialize(self) -> None:
        """Nothing to prepare."""

    async def shutdown(self) -> None:
        """Nothing to release."""

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, Answer]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: Urgency | None,
    ) -> Answer:
        """Run one request when its chat allows it; raises what Telegram answers after retries."""
        chat: Chat = data.get("chat_id")
        cost = len(data["media"]) if endpoint == "sendMediaGroup" else 1
        if endpoint.startswith("get"):  # a question about a chat is no message in it
            cost = 0
        fleeting = rate_limit_args == "status"
        failures = 0
        while True:
            await self._turn(chat, cost, fleeting=fleeting)
            try:
                return await callback(*args, **kwargs)
            except RetryAfter as error:
                seconds = seconds_of(error)
                meter = self._meter(chat)
                meter.paused_until = asyncio.get_running_loop().time() + seconds
                if fleeting or seconds > LONGEST_WAIT:
                    raise
                _log.info("Telegram asks for %.0f s of patience", seconds)
            except TelegramError as error:
                harmless = not endpoint.startswith("send") and transient(error)
                retried = failures < self._retries and not fleeting
                if not retried or not (harmless or unsent(error)):
                    raise
                await asyncio.sleep(self._first_delay * 2**failures)
                failures += 1

    async def _turn(self, chat: Chat, cost: int, *, fleeting: bool) -> None:
        """Wait until the chat and the bot as a whole may send `cost` more messages."""
        loop = asyncio.get_running_loop()
        meter = self._meter(chat)
        if fleeting and meter.wait(loop.time(), cost, spare=meter.rate.reserve) > 0:
            raise Busy("the chat has had enough messages for now")
        await asyncio.sleep(meter.take(loop.time(), cost if chat is not None else 0))
        await asyncio.sleep(meter.paused_until - loop.time())
        if chat is not None:
            await asyncio.sleep(self._overall.take(loop.time(), cost))

    def _meter(self, chat: Chat) -> _Meter:
        meter = self._chats.get(chat)
        if meter is None:
            if len(self._chats) >= _MANY_CHATS:
                now = asyncio.get_running_loop().time()
                self._chats = {
                    key: kept
                    for key, kept in self._chats.items()
                    if max(kept.full_at, kept.paused_until) > now
                }
            private = isinstance(chat, int) and chat > 0
            meter = self._chats[chat] = _Meter(self._private if private else self._group)
        return meter
