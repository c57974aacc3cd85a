"""The command line as a chat platform: photos are files, answers land in a folder."""

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bots.desk import Answer, Attachment, Feature, Rows, Steps
from core.errors import PhotoRefused
from core.jobs import Address, Enhanced, Failed
from core.language import N_, _

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
    lacks: Mapping[Feature, str] = {
        Feature.COMMUNITIES: N_("At a terminal there is only you."),
        Feature.THREADS: N_("A terminal has no threads."),
        Feature.ROLES: N_("A terminal has no roles."),
        Feature.ALBUMS: N_("At a terminal each photo is a request of its own."),
        Feature.BUTTONS: N_("A terminal has no buttons."),
        Feature.DELETION: N_("At a terminal there is no message that could be deleted."),
        Feature.NETWORK: N_(
            "Between a terminal and its folder there is no network that could fail."
        ),
    }

    def __init__(self, folder: Path, show: Show) -> None:
        self.platform = f"terminal-{secrets.token_hex(6)}"
        self.folder = folder
        self.outcomes: dict[Path, Outcome] = {}
        self._answered: dict[Path, asyncio.Event] = defaultdict(asyncio.Event)
        self._show = show
        self._paths: dict[Path, Path] = {}

    async def say(self, address: Address, text: str, buttons: Rows = ()) -> None:
        """Tell a text about a photo."""
        self._show(_photo(address), text)

    async def open_status(self, address: Address, text: str, *, threaded: bool = False) -> Address:
        """Begin a photo's line."""
        self._show(_photo(address), text)
        return address

    async def update_status(
        self, address: Address, text: str, buttons: Rows = (), *, fleeting: bool = False
    ) -> None:
        """Change a photo's line; a text that is not fleeting is the last word on it."""
        self._show(_photo(address), text)
        if not fleeting:
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
            text = _("The result cannot be written into {folder}: {reason}.").format(
                folder=self.folder, reason=error.strerror
            )
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
                raise PhotoRefused(_("There is no such file."), code="no_file") from None
            except IsADirectoryError:
                raise PhotoRefused(_("This is a folder, not a photo."), code="no_file") from None
            except OSError as error:
                text = _("This file cannot be read: {reason}.").format(reason=error.strerror)
                raise PhotoRefused(text, code="no_file") from error

        try:
            size = path.stat().st_size if path.is_file() else None
        except OSError:  # a name too long, a folder that is closed to us: fetch says which
            size = None
        return Attachment(ref=ref, name=path.name, size=size, fetch=fetch)

    def usage(self, *, community: bool) -> str:
        """How one asks for a photo."""
        return _("Name the photos: darkroom enhance photo.jpg -o out")

    def status_interval(self, address: Address) -> float:
        """A terminal may change as often as one can read."""
        return 0.2

    async def unseen(self, address: Address, channel: str | None = None) -> str | None:
        """Nothing is hidden from a terminal."""
        return None

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
