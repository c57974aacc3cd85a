"""Where the model files lie: those shipped with the project and those in the user's folder."""

import json
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

from core.errors import ModelUnavailable
from core.language import _
from weights.catalog import SHIPPED_FOLDER, Catalog, CatalogRow, Purpose, digest

__all__ = ["WeightsStore"]

_log = logging.getLogger(__name__)

_RECORDS = "known-files.json"
_SUFFIXES = (".safetensors", ".pth", ".onnx")
_DROPPED_FINDER_RANK = 40
"""A YuNet that somebody put there goes before a shipped finder, after the published one."""


class _Record(TypedDict, total=False):
    sha256: str
    purpose: str
    scale: int
    architecture: str


class WeightsStore:
    """The model files of this machine.

    `folder` is the user's own (DARKROOM_WEIGHTS_DIR), which need not exist. A `.safetensors`,
    `.pth` or YuNet `.onnx` file dropped there is known by its stem; its hash is written down when
    it is first used (`known-files.json` beside it) and must stay the same from then on.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        catalog: Catalog | None = None,
        shipped: Path = SHIPPED_FOLDER,
    ) -> None:
        self.folder = folder
        self.shipped = shipped
        self.published = catalog if catalog is not None else Catalog.load()
        self._lock = threading.Lock()

    @property
    def catalog(self) -> Catalog:
        """The catalog's rows followed by one row for every file of the user's own.

        A file with a catalog row's stem in another form (say `.safetensors` of a `.pth`) stands in
        for that row while the row's own file is missing.
        """
        rows = list(self.published)
        places = {Path(row.file).stem.lower(): place for place, row in enumerate(rows)}
        for file in self._dropped():
            place = places.get(file.stem.lower())
            if place is None:
                places[file.stem.lower()] = len(rows)
                rows.append(self._own_row(file))
            elif not rows[place].own and not self._place(rows[place]).is_file():
                rows[place] = self._stand_in(rows[place], file)
        return Catalog(rows)

    def path(self, row: CatalogRow) -> Path:
        """The path of a row's file; raises ModelUnavailable if it is not on this machine."""
        path = self._place(row)
        if not path.is_file():
            raise ModelUnavailable(
                _("The model {model} is not installed.").format(model=row.id), remedy=_remedy(row)
            )
        return path

    def installed(self, row: CatalogRow) -> bool:
        """Whether a row's file lies on this machine, unchecked."""
        return self._place(row).is_file()

    def rows(self, purpose: Purpose | None = None) -> tuple[CatalogRow, ...]:
        """The installed models, of one purpose if it is given."""
        return tuple(
            row for row in self.catalog if purpose in (None, row.purpose) and self.installed(row)
        )

    def verify(self, row: CatalogRow) -> str:
        """The SHA-256 of a row's file, after checking it against the known one.

        A file of the user's own is written down at first sight. Raises ModelUnavailable if the
        file is missing or its bytes are not the known ones.
        """
        path = self.path(row)
        found = digest(path)
        if row.own:
            known = self._records().get(row.file, {}).get("sha256")
            if known is None:
                self._record(row.file, {"sha256": found})
                _log.warning("%s has no published hash; trusted from now on as %s", row.file, found)
            elif known != found:
                raise ModelUnavailable(
                    _("The model file {file} has changed since it was first used.").format(
                        file=row.file
                    ),
                    remedy="If you replaced it on purpose, run "
                    f"`darkroom weights verify --trust {row.id}`.",
                )
        elif not row.sha256:
            raise ModelUnavailable(
                _("The shipped model {model} has no hash in the catalog yet.").format(model=row.id),
                remedy="Run `python -m weights.catalog --stamp`.",
            )
        elif found != row.sha256:
            raise ModelUnavailable(
                _("The model file {file} is damaged or not the published one.").format(
                    file=row.file
                ),
                remedy=_remedy(row),
            )
        return found

    def trust(self, row: CatalogRow) -> str:
        """Write down the present hash of a file of the user's own, and return it."""
        if not row.own:
            raise ModelUnavailable(
                f"{row.id} has a published hash, which no other file can take the place of."
            )
        found = digest(self.path(row))
        self._record(row.file, {"sha256": found})
        return found

    def learn(self, row: CatalogRow, *, purpose: Purpose, scale: int, architecture: str) -> None:
        """Write down what a file of the user's own turned out to be when it was loaded."""
        learnt = (row.purpose, row.scale, row.architecture) != (purpose, scale, architecture)
        if row.own and learnt:
            self._record(
                row.file, {"purpose": purpose.value, "scale": scale, "architecture": architecture}
            )

    def _place(self, row: CatalogRow) -> Path:
        if row.shipped:
            return self.shipped / row.file
        return (self.folder or self.shipped) / row.file

    def _dropped(self) -> Iterator[Path]:
        if self.folder is None or not self.folder.is_dir():
            return
        published = {row.file for row in self.published}
        for path in sorted(self.folder.iterdir()):
            known_form = path.suffix.lower() in _SUFFIXES and not path.name.startswith(".")
            if known_form and path.name not in published and path.is_file():
                yield path

    def _stand_in(self, row: CatalogRow, file: Path) -> CatalogRow:
        return row.model_copy(
            update={
                "file": file.name,
                "sha256": "",
                "bytes": file.stat().st_size,
                "own": True,
                "shipped": False,
            }
        )

    def _own_row(self, file: Path) -> CatalogRow:
        record = self._records().get(file.name, {})
        purpose = Purpose(record.get("purpose", Purpose.UNKNOWN))
        if file.suffix.lower() == ".onnx":
            purpose = Purpose.DETECT if "yunet" in file.name.lower() else Purpose.UNKNOWN
        return CatalogRow(
            id=file.stem,
            name=file.stem,
            purpose=purpose,
            architecture=record.get("architecture", ""),
            scale=record.get("scale", 1),
            file=file.name,
            bytes=file.stat().st_size,
            licence="as its author says",
            commercial=None,
            source="your own file",
            rank=_DROPPED_FINDER_RANK if purpose is Purpose.DETECT else 0,
            own=True,
        )

    def _records(self) -> dict[str, _Record]:
        if self.folder is None:
            return {}
        try:
            text = (self.folder / _RECORDS).read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        try:
            records: dict[str, _Record] = json.loads(text)
        except json.JSONDecodeError as error:
            raise ModelUnavailable(
                _("{file} in the weights folder is not readable JSON; mend or delete it.").format(
                    file=_RECORDS
                )
            ) from error
        return records

    def _record(self, file: str, fields: _Record) -> None:
        if self.folder is None:
            return
        with self._lock:
            records = self._records()
            records[file] = {**records.get(file, {}), **fields}
            path = self.folder / _RECORDS
            draft = path.with_suffix(f".{os.getpid()}.part")
            try:
                draft.write_text(json.dumps(records, indent=2, sort_keys=True), encoding="utf-8")
                draft.replace(path)
            except OSError:
                # A read-only weights folder is a sound way to run a container.
                _log.warning("the weights folder cannot be written: %s is not remembered", file)


def _remedy(row: CatalogRow) -> str:
    if row.url:
        return f"`darkroom weights fetch {row.id}` brings it."
    return "Put it back into the weights folder." if row.own else "Reinstall Darkroom."
