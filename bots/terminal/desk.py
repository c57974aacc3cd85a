"""The command line as a chat platform: photos are files, answers land in a folder."""

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bots.desk import Answer, Attachment, Button, Steps
from core.errors import PhotoRefused
from core.jobs import Address, Enhanced, Failed

Show = Callable[[Path, str], None]
"""Called with a photo and the newest text about it."""


@dataclass
class Outcome:
    """What became of one photo: its files, or the sentence why there are none."""

    photo: Path
    ok: bool
    text: str
    file: Path | None = None
    collage: Path | None = None
    result: Enhanced | Failed | None = field(default=None, repr=False)


class TerminalDesk:
    """Hands answers out into `folder`; `show(photo, text)` is told each change of a status."""

    max_upload_bytes = 500_000_000
    max_download_bytes = 500_000_000

    def __init__(self, folder: Path, show: Show) -> None:
        self.platform = f"terminal-{secrets.token_hex(6)}"
        self.folder = folder
        self.outcomes: dict[Path, Outcome] = {}
        self._answered: dict[Path, asyncio.Event] = defaultdict(asyncio.Event)
        self._show = show
        self._paths: dict[Path, Path] = {}

    async def say(self, address: Address, text: str) -> None:
        """Tell a text about a photo."""
        self._show(_photo(address), text)

    async def open_status(self, address: Address, text: str) -> Address:
        """Begin a photo's line."""
        self._show(_photo(address), text)
        return address

    async def update_status(
        self, address: Address, text: str, buttons: Sequence[Button] = ()
    ) -> None:
        """Change a photo's line; a text without buttons is the last word on a refused photo."""
        self._show(_photo(address), text)
        if not buttons:
            self._settle(Outcome(_photo(address), ok=False, text=text))

    async def deliver(self, address: Address, answer: Answer, steps: Steps) -> None:
        """Write the file and the collage; writing them again changes nothing."""
        photo = _photo(address)
        outcome = Outcome(photo, ok=bool(answer.files), text=answer.caption)
        outcome.result = answer.reply.results[0]
        try:
            for file in answer.files:
                outcome.file = self._path(photo, file.result.name)
                await asyncio.to_thread(outcome.file.write_bytes, file.data)
                if file.collage is not None:
                    outcome.collage = outcome.file.with_name(f"{outcome.file.stem}-collage.jpg")
                    await asyncio.to_thread(outcome.collage.write_bytes, file.collage)
        except OSError as error:
            text = f"The result cannot be written into {self.folder}: {error.strerror}."
            outcome = Outcome(photo, ok=False, text=text)
        self._show(photo, outcome.text)
        self._settle(outcome)

    async def answered(self, photo: Path) -> None:
        """Wait until a photo has its answer, good or bad."""
        await self._answered[photo].wait()

    async def resend(self, address: Address, refs: Sequence[str]) -> None:
        """The originals are where they were: nothing to do."""

    def attachment(self, ref: str) -> Attachment:
        """The file at a path."""
        path = Path(ref)

        async def fetch() -> bytes:
            try:
                return await asyncio.to_thread(path.read_bytes)
            except FileNotFoundError:
                raise PhotoRefused("There is no such file.", code="no_file") from None
            except IsADirectoryError:
                raise PhotoRefused("This is a folder, not a photo.", code="no_file") from None
            except OSError as error:
                raise PhotoRefused(
                    f"This file cannot be read: {error.strerror}.", code="no_file"
                ) from error

        try:
            size = path.stat().st_size if path.is_file() else None
        except OSError:  # a name too long, a folder that is closed to us: fetch says which
            size = None
        return Attachment(ref=ref, name=path.name, size=size, fetch=fetch)

    def status_interval(self, address: Address) -> float:
        """A terminal may change as often as one can read."""
        return 0.2

    def _settle(self, outcome: Outcome) -> None:
        self.outcomes[outcome.photo] = outcome
        self._answered[outcome.photo].set()

    def _path(self, photo: Path, wanted: str) -> Path:
        """Where a photo's result goes; two photos of one name do not overwrite each other."""
        name = Path(wanted)
        path, number = self.folder / name.name, 1
        while self._paths.setdefault(path, photo) != photo:
            number += 1
            path = self.folder / f"{name.stem}-{number}{name.suffix}"
        return path


def _photo(address: Address) -> Path:
    return Path(str(address["photo"]))
