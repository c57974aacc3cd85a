"""Button presses: taken once however fast somebody taps, and always answered."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from telegram import CallbackQuery, Message
from telegram.error import TelegramError

from bots.conversation import Press
from bots.desk import Request
from bots.telegram.place import Place

TOAST_SECONDS = 4.0
TAP_SECONDS = 10.0
_TOAST_MAX = 200
_REMEMBERED = 4096

_log = logging.getLogger(__name__)


class Presses:
    """Hands presses to `press` and shows what it returns; `say` is for what comes too late."""

    def __init__(
        self,
        press: Callable[[Press], Awaitable[str]],
        say: Callable[[Place, str], Awaitable[None]],
        *,
        toast_seconds: float = TOAST_SECONDS,
    ) -> None:
        self._press = press
        self._say = say
        self._toast_seconds = toast_seconds
        self._origins: dict[tuple[int, int, str], tuple[str, float]] = {}

    async def take(self, query: CallbackQuery) -> None:
        """Act on a press. Telegram waits some seconds only: the answer is empty if it takes longer."""
        message = query.message
        if message is None or not query.data:
            await _answer(query, None)
            return
        place = Place.at(message) if isinstance(message, Message) else _bare(query)
        user = str(query.from_user.id)
        request = Request(
            origin=self._origin(place, query),
            user=user,
            address=place.address(),
            private=place.private,
            community=place.community,
        )
        working = asyncio.ensure_future(self._press(Press(user, query.data, request)))
        done, _ = await asyncio.wait([working], timeout=self._toast_seconds)
        if done and working.exception() is None:
            await _answer(query, working.result())
            return
        await _answer(query, None)
        _log.debug("a press took longer than its toast")
        await working

    def _origin(self, place: Place, query: CallbackQuery) -> str:
        """The press's name; quick taps on one button share it, so that they are one request."""
        now = asyncio.get_running_loop().time()
        key = (place.chat, place.message or 0, query.data or "")
        origin, since = self._origins.get(key, ("", 0.0))
        if not origin or now - since > TAP_SECONDS:
            if len(self._origins) >= _REMEMBERED:
                self._origins.clear()
            origin = f"{place.chat}:press:{query.id}"
            self._origins[key] = (origin, now)
        return origin


def _bare(query: CallbackQuery) -> Place:
    """The place of a message that Telegram no longer shows to bots."""
    assert query.message is not None
    return Place(query.message.chat.id, query.message.message_id)


async def _answer(query: CallbackQuery, text: str | None) -> None:
    try:
        await query.answer(text[:_TOAST_MAX] if text else None)
    except TelegramError as error:
        _log.info("a press was answered too late: %s", error)
