"""What somebody is in a Telegram group, as far as Telegram tells a bot."""

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass

from telegram import Bot
from telegram.constants import ChatMemberStatus
from telegram.error import TelegramError

from bots.desk import Standing
from core.errors import DarkroomError
from core.language import _

KEPT_SECONDS = 60.0
_REMEMBERED = 1024
_ADMINS = (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Asked:
    """One question to Telegram for a group's administrators, and when its answer gets old."""

    answer: asyncio.Task[frozenset[int]]
    until: float


class Members:
    """Who administers the groups of one bot; each group's list is kept for `kept` seconds."""

    def __init__(self, bot: Bot, *, kept: float = KEPT_SECONDS) -> None:
        self._bot = bot
        self._kept = kept
        self._asked: OrderedDict[int, _Asked] = OrderedDict()

    async def standing(self, chat: int, sender: int) -> Standing:
        """What a sender is in a group: a person, or the group or a channel in whose name one wrote.

        Only administrators may write in the name of their group. Raises DarkroomError when
        Telegram does not answer. Telegram hides anonymous administrators from a bot that is none
        itself (https://github.com/tdlib/telegram-bot-api/issues/667).
        """
        if sender < 0:
            return Standing(admin=sender == chat)
        try:
            return Standing(admin=sender in await self._admins(chat))
        except TelegramError as error:
            raise DarkroomError(
                _(
                    "Telegram does not tell me just now who administers this group. "
                    "Please try again in a minute."
                ),
                code="standing",
            ) from error

    def forget(self, chat: int) -> None:
        """Ask anew next time: something has changed in a group."""
        self._asked.pop(chat, None)

    async def unseen(self, chat: int) -> str | None:
        """Why the bot does not see every photo in a group, None if it does or nobody can tell.

        https://core.telegram.org/bots/features#privacy-mode
        """
        try:
            if (await self._bot.get_me()).can_read_all_group_messages:
                return None
            if (await self._bot.get_chat_member(chat, self._bot.id)).status in _ADMINS:
                return None
        except TelegramError as error:
            _log.info("whether the bot sees every photo is not known: %s", error)
            return None
        return _(
            "Telegram shows me only commands with my name and answers to my messages here. "
            "To let me see every photo, make me an administrator of this group. Or let whoever "
            "runs me turn my privacy mode off (@BotFather, /setprivacy, Disable), and then remove "
            "me from this group and add me again."
        )

    async def _admins(self, chat: int) -> frozenset[int]:
        now = asyncio.get_running_loop().time()
        asked = self._asked.get(chat)
        if asked is None or now >= asked.until:
            asked = _Asked(asyncio.ensure_future(self._ask(chat)), now + self._kept)
            self._asked[chat] = asked
            while len(self._asked) > _REMEMBERED:
                self._asked.popitem(last=False)
        try:
            # one who gives up waiting must not take the answer away from the others
            return await asyncio.shield(asked.answer)
        except TelegramError:
            if self._asked.get(chat) is asked:
                self.forget(chat)
            raise

    async def _ask(self, chat: int) -> frozenset[int]:
        members = await self._bot.get_chat_administrators(chat)
        return frozenset(member.user.id for member in members)
