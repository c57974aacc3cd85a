"""Button presses: taken once however fast somebody taps, and always answered."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from telegram import CallbackQuery, MaybeInaccessibleMessage, Message
from telegram.error import TelegramError

from bots.conversation import Press
from bots.desk import Request
from bots.telegram.place import Place
from core import captions
from core.jobs import Address

TOAST_SECONDS = 4.0
TAP_SECONDS = 10.0
_TOAST_MAX = 200

_log = logging.getLogger(__name__)


Key = tuple[str, Place, str]


class Presses:
    """Hands presses to `press` and shows what it returns as a toast, or by `say` if it is late.

    Quick taps of one person on one button count as one press.
    """

    def __init__(
        self,
        press: Callable[[Press], Awaitable[str]],
        say: Callable[[Address, str], Awaitable[None]],
        *,
        toast_seconds: float = TOAST_SECONDS,
    ) -> None:
        self._press = press
        self._say = say
        self._toast_seconds = toast_seconds
        self._under_way: dict[Key, asyncio.Future[str]] = {}

    async def take(self, query: CallbackQuery) -> None:
        """Act on a press; Telegram shows a spinner until it is answered, so that comes in time."""
        message = query.message
        if message is None or not query.data:
            await _answer(query, None)
            return
        place = Place.at(message) if isinstance(message, Message) else _bare(message)
        key = (str(query.from_user.id), place, query.data)
        working = self._under_way.get(key)
        first = working is None
        if working is None:
            press = _pressed(key, query)
            working = self._under_way[key] = asyncio.ensure_future(self._press(press))
            asyncio.get_running_loop().call_later(TAP_SECONDS, self._under_way.pop, key, None)
        done, _ = await asyncio.wait([working], timeout=self._toast_seconds)
        if done and working.exception() is None:
            await _answer(query, working.result())
            return
        await _answer(query, None)
        if first:
            text = await working
            if text != captions.ON_ITS_WAY:
                await self._say(place.address(), text)


def _pressed(key: Key, query: CallbackQuery) -> Press:
    user, place, data = key
    request = Request(
        origin=f"{place.chat}:press:{query.id}",
        user=user,
        address=place.address(),
        private=place.private,
        community=place.community,
    )
    return Press(user, data, request)


def _bare(message: MaybeInaccessibleMessage) -> Place:
    """The place of a message that is too old for Telegram to show it to bots."""
    return Place(message.chat.id, message.message_id)


async def _answer(query: CallbackQuery, text: str | None) -> None:
    try:
        await query.answer(text[:_TOAST_MAX] if text else None)
    except TelegramError as error:
        _log.info("a press was answered too late: %s", error)
