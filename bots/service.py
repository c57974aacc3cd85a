"""One bootstrap for every bot process: connects, wires, runs, closes."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from bots.conversation import Conversation, Lab
from bots.delivery import DeliveryLoop
from bots.desk import Desk
from bots.status import StatusBoard
from core import store
from core.access import Access
from core.belongings import Belongings
from core.blobs import Blobs
from core.buttons import Buttons
from core.communities import Communities
from core.forgetting import Forgetting
from core.outbox import Outbox
from core.presence import SIGN_SECONDS, Presence, name
from core.queue import Queue
from core.settings import StoreSettings
from core.stats import Stats

DRAIN_SECONDS = 10.0
"""How long a stopping bot finishes the deliveries that it has begun."""

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def open_lab(url: str, settings: StoreSettings) -> AsyncIterator[Lab]:
    """The lab at a Redis URL, closed when done."""
    client = store.connect(url)
    try:
        yield Lab(
            queue=Queue(
                client,
                cap=settings.queue_cap,
                photos_per_user=settings.photos_per_user,
                photos_per_community=settings.photos_per_community,
            ),
            outbox=Outbox(client),
            blobs=Blobs.open(settings.blobs()),
            buttons=Buttons(client),
            limits=settings.limits,
            presence=Presence(client),
            communities=Communities(client),
            access=Access(client),
            stats=Stats(client),
            belongings=Belongings(client),
            forgetting=Forgetting(client),
            operators=settings.operators,
            answer_seconds=60 * settings.answer_minutes,
            kept_seconds=3600 * settings.keep_hours,
        )
    finally:
        await client.aclose()


async def serve(
    desk: Desk,
    lab: Lab,
    listen: Callable[[Conversation], Awaitable[None]],
    *,
    bot: str | None = None,
) -> None:
    """Run a platform's conversation, status messages and deliveries until `listen` returns."""
    board = StatusBoard(desk, lab.queue)
    presence = asyncio.create_task(_present(desk.platform, lab.presence))
    conversation = Conversation(desk, lab, board, name=bot)
    delivery = DeliveryLoop(desk, lab.outbox, lab.blobs, lab.buttons, board)
    loops = [presence, asyncio.create_task(board.run()), asyncio.create_task(delivery.run())]
    listening = asyncio.ensure_future(listen(conversation))
    try:
        await asyncio.wait([listening, *loops], return_when=asyncio.FIRST_COMPLETED)
        for task in [listening, *loops]:
            if task.done():
                task.result()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(delivery.drain(), DRAIN_SECONDS)
    finally:
        for task in [listening, *loops]:
            task.cancel()
        await asyncio.gather(listening, *loops, return_exceptions=True)


async def _present(role: str, presence: Presence) -> None:
    process = name()
    try:
        while True:
            try:
                await presence.sign(role, process)
            except (store.RedisError, OSError) as error:
                log.warning("Redis does not answer: %s", type(error).__name__)
            await asyncio.sleep(SIGN_SECONDS)
    finally:
        with contextlib.suppress(store.RedisError, OSError):
            await presence.leave(role, process)
