"""A chat platform in memory: keeps every message as a person would see it, and fails on demand."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bots.desk import Answer, Attachment, Button, Feature, Request, Rows, Steps
from core.errors import PhotoRefused
from core.jobs import Address


@dataclass
class Shown:
    """One message as it stands in the chat."""

    text: str
    buttons: tuple[Button, ...] = ()
    answer: Answer | None = None
    history: list[str] = field(default_factory=list)


class RecordingDesk:
    """Implements bots.desk.Desk; `faults` are raised one by one by the next deliveries.

    `before_files` is awaited with the job's id between the two parts of a delivery. The parts go
    through `steps.once`, so `parts` shows what went out and how often.
    """

    max_upload_bytes = 10_000_000
    max_download_bytes = 20_000_000

    def __init__(self, platform: str = "test") -> None:
        self.platform = platform
        self.lacks: dict[Feature, str] = {}
        self.blind: str | None = None
        self.panels: list[Rows] = []
        self.threads: list[Address] = []
        self.messages: dict[int, Shown] = {}
        self.said: list[str] = []
        self.resent: list[tuple[str, ...]] = []
        self.parts: list[tuple[str, str]] = []
        self.faults: list[BaseException] = []
        self.status_faults: list[BaseException] = []
        self.photos: dict[str, bytes] = {}
        self.delivered: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.before_files: Callable[[str], Awaitable[None]] | None = None
        self.interval = 0.0
        self._numbers = itertools.count(1)
        self._changed = asyncio.Event()

    async def say(self, address: Address, text: str, buttons: Rows = ()) -> None:
        self.said.append(text)
        if buttons:
            self.panels.append(buttons)

    async def open_status(self, address: Address, text: str, *, threaded: bool = False) -> Address:
        if threaded:
            self.threads.append(address)
        number = next(self._numbers)
        self.messages[number] = Shown(text, history=[text])
        self._changed.set()
        return {**address, "status": number}

    async def update_status(
        self, address: Address, text: str, buttons: Rows = (), *, fleeting: bool = False
    ) -> None:
        if self.status_faults:
            raise self.status_faults.pop(0)
        shown = self._at(address)
        shown.text = text
        shown.buttons = tuple(button for row in buttons for button in row)
        shown.history.append(text)
        self._changed.set()

    async def deliver(self, address: Address, answer: Answer, steps: Steps) -> None:
        async def show() -> str:
            shown = self._at(address)
            shown.answer, shown.text = answer, answer.caption
            shown.history.append(answer.caption)
            self.parts.append((answer.reply.job, "text"))
            self._changed.set()
            return "shown"

        await steps.once("text", show)
        if self.before_files is not None:
            await self.before_files(answer.reply.job)
        if self.faults:
            self._changed.set()
            raise self.faults.pop(0)

        async def send() -> str:
            self.parts.append((answer.reply.job, "files"))
            return "sent"

        await steps.once("files", send)
        self.delivered[answer.reply.job].set()

    async def resend(self, address: Address, refs: Sequence[str]) -> None:
        self.resent.append(tuple(refs))

    def attachment(self, ref: str) -> Attachment:
        async def fetch() -> bytes:
            if ref not in self.photos:
                raise PhotoRefused("The chat does not have this photo any more.", code="gone")
            return self.photos[ref]

        return Attachment(ref=ref, name=f"{ref}.png", size=None, fetch=fetch)

    def usage(self, *, community: bool) -> str:
        return "Ask in the group." if community else "Ask me."

    def status_interval(self, address: Address) -> float:
        return self.interval

    async def unseen(self, address: Address, channel: str | None = None) -> str | None:
        return self.blind

    def request(
        self,
        *refs: str,
        text: str = "",
        user: str = "ann",
        origin: str | None = None,
        private: bool = True,
        **others: Any,
    ) -> Request:
        """A person's message with the photos at `refs`; in a group if it is not private."""
        if not private:
            others = {"community": "club"} | others
        return Request(
            origin=origin or f"message-{next(self._numbers)}",
            user=user,
            address={"chat": user},
            private=private,
            text=text,
            photos=[self.attachment(ref) for ref in refs],
            **({"addressed": private} | others),
        )

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until the chat has come to look so."""
        async with asyncio.timeout(20):
            while not is_so():
                self._changed.clear()
                await self._changed.wait()

    def _at(self, address: Address) -> Shown:
        number = address["status"]
        assert isinstance(number, int)
        return self.messages[number]
