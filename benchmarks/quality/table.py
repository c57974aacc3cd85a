"""The figures as JSON and as tables, plain or in Markdown."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.quality.damage import TASKS
from benchmarks.quality.faces import FaceRow
from benchmarks.quality.finders import FinderRow
from benchmarks.quality.methods import PLAIN
from benchmarks.quality.photos import PhotoRow

__all__ = ["Report", "merged", "read", "refresh", "tables", "write"]

_BEGIN, _END = "<!-- figures of python -m benchmarks.quality -->", "<!-- end of figures -->"

_PHOTO_HEADS = ("task", "method", "PSNR Y", "PSNR RGB", "SSIM", "HaarPSI", "sharpness")
_FACE_HEADS = (
    "faces ×4",
    *_PHOTO_HEADS[2:],
    "landmarks",
    "of bicubic's",
    "unseen",
    "untouched",
)
_FINDER_HEADS = (
    "finder",
    "faces",
    "recall",
    "point error",
    "surplus",
    "photos",
    "false finds / 20",
    "seconds",
)


@dataclass(frozen=True)
class Report:
    """What was measured, and on what, in a sentence or two."""

    about: str
    photos: Sequence[PhotoRow] = ()
    faces: Sequence[FaceRow] = ()
    finders: Sequence[FinderRow] = ()
    notes: Sequence[str] = ()

    def content(self) -> dict[str, Any]:
        """The report as plain data; `plain` names the methods without a model."""
        return {
            "about": self.about,
            "plain": sorted({name for names in PLAIN.values() for name in names}),
            "rows": [_flat(row) for row in self.photos],
            "faces": [_flat(row) for row in self.faces],
            "finders": [asdict(row) for row in self.finders],
            "notes": list(self.notes),
        }


def write(content: Mapping[str, Any], path: Path) -> None:
    """Write a report's content as JSON."""
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read(path: Path) -> dict[str, Any]:
    """What `write` wrote."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def merged(contents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Several runs as one; of a row that was measured twice the later one counts."""
    result: dict[str, Any] = {"plain": contents[0]["plain"]}
    keys = {"rows": ("task", "method"), "faces": ("method",), "finders": ("finder",)}
    for part, names in keys.items():
        rows = {
            tuple(row[name] for name in names): row for content in contents for row in content[part]
        }
        result[part] = list(rows.values())
    order = [task.name for task in TASKS]
    result["rows"].sort(key=lambda row: order.index(row["task"]))
    result["about"] = "\n".join(dict.fromkeys(content["about"] for content in contents))
    result["notes"] = list(dict.fromkeys(note for content in contents for note in content["notes"]))
    return result


def tables(content: Mapping[str, Any], *, markdown: bool = False) -> str:
    """The report's tables, one after the other, with what they were measured on."""
    blocks = [
        (_PHOTO_HEADS, [_photo(row) for row in content["rows"]]),
        (_FACE_HEADS, [_face(row) for row in content["faces"]]),
        (_FINDER_HEADS, [_finder(row) for row in content["finders"]]),
    ]
    parts = [content["about"]]
    parts += [_drawn(heads, rows, markdown) for heads, rows in blocks if rows]
    parts += content["notes"]
    return "\n\n".join(parts)


def refresh(document: Path, content: Mapping[str, Any]) -> None:
    """Put the tables between the two marks of a Markdown document; ValueError without marks."""
    text = document.read_text(encoding="utf-8")
    fresh = tables(content, markdown=True)
    pattern = re.escape(_BEGIN) + r".*?" + re.escape(_END)
    block = f"{_BEGIN}\n\n{fresh}\n\n{_END}"
    text, count = re.subn(pattern, lambda _: block, text, flags=re.DOTALL)
    if count != 1:
        raise ValueError(f"{document.name} must hold once: {_BEGIN} … {_END}")
    document.write_text(text, encoding="utf-8")


def _flat(row: PhotoRow | FaceRow) -> dict[str, Any]:
    values = asdict(row)
    figures: dict[str, float] = values.pop("figures")
    return {**values, **figures}


def _figures(row: dict[str, Any]) -> list[str]:
    return [
        f"{row['psnr_y']:.2f}",
        f"{row['psnr_rgb']:.2f}",
        f"{row['ssim']:.4f}",
        f"{row['haarpsi']:.4f}",
        f"{row['sharpness']:.2f}",
    ]


def _photo(row: dict[str, Any]) -> list[str]:
    return [row["task"], row["method"], *_figures(row)]


def _face(row: dict[str, Any]) -> list[str]:
    return [
        row["method"],
        *_figures(row),
        _given(row["landmarks"], "{:.1f} %"),
        _given(row["ratio"], "{:.0%}"),
        _given(row["unseen"], "{}"),
        _given(row["untouched"], "{}"),
    ]


def _finder(row: dict[str, Any]) -> list[str]:
    return [
        row["finder"],
        str(row["faces"]),
        f"{row['recall']:.1%}",
        _given(row["error"], "{:.1f} %"),
        str(row["surplus"]),
        str(row["photos"]),
        f"{row['false_finds']:.1f}",
        f"{row['seconds']:.3f}",
    ]


def _given(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)


def _drawn(heads: Sequence[str], rows: Sequence[Sequence[str]], markdown: bool) -> str:
    if markdown:
        lines = [heads, ["---"] * len(heads), *rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)
    widths = [max(len(line[place]) for line in [heads, *rows]) for place in range(len(heads))]
    words = sum(not re.match(r"[–\d]", cell) for cell in rows[0])
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place < words else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in [heads, *rows]
    )
