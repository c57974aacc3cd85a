"""Telegram: the real python-telegram-bot against the Bot API in this process."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from pydantic import SecretStr
from telegram.ext import ExtBot

from bots.conversation import Lab
from bots.desk import Desk, Feature
from bots.telegram.app import run
from bots.telegram.desk import UPLOAD_MAX, TelegramDesk
from bots.telegram.pace import Pace, Urgency
from core.settings import TelegramSettings
from tests.bots.telegram.conftest import tempo
from tests.contract import platform as contract
from tests.contract.bench import size_of
from tests.contract.platform import Moment, Photo, Seen, Trouble, Window
from tests.contract.running import Running
from tests.doubles import telegram as double
from tests.doubles.telegram import Refused, TelegramServer
from tests.doubles.telegram.server import Fault

_METHODS = {Moment.OPENING: "sendMessage", Moment.ANSWER: "editMessageMedia"}
_FAULTS: dict[Trouble, Fault | Refused] = {
    Trouble.LIMITED: Refused("Too Many Requests: retry after 1", 429, retry_after=1),
    Trouble.BROKEN: Refused("Internal Server Error", 500),
    Trouble.CLOSED: Fault(close=True),
    Trouble.LOST: Fault(close=True, after=True),
}


class Person:
    """Somebody in a Telegram chat."""

    most_bytes = UPLOAD_MAX

    def __init__(self, person: double.Person, at: str) -> None:
        self._person = person
        self._chat = person.chat
        self._at = "" if self._chat.kind == "private" else at
        self._presses: list[str] = []

    def send(self, *photos: Photo, text: str = "") -> list[int]:
        group = secrets.token_hex(8) if len(photos) > 1 else None
        return [
            self._person.document(
                photo.data,
                photo.name,
                self._named(text) if number == 0 else "",
                media_type=photo.media_type,
                group=group,
            )
            for number, photo in enumerate(photos)
        ]

    def answer(self, asked: list[int], text: str) -> list[int]:
        return [self._person.write(self._named(text), reply_to=asked[0])]

    def say(self, text: str) -> None:
        self._person.write(self._named(text))

    def press(self, message: Seen, label: str) -> None:
        self._presses.append(self._person.press(message.key, label))

    def delete(self, asked: list[int]) -> None:
        for message in asked:
            self._person.delete(message)

    def wipe(self) -> None:
        for message in self._chat.from_bot():
            self._person.delete(message.message_id)

    def sees(self) -> list[Seen]:
        return [_seen(shown) for shown in self._chat.from_bot()]

    def told(self) -> list[str]:
        toasts = self._person.server.toasts
        passing = [toasts[press] for press in self._presses if press in toasts]
        return [seen.text for seen in self.sees()] + passing

    def _named(self, text: str) -> str:
        """In a group a command goes to one bot by its name."""
        if not (self._at and text.startswith("/")):
            return text
        command, space, words = text.partition(" ")
        return f"{command}{self._at}{space}{words}"


class Community:
    """A supergroup, our bot an administrator in it."""

    role = "@editors"

    def __init__(self, server: TelegramServer, chat: double.Chat, at: str) -> None:
        self.id = str(chat.chat_id)
        self._server, self._chat, self._at = server, chat, at
        self._members = 0

    def member(self, name: str = "Ada") -> Person:
        self._members += 1
        return Person(self._server.member(self._chat, 50 + self._members, name), self._at)

    def admin(self) -> Person:
        return Person(self._server.admin(self._chat), self._at)

    def add_bot(self) -> None:
        self._server.admin(self._chat).add_bot("administrator")


class Telegram:
    """Telegram with our bot."""

    name = "telegram"
    at = "@darkroom_bot"
    notes: tuple[str, ...] = ("file", "collage-0")
    windows = frozenset(Window)

    def __init__(self, server: TelegramServer, lab: Lab, redis_url: str) -> None:
        self.until = server.until
        self.faults = server.faults
        self._server, self._lab, self._redis_url = server, lab, redis_url

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls, lab: Lab, redis_url: str) -> AsyncIterator["contract.Platform"]:
        """A Telegram of its own."""
        async with TelegramServer() as server:
            yield cls(server, lab, redis_url)

    @property
    def lacks(self) -> Mapping[Feature, str]:
        bot: ExtBot[Urgency] = ExtBot(self._server.token, rate_limiter=Pace())
        desk: Desk = TelegramDesk(bot)
        return desk.lacks

    @contextlib.asynccontextmanager
    async def bot(self) -> AsyncIterator[Running]:
        settings = TelegramSettings(
            telegram_token=SecretStr(self._server.token), telegram_api_url=self._server.url
        )
        stop = asyncio.Event()
        work = run(settings, self._lab, stop, redis_url=self._redis_url, tempo=tempo(settling=0.05))
        before = len(self._server.called("deleteWebhook"))
        async with Running(work, stop) as running:
            await self.until(lambda: len(self._server.called("deleteWebhook")) > before)
            yield running

    def private(self, name: str = "Ada") -> Person:
        return Person(self._server.private(name=name), self.at)

    def community(self, *, bot: bool = True) -> Community:
        chat = self._server.group(bot="administrator" if bot else "left")
        return Community(self._server, chat, self.at)

    def trouble(self, moment: Moment, trouble: Trouble) -> None:
        self._server.fail(_METHODS[moment], _FAULTS[trouble])

    def tries(self, moment: Moment) -> int:
        return len(self._server.called(_METHODS[moment]))

    until: Callable[..., Any]


def _seen(shown: double.Shown) -> Seen:
    data = shown.file.data if shown.file else None
    return Seen(
        text=shown.text,
        files=(data,) if data is not None and shown.kind == "document" else (),
        pictures=(size_of(data),) if data is not None and shown.kind == "photo" else (),
        buttons=tuple(shown.buttons),
        key=shown.message_id,
    )
