"""Albums put together again: Telegram sends their parts as separate messages."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from telegram import Message

QUIET_SECONDS = 1.0
_REMEMBERED = 1024
Key = tuple[int, str]


@dataclass
class _Album:
    parts: list[Message] = field(default_factory=list)
    timer: asyncio.TimerHandle | None = None
    whole: asyncio.Event = field(default_factory=asyncio.Event)
    handled: asyncio.Event = field(default_factory=asyncio.Event)


class Albums:
    """Gathers the parts of an album until none has come for `quiet` seconds.

    `complete` is called once with the parts in their order; its second argument tells of a part
    that came after its album was complete.
    """

    def __init__(
        self,
        complete: Callable[[Sequence[Message], bool], Awaitable[None]],
        *,
        quiet: float = QUIET_SECONDS,
    ) -> None:
        self._complete = complete
        self._quiet = quiet
        self._open: dict[Key, _Album] = {}
        self._closed: OrderedDict[Key, None] = OrderedDict()

    async def add(self, message: Message) -> None:
        """Take a message, and return when it has been handled with all that belongs to it.

        An error of `complete` is raised to the first part alone.
        """
        if message.media_group_id is None:
            await self._complete([message], False)
            return
        key = (message.chat.id, message.media_group_id)
        if key in self._closed:
            await self._complete([message], True)
            return
        album = self._open.setdefault(key, _Album())
        album.parts.append(message)
        if album.timer is not None:
            album.timer.cancel()
        album.timer = asyncio.get_running_loop().call_later(self._quiet, album.whole.set)
        if message is album.parts[0]:
            await self._gather(key, album)
        else:
            await album.handled.wait()

    def hurry(self) -> None:
        """Wait for no more parts: the bot stops."""
        for album in self._open.values():
            album.whole.set()

    async def _gather(self, key: Key, album: _Album) -> None:
        try:
            await album.whole.wait()
            del self._open[key]
            self._closed[key] = None
            while len(self._closed) > _REMEMBERED:
                self._closed.popitem(last=False)
            await self._complete(sorted(album.parts, key=lambda part: part.message_id), False)
        finally:
            album.handled.set()
