"""`darkroom enhance`: photos through the same queue and worker as every chat's."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from bots.conversation import Conversation, Lab
from bots.desk import Request
from bots.service import serve
from bots.terminal.desk import Outcome, Show, TerminalDesk
from core.errors import DarkroomError
from core.language import _
from core.recipe import Recipe

IN_FLIGHT = 8
"""Photos in the queue at a time, so that a folder of thousands needs no room in the photo store."""
USER = "terminal"


async def _always() -> None:
    """Nothing can go away: the worker belongs to nobody in particular."""


async def enhance(
    photos: Sequence[Path],
    folder: Path,
    recipe: Recipe,
    lab: Lab,
    show: Show,
    *,
    alive: Callable[[], Awaitable[None]] = _always,
) -> list[Outcome]:
    """Enhance each photo into `folder`; one that fails gets its sentence and stops no other.

    `alive` is called now and then while waiting and may raise to give up.
    """
    try:
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    except OSError as error:
        raise DarkroomError(
            _("The folder {folder} cannot be made: {reason}.").format(
                folder=folder, reason=error.strerror
            )
        ) from error
    desk = TerminalDesk(folder, show)
    distinct = list(dict.fromkeys(photos))
    places = asyncio.Semaphore(IN_FLIGHT)

    async def one(conversation: Conversation, photo: Path) -> None:
        request = Request(
            origin=f"{photo}:{time.time_ns()}",
            user=USER,
            address={"photo": str(photo)},
            private=True,
            addressed=True,
        )
        async with places:
            attachment = desk.attachment(str(photo))
            if await conversation.take(request, [attachment], recipe) is not None:
                await desk.answered(photo)

    async def all_photos(conversation: Conversation) -> None:
        await asyncio.gather(*(one(conversation, photo) for photo in distinct))

    async def listen(conversation: Conversation) -> None:
        tasks = {
            asyncio.create_task(all_photos(conversation)),
            asyncio.create_task(_watch(alive)),
        }
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    try:
        await serve(desk, lab, listen)
    finally:
        left = await lab.forgetting.clear(desk.platform, USER)
        await lab.blobs.delete(left.blobs)
        await lab.outbox.close(desk.platform)
    return [desk.outcomes[photo] for photo in distinct]


async def _watch(alive: Callable[[], Awaitable[None]]) -> None:
    while True:
        await alive()
        await asyncio.sleep(0.5)
