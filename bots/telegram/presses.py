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
NAMELESS = (
    "This photo was sent in the name of a group or channel, so I cannot tell whose button this is. "
    "Answer the photo with a command instead, such as /upscale 2x."
)
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
        place = Place.at(message)
        key = (str(query.from_user.id), place, query.data)
        working = self._under_way.get(key)
        first = working is None
        if working is None:
            press = _pressed(key, query)
            working = self._under_way[key] = asyncio.ensure_future(self._press(press))
            working.add_done_callback(lambda done: self._finished(key, done))
        done, _ = await asyncio.wait([working], timeout=self._toast_seconds)
        in_time = bool(done) and working.exception() is None
        told = await _answer(query, _worded(message, working.result()) if in_time else None)
        if first and not (in_time and told):
            text = _worded(message, await working)
            if text != captions.ON_ITS_WAY:
                await self._say(place.address(), text)

    def _finished(self, key: Key, done: asyncio.Future[str]) -> None:
        """Count more taps as the same press for a while, but let a failed one be tried anew."""
        if done.cancelled() or done.exception() is not None:
            del self._under_way[key]
        else:
            asyncio.get_running_loop().call_later(TAP_SECONDS, self._under_way.pop, key)


def _worded(message: MaybeInaccessibleMessage, text: str) -> str:
    """The text to show, which explains itself to who asked in the name of a group.

    A press tells who a person is; a message of an anonymous administrator or of a channel does
    not, and Telegram does not say which administrators are anonymous unless the bot is one.
    """
    asked = message.reply_to_message if isinstance(message, Message) else None
    if text == captions.NOT_YOURS and asked is not None and asked.sender_chat is not None:
        return NAMELESS
    return text


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


async def _answer(query: CallbackQuery, text: str | None) -> bool:
    """Stop the spinner, with a toast if there is a text; returns whether Telegram took it."""
    try:
        await query.answer(text[:_TOAST_MAX] if text else None)
    except TelegramError as error:
        _log.info("a press was answered too late: %s", error)
        return False
    return True
