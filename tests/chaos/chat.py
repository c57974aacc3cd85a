"""A chat platform as a process of its own sees it: far away, slow, and not always in the mood.

What it shows and what it still has to hand out lie in a Valkey that the storm spares, so that a bot
that was killed finds its platform as it left it.
"""

import asyncio
import os
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence

from bots.desk import Answer, Attachment, Feature, Rows, Steps, TryLater
from core.errors import PhotoRefused
from core.jobs import Address
from core.store import Client
from tests.doubles.photos import photo_file

EVENTS = "events"
"""Stream of everything that was shown, in its order."""
SLOW, BUSY, LOST, BLIND = 0.06, 0.03, 0.02, 0.01
"""How often a call is slow, turned down, lost on its way, or taken and its answer lost."""
SLOW_SECONDS = 0.3


def updates(platform: str) -> str:
    """Stream of the messages that a platform's bot has not confirmed yet."""
    return f"updates:{platform}"


class Closed(Exception):
    """The connection broke: nobody knows whether the call was taken."""


class StormyDesk:
    """Implements bots.desk.Desk.

    With `idempotent` an answer replaces the status message, and doing that again changes nothing.
    Without it the file is a message of its own, which comes twice when it is sent twice.
    """

    max_upload_bytes = 10_000_000
    max_download_bytes = 20_000_000

    def __init__(self, platform: str, client: Client, *, idempotent: bool, seed: int) -> None:
        self.platform = platform
        self.lacks: Mapping[Feature, str] = {}
        self._client = client
        self._idempotent = idempotent
        self._weather = random.Random(f"{seed} {platform} {os.getpid()}")

    async def say(self, address: Address, text: str, buttons: Rows = ()) -> None:
        await self._show("said", address, text)

    async def open_status(self, address: Address, text: str, *, threaded: bool = False) -> Address:
        message = int(await self._client.incr("messages"))
        placed = {**address, "message": message}
        await self._show("status", placed, text)
        return placed

    async def update_status(
        self, address: Address, text: str, buttons: Rows = (), *, fleeting: bool = False
    ) -> None:
        await self._show("status" if fleeting else "refused", address, text)

    async def deliver(self, address: Address, answer: Answer, steps: Steps) -> None:
        kind = "file" if answer.files else "sentence"

        async def edit() -> str:
            await self._show(kind, address, answer.caption)
            return "edited"

        async def send() -> str:
            await self._show("file", {**address, "message": None}, answer.caption)
            return "sent"

        if self._idempotent or not answer.files:
            await steps.once("answer", edit)
        else:
            await steps.once("file", send)

    async def resend(self, address: Address, refs: Sequence[str]) -> None:
        await self._show("said", address, "the original")

    def attachment(self, ref: str) -> Attachment:
        width = 16 + int(ref) % 8

        async def fetch() -> bytes:
            try:
                await self._call(lambda _blind: asyncio.sleep(0))
            except (TryLater, Closed) as error:
                raise PhotoRefused("The chat did not hand this photo out.") from error
            return photo_file(width, 12)

        return Attachment(ref=ref, name=f"{ref}.png", size=None, fetch=fetch)

    def usage(self, *, community: bool) -> str:
        return "Send a photo."

    def status_interval(self, address: Address) -> float:
        return 0.5

    async def unseen(self, address: Address, channel: str | None = None) -> str | None:
        return None

    async def _show(self, kind: str, address: Address, text: str) -> None:
        async def write(blind: bool) -> None:
            fields = {
                "kind": kind,
                "origin": str(address["origin"]),
                "message": str(address.get("message") or ""),
                "text": text,
                "process": str(os.getpid()),
                "blind": str(int(blind)),
            }
            await self._client.xadd(EVENTS, dict(fields.items()))

        await self._call(write)

    async def _call(self, take: Callable[[bool], Awaitable[None]]) -> None:
        """One call to the platform, in today's weather."""
        luck = self._weather.random()
        blind = luck < BLIND
        if luck > 1 - SLOW:
            await asyncio.sleep(self._weather.random() * SLOW_SECONDS)
        elif BLIND < luck < BLIND + BUSY:
            raise TryLater("429")
        elif BLIND + BUSY < luck < BLIND + BUSY + LOST:
            raise Closed
        await take(blind)
        if blind:
            raise Closed
