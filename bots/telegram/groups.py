"""What happens to the bot itself in Telegram's groups: it is added, removed, moved along."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from telegram import Chat, ChatMember, ChatMemberRestricted, ChatMemberUpdated, Message
from telegram.constants import ChatMemberStatus, ChatType

from bots.conversation import Conversation
from bots.desk import Arrival
from bots.telegram.members import Members
from bots.telegram.place import Place
from core.errors import ServiceDown

SETTLING_SECONDS = 3.0
"""How long a supergroup may turn out to be a group that we know."""
_REMEMBERED = 1024
_GROUPS = (ChatType.GROUP, ChatType.SUPERGROUP)
_INSIDE = (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR, ChatMemberStatus.MEMBER)
_ADMINS = (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR)


@dataclass(frozen=True)
class _Move:
    """A group's move into a supergroup: whether we were told of it, and whether it is done."""

    noticed: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)


class Groups:
    """Tells the conversation where the bot arrives, departs and is moved along.

    When a group becomes a supergroup Telegram says that the bot has joined the new one, in no
    certain order with the notice of the move (https://github.com/tdlib/telegram-bot-api/issues/266).
    So an arrival in a supergroup waits up to `settling` seconds for such a notice: a group that has
    moved is not greeted as a stranger.
    """

    def __init__(
        self,
        conversation: Conversation,
        members: Members,
        *,
        settling: float = SETTLING_SECONDS,
    ) -> None:
        self._conversation = conversation
        self._members = members
        self._settling = settling
        self._moves: OrderedDict[int, _Move] = OrderedDict()
        self._arriving: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def changed(self, change: ChatMemberUpdated) -> None:
        """Take a change of what the bot is in a chat."""
        if change.chat.type not in _GROUPS:
            return
        self._members.forget(change.chat.id)
        old, new = change.old_chat_member, change.new_chat_member
        if not _inside(new):
            await self._conversation.departed(str(change.chat.id))
        elif not _inside(old) or (new.status in _ADMINS and old.status not in _ADMINS):
            await self._arrived(change.chat, change.from_user.language_code)

    @staticmethod
    def concerns(message: Message) -> bool:
        """Whether a message is about a group itself rather than from somebody in it."""
        moved = message.migrate_to_chat_id or message.migrate_from_chat_id
        return moved is not None or bool(message.group_chat_created)

    async def told(self, message: Message) -> None:
        """Take a message about a group itself."""
        chat = message.chat.id
        if message.migrate_to_chat_id is not None:
            await self._move(chat, message.migrate_to_chat_id)
        elif message.migrate_from_chat_id is not None:
            await self._move(message.migrate_from_chat_id, chat)
        else:
            person = message.from_user
            await self._arrived(message.chat, person.language_code if person else None)

    async def _arrived(self, chat: Chat, language: str | None) -> None:
        if chat.type == ChatType.SUPERGROUP:
            await self._settled(self._move_to(chat.id))
        arrival = Arrival(str(chat.id), Place(chat.id).address(), language)
        # being added and made an administrator come as two updates, handled at the same time
        lock = self._arriving.setdefault(chat.id, asyncio.Lock())
        async with lock:
            await self._conversation.arrived(arrival)

    async def _settled(self, move: _Move) -> None:
        try:
            async with asyncio.timeout(self._settling):
                await move.noticed.wait()
        except TimeoutError:
            return
        await move.done.wait()

    async def _move(self, old: int, new: int) -> None:
        move = self._move_to(new)
        move.noticed.set()
        self._members.forget(old)
        try:
            await self._conversation.moved(str(old), str(new))
        except ServiceDown:  # it is tried again, and an arrival waits for that
            raise
        except Exception:
            move.done.set()
            raise
        move.done.set()

    def _move_to(self, chat: int) -> _Move:
        move = self._moves.setdefault(chat, _Move())
        while len(self._moves) > _REMEMBERED:
            self._moves.popitem(last=False)
        return move


def _inside(member: ChatMember) -> bool:
    if isinstance(member, ChatMemberRestricted):
        return member.is_member
    return member.status in _INSIDE
