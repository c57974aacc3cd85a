"""A terminal: the real `darkroom enhance`, as far as it is an adapter like the others."""

import asyncio
import contextlib
import re
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bots.conversation import Lab
from bots.desk import Desk, Feature
from bots.terminal.desk import TerminalDesk
from bots.terminal.enhance import enhance
from core.commands import parse
from core.errors import CommandError
from core.recipe import PLAIN
from tests.contract import platform as contract
from tests.contract.bench import SECONDS, size_of
from tests.contract.platform import Community, Moment, Photo, Seen, Trouble, Window

_SCALE = re.compile(r"/upscale (\d+)x")


class Run:
    """One call of the command: its photos, its folder for the results, its last words on each."""

    def __init__(self, photos: list[Path], folder: Path) -> None:
        self.photos = photos
        self.folder = folder
        self.words: dict[Path, str] = {}
        self.task: asyncio.Task[None] | None = None

    def seen(self) -> list[Seen]:
        """What stands on the screen and what lies in the folder."""
        found = sorted(self.folder.iterdir()) if self.folder.exists() else []
        comparisons = [path for path in found if path.stem.endswith("-collage")]
        files = [path.read_bytes() for path in found if path not in comparisons]
        pictures = [size_of(path.read_bytes()) for path in comparisons]
        screen = [Seen(text) for text in self.words.values()]
        return [*screen, Seen(files=tuple(files), pictures=tuple(pictures))]


class Person:
    """Whoever sits at the terminal."""

    most_bytes = TerminalDesk.max_upload_bytes

    def __init__(self, terminal: "Terminal") -> None:
        self._terminal = terminal
        self._runs: list[Run] = []

    def send(self, *photos: Photo, text: str = "") -> Run:
        return self._begin(self._terminal.written(photos), text)

    def answer(self, asked: Run, text: str) -> Run:
        return self._begin(asked.photos, text)

    def say(self, text: str) -> None:
        assert text == "/cancel", "at a terminal there is only Ctrl-C"
        for run in self._runs:
            if run.task is not None:
                run.task.cancel()

    def press(self, message: Seen, label: str) -> None:
        raise AssertionError("a terminal has no buttons")

    def delete(self, asked: Run) -> None:
        for path in asked.photos:
            path.unlink()

    def wipe(self) -> None:
        for run in self._runs:
            run.words.clear()

    def sees(self) -> list[Seen]:
        return [seen for run in self._runs for seen in run.seen()]

    def told(self) -> list[str]:
        return [seen.text for seen in self.sees()]

    def _begin(self, photos: list[Path], text: str) -> Run:
        run = Run(photos, self._terminal.folder())
        run.task = asyncio.ensure_future(self._terminal.command(run, text))
        self._runs.append(run)
        return run


class Bot:
    """Every run of the command that has begun."""

    def __init__(self) -> None:
        self.tasks: list[asyncio.Task[None]] = []

    async def kill(self) -> None:
        """End them all."""
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


class Terminal:
    """A machine with the command."""

    name = "terminal"
    at = ""
    notes: tuple[str, ...] = ()
    windows: frozenset[Window] = frozenset()

    def __init__(self, lab: Lab, disk: Path) -> None:
        self.faults: list[str] = []
        self._lab = lab
        self._disk = disk
        self._bot = Bot()
        self._numbers = 0
        self._changed = asyncio.Event()

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls, lab: Lab, redis_url: str) -> AsyncIterator["contract.Platform"]:
        """A machine of its own."""
        with TemporaryDirectory() as disk:
            yield cls(lab, Path(disk))

    @property
    def lacks(self) -> Mapping[Feature, str]:
        desk: Desk = TerminalDesk(self._disk, lambda _photo, _text: None)
        return desk.lacks

    @contextlib.asynccontextmanager
    async def bot(self) -> AsyncIterator[Bot]:
        self._bot = Bot()
        yield self._bot
        async with asyncio.timeout(SECONDS):
            await asyncio.gather(*self._bot.tasks, return_exceptions=True)
        for task in self._bot.tasks:
            if not task.cancelled():
                task.result()

    def private(self, name: str = "Ada") -> Person:
        return Person(self)

    def community(self, *, bot: bool = True) -> Community:
        raise AssertionError("at a terminal there is only one person")

    def trouble(self, moment: Moment, trouble: Trouble) -> None:
        raise AssertionError("there is no network that could fail")

    def tries(self, moment: Moment) -> int:
        raise AssertionError("there is no network that could fail")

    async def until(self, condition: Callable[[], Any]) -> None:
        async with asyncio.timeout(SECONDS):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def folder(self) -> Path:
        """A folder that nothing lies in."""
        self._numbers += 1
        return self._disk / str(self._numbers)

    def written(self, photos: tuple[Photo, ...]) -> list[Path]:
        """Photos as files."""
        folder = self.folder()
        folder.mkdir()
        paths = [folder / photo.name for photo in photos]
        for path, photo in zip(paths, photos, strict=True):
            path.write_bytes(photo.data)
        return paths

    async def command(self, run: Run, text: str) -> None:
        """Call the command."""
        task = asyncio.current_task()
        assert task is not None
        self._bot.tasks.append(task)

        def show(photo: Path, words: str) -> None:
            run.words[photo] = words
            self._changed.set()

        try:
            command = parse(text) if text else None
        except CommandError:
            show(run.photos[0], await _refused(run.photos, text))
            return
        recipe = command.recipe if command else PLAIN
        try:
            await enhance(run.photos, run.folder, recipe, self._lab, show)
        finally:
            self._changed.set()


async def _refused(photos: list[Path], text: str) -> str:
    """What the command line says to options that are wrong."""
    asked = _SCALE.match(text)
    assert asked is not None
    words = ("enhance", *map(str, photos), "--scale", asked[1])
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "darkroom", *words), stderr=asyncio.subprocess.PIPE
    )
    _, told = await process.communicate()
    assert process.returncode == 2, told.decode()
    return told.decode()
