"""A whole bot in a process: the real conversation, delivery and status board at a stormy desk.

REDIS_URL and BLOB_URL name the lab; CHAT_URL, CHAT_PLATFORM and CHAT_SEED the platform.
"""

import asyncio
import logging
import os
import signal

from bots.conversation import Conversation
from bots.desk import Request
from bots.service import open_lab, serve
from core import logs, store
from core.settings import StoreSettings
from tests.chaos.chat import StormyDesk, updates

IDEMPOTENT = "calm"
"""The platform on which an answer replaces the status message; on others it is sent anew."""
AT_ONCE = 8
AGAIN_SECONDS = 0.2

log = logging.getLogger(__name__)


class Listener:
    """Hands a platform's messages to the conversation, and confirms each when it was handled.

    A bot that is killed before the confirmation gets the message again, as on every platform.
    """

    def __init__(self, desk: StormyDesk, chat: store.Client, stop: asyncio.Event) -> None:
        self._desk = desk
        self._chat = chat
        self._stop = stop
        self._places = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, conversation: Conversation) -> None:
        """Listen until told to stop; what is being handled then is left unconfirmed."""
        stopped = asyncio.create_task(self._stop.wait())
        listening = asyncio.create_task(self._listen(conversation))
        await asyncio.wait([stopped, listening], return_when=asyncio.FIRST_COMPLETED)
        for task in (stopped, listening):
            task.cancel()
        await asyncio.gather(stopped, listening, return_exceptions=True)

    async def _listen(self, conversation: Conversation) -> None:
        last = "0"
        async with asyncio.TaskGroup() as tasks:
            while True:
                found = await self._chat.xread({updates(self._desk.platform): last}, block=500)
                for _stream, entries in found:
                    for entry, fields in entries:
                        last = entry
                        tasks.create_task(self._handle(conversation, entry, fields))

    async def _handle(self, conversation: Conversation, entry: str, fields: dict[str, str]) -> None:
        origin, user = fields["origin"], fields["user"]
        request = Request(
            origin=origin,
            user=user,
            address={"origin": origin},
            private=True,
            addressed=True,
            photos=[self._desk.attachment(origin)],
        )
        async with self._places:
            while True:
                try:
                    await conversation.handle(request)
                    break
                except Exception as error:
                    log.warning("message %s again: %r", origin, error)
                    await asyncio.sleep(AGAIN_SECONDS)
        await self._chat.xdel(updates(self._desk.platform), entry)


async def main() -> None:
    """Run the bot until SIGTERM."""
    settings = StoreSettings.load()
    assert settings.redis_url is not None
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    chat, platform = store.connect(os.environ["CHAT_URL"]), os.environ["CHAT_PLATFORM"]
    desk = StormyDesk(
        platform, chat, idempotent=platform == IDEMPOTENT, seed=int(os.environ["CHAT_SEED"])
    )
    async with open_lab(settings.redis_url.get_secret_value(), settings) as lab:
        await serve(desk, lab, Listener(desk, chat, stop))
    await chat.aclose()


if __name__ == "__main__":
    logs.configure("INFO")
    asyncio.run(main())
