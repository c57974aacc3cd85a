"""Button presses: taken once however fast somebody taps, and always answered."""

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from telegram import CallbackQuery, MaybeInaccessibleMessage, Message
from telegram.error import TelegramError

from bots.desk import Press, Request, Standing, Told, nobody
from bots.telegram.members import Members
from bots.telegram.place import Place
from core import captions
from core.jobs import Address
from core.language import N_, _, available, matching, speaking

TOAST_SECONDS = 4.0
TAP_SECONDS = 10.0
NAMELESS = N_(
    "This photo was sent in the name of a group or channel, so I cannot tell whose button this is. "
    "Answer the photo with a command instead, such as /upscale 2x."
)
HIDDEN = N_(
    "Telegram hides anonymous administrators from me while I am no administrator myself. Make me "
    "one, or write what you want after the command instead, such as /darkroom daily 20."
)
_TOAST_MAX = 200

_log = logging.getLogger(__name__)

Key = tuple[str, Place, str, dt.datetime | None]


class Presses:
    """Hands presses to `press` and shows what it returns as a toast, or by `say` if it is late.

    A text that is too long for a toast is said as well. Quick taps of one person on one button
    count as one press, until its message is changed.
    """

    def __init__(
        self,
        press: Callable[[Press], Awaitable[Told]],
        say: Callable[[Address, str], Awaitable[None]],
        members: Members,
        *,
        toast_seconds: float = TOAST_SECONDS,
    ) -> None:
        self._press = press
        self._say = say
        self._members = members
        self._toast_seconds = toast_seconds
        self._under_way: dict[Key, asyncio.Future[Told]] = {}

    async def take(self, query: CallbackQuery) -> None:
        """Act on a press; Telegram shows a spinner until it is answered, so that comes in time."""
        message = query.message
        if message is None or not query.data:
            await _answer(query, None)
            return
        place = Place.at(message)
        changed = message.edit_date if isinstance(message, Message) else None
        key = (str(query.from_user.id), place, query.data, changed)
        working = self._under_way.get(key)
        first = working is None
        if working is None:
            working = self._under_way[key] = asyncio.ensure_future(
                self._pressed(query, query.data, message)
            )
            working.add_done_callback(lambda done: self._finished(key, done))
        _done, waiting = await asyncio.wait([working], timeout=self._toast_seconds)
        in_time = not waiting and working.exception() is None
        brief = in_time and len(working.result().text) <= _TOAST_MAX
        shown = await _answer(query, working.result().text if brief else None)
        if first and not (brief and shown):
            told = await working
            if told.text and not told.fleeting:
                await self._say(place.address(), told.text)

    async def _pressed(
        self, query: CallbackQuery, data: str, message: MaybeInaccessibleMessage
    ) -> Told:
        """What there is to say to a press."""
        place = Place.at(message)
        person = query.from_user
        found: list[Standing] = []

        async def standing() -> Standing:
            found.append(await self._members.standing(place.chat, person.id))
            return found[-1]

        request = Request(
            origin=f"{place.chat}:press:{query.id}",
            user=str(person.id),
            address=place.address(),
            private=place.private,
            addressed=True,
            community=place.community,
            channel=place.channel,
            standing=nobody if place.private else standing,
            language=person.language_code,
        )
        told = await self._press(Press(data, request, place.shown().address()))
        refused = any(not one.admin for one in found)
        with speaking(matching(person.language_code)):
            return replace(told, text=_worded(message, told.text, refused=refused))

    def _finished(self, key: Key, done: asyncio.Future[Told]) -> None:
        """Count more taps as the same press for a while, but let a failed one be tried anew."""
        if done.cancelled() or done.exception() is not None:
            del self._under_way[key]
        else:
            asyncio.get_running_loop().call_later(TAP_SECONDS, self._under_way.pop, key)


def _worded(message: MaybeInaccessibleMessage, text: str, *, refused: bool) -> str:
    """The text to show, which explains itself to who asked in the name of a group.

    A press tells who a person is; a message of an anonymous administrator or of a channel does
    not, and Telegram does not say which administrators are anonymous unless the bot is one.
    """
    asked = message.reply_to_message if isinstance(message, Message) else None
    if asked is None or asked.sender_chat is None or not text:
        return text
    for language in available():
        with speaking(language):
            if text == _(captions.NOT_YOURS):
                return _(NAMELESS)
    by_admin = asked.sender_chat.id == message.chat.id
    return _(HIDDEN) if by_admin and refused else text


async def _answer(query: CallbackQuery, text: str | None) -> bool:
    """Stop the spinner, with a toast if there is a text; returns whether Telegram took it."""
    try:
        await query.answer(text or None)
    except TelegramError as error:
        _log.info("a press was answered too late: %s", error)
        return False
    return True
