"""Every model that Darkroom knows, as rows of plain data read from `catalog.toml`.

`python -m weights.catalog --stamp` writes the SHA-256 and size of the shipped files into it.
"""

import difflib
import hashlib
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from core.errors import ModelUnavailable
from core.language import _

__all__ = [
    "CATALOG_FILE",
    "SHIPPED_FOLDER",
    "Catalog",
    "CatalogRow",
    "Purpose",
    "digest",
    "fits_several",
]

CATALOG_FILE = Path(__file__).with_name("catalog.toml")
SHIPPED_FOLDER = Path(__file__).with_name("shipped")

_HEX = re.compile(r"[0-9a-f]{64}")


class Purpose(StrEnum):
    """What a model is for; `unknown` until a file of the user's own has been loaded once."""

    UPSCALE = "upscale"
    DENOISE = "denoise"
    FACES = "faces"
    DETECT = "detect"
    UNKNOWN = "unknown"


class CatalogRow(BaseModel):
    """One model file: what it is for, where it comes from, its hash and its licence.

    `catalog.toml` explains the fields. `sha256` is empty for a shipped file not yet stamped and
    for a user's own file. `commercial` is None where the licence is not known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    purpose: Purpose
    architecture: str = ""
    scale: int = Field(default=1, ge=1, le=16)
    crop: int | None = None
    style: Literal["photo", "drawing"] = "photo"
    file: str
    url: str = ""
    sha256: str = ""
    bytes: int = Field(default=0, ge=0)
    licence: str
    commercial: bool | None
    source: str
    description: str = ""
    rank: int = 0
    heavy: bool = False
    faithful_twin: str = ""
    grainy_twin: str = ""
    package: str = ""
    shipped: bool = False
    recommended: bool = False
    own: bool = False


class Catalog:
    """The rows in the order of the file; ids and file names are unique."""

    def __init__(self, rows: Iterable[CatalogRow]) -> None:
        self.rows = tuple(rows)
        for field in ("id", "file"):
            seen: set[str] = set()
            for row in self.rows:
                value = getattr(row, field)
                if value in seen:
                    raise ValueError(f"two rows of the catalog have the same {field}: {value}")
                seen.add(value)

    @classmethod
    def load(cls, path: Path = CATALOG_FILE) -> Self:
        """The catalog read from a TOML file; raises ValueError if a row is not sound."""
        tables = tomllib.loads(path.read_text(encoding="utf-8"))["model"]
        rows = [CatalogRow.model_validate(table) for table in tables]
        for row in rows:
            if not row.shipped and not (_HEX.fullmatch(row.sha256) and row.url and row.bytes):
                raise ValueError(f"{row.id} needs an address, a size and a SHA-256")
        catalog = cls(rows)
        for row in rows:
            for twin in filter(None, (row.faithful_twin, row.grainy_twin)):
                if not any(_same_network(row, other) for other in rows if other.id == twin):
                    raise ValueError(f"{row.id} names {twin}, which is not of the same network")
        return catalog

    def __iter__(self) -> Iterator[CatalogRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def find(self, name: str) -> CatalogRow:
        """The row that a person means by `name`: its id, its file or a unique part of either.

        Capitals and punctuation do not count. Raises ModelUnavailable with the nearest names.
        """
        found = self.fitting(name)
        if len(found) == 1:
            return found[0]
        if found:
            raise fits_several(name, found)
        raise ModelUnavailable(self.unknown(name), remedy="`darkroom weights list` shows all.")

    def fitting(self, name: str) -> tuple[CatalogRow, ...]:
        """The rows that `name` may mean: one if it is clear, several if not, or none."""
        wanted = _plain(name)
        if not wanted:
            return ()
        keys = [(row, _names(row)) for row in self]
        exact = [row for row, names in keys if wanted in names]
        ids = [row for row in self if wanted in _plain(row.id)]
        parts = [row for row, names in keys if any(wanted in known for known in names)]
        clear = (found for found in (exact, ids, parts) if len(found) == 1)
        return tuple(next(clear, parts))

    def near(self, name: str) -> tuple[str, ...]:
        """The ids, up to three, whose names look most like `name`."""
        by_name = {known: row.id for row in self for known in _names(row)}
        matches = difflib.get_close_matches(_plain(name), by_name, n=3, cutoff=0.4)
        return tuple(dict.fromkeys(by_name[match] for match in matches))

    def unknown(self, name: str) -> str:
        """Says that no model is called `name`, with the nearest ones."""
        text = _("There is no model called “{name}”.").format(name=name)
        near = self.near(name)
        if not near:
            return text
        return text + " " + _("Did you mean {names}?").format(names=_(" or ").join(near))


def fits_several(name: str, rows: Iterable[CatalogRow]) -> ModelUnavailable:
    """The error for a name that is not clear."""
    choices = ", ".join(row.id for row in rows)
    return ModelUnavailable(
        _("“{name}” fits several models: {choices}. Name one of them.").format(
            name=name, choices=choices
        )
    )


def digest(path: Path) -> str:
    """The SHA-256 of a file as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stamp(catalog: Path = CATALOG_FILE, folder: Path = SHIPPED_FOLDER) -> list[str]:
    """Write size and SHA-256 of the shipped files that lie in `folder`; returns the ids stamped."""
    text = catalog.read_text(encoding="utf-8")
    stamped = []
    for row in Catalog.load(catalog):
        path = folder / row.file
        if row.shipped and path.is_file():
            fields = rf'(file = "{re.escape(row.file)}"\n)sha256 = "[^"]*"\nbytes = [\d_]+\n'
            size = f"{path.stat().st_size:_}"
            text, count = re.subn(
                fields, rf'\g<1>sha256 = "{digest(path)}"\nbytes = {size}\n', text
            )
            if count != 1:
                raise ValueError(f"{row.id}: file, sha256 and bytes must be three lines in a row")
            stamped.append(row.id)
    catalog.write_text(text, encoding="utf-8")
    return stamped


def _same_network(one: CatalogRow, other: CatalogRow) -> bool:
    fields = ("purpose", "architecture", "scale")
    return all(getattr(one, field) == getattr(other, field) for field in fields)


def _names(row: CatalogRow) -> set[str]:
    return {_plain(part) for part in (row.id, Path(row.file).stem, row.name)}


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


if __name__ == "__main__":
    if sys.argv[1:] != ["--stamp"]:
        sys.exit("usage: python -m weights.catalog --stamp")
    sys.stdout.write("".join(f"stamped {name}\n" for name in stamp()))
