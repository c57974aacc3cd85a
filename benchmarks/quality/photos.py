"""Photos made poor and restored by every method."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.quality.damage import Task
from benchmarks.quality.methods import Bench
from benchmarks.quality.metrics import Figures, compare, mean_figures

__all__ = ["PhotoRow", "clean_photo", "measure", "readable"]

_SUFFIXES = {".png", ".jpg", ".jpeg"}


@dataclass(frozen=True)
class PhotoRow:
    """The means over all photos of one task."""

    task: str
    scale: int
    method: str
    figures: Figures


def measure(files: Sequence[Path], bench: Bench, tasks: Sequence[Task]) -> Iterator[PhotoRow]:
    """Measure the plain ways and every model of `bench` whose scale fits on each of `tasks`."""
    for task in tasks:
        methods = bench.methods(task.scale, with_denoising=task.wants_denoising)
        figures: dict[str, list[Figures]] = {method.name: [] for method in methods}
        for file in files:
            clean = clean_photo(file)
            poor = np.asarray(task.poor(clean, file.name))
            for method in methods:
                figures[method.name].append(compare(method.restore(poor), np.asarray(clean)))
        for name, values in figures.items():
            yield PhotoRow(task.name, task.scale, name, mean_figures(values))


def clean_photo(file: Path) -> Image.Image:
    """The photo, cut so that both sides are multiples of 8; OSError if it cannot be decoded."""
    with Image.open(file) as opened:
        image = opened.convert("RGB")
    return image.crop((0, 0, image.width // 8 * 8, image.height // 8 * 8))


def readable(folder: Path, limit: int | None = None) -> list[Path]:
    """The first `limit` photos of a folder; those that cannot be decoded left out with a line."""
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in _SUFFIXES)
    found = []
    for file in files[:limit]:
        try:
            clean_photo(file)
        except OSError:
            print(f"{file.name} is left out: it cannot be decoded.", file=sys.stderr)
        else:
            found.append(file)
    return found
