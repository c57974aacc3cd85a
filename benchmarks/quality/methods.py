"""The ways to be measured: plain resizing, and every model that is at hand."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from safetensors import SafetensorError, safe_open

from benchmarks.quality.landmarks import Finder
from core.errors import DarkroomError
from weights.catalog import CatalogRow, Purpose
from weights.store import WeightsStore
from worker.engine import Engine
from worker.faces import FaceFinder
from worker.imaging.photo import Pixels, to_eight_bits, to_sixteen_bits
from worker.models import LoadedModel, load, load_blend

__all__ = ["PLAIN", "Bench", "Method", "gather"]

PLAIN = {1: ("input",), 2: ("bicubic", "Lanczos"), 4: ("bicubic", "Lanczos")}
"""The ways without a model, by scale."""

_FACE_CROP = 256
"""Side of the restored crop of the recipe `face-restore`."""

_FILTERS = {"bicubic": Image.Resampling.BICUBIC, "Lanczos": Image.Resampling.LANCZOS}

Picture = NDArray[np.uint8]
_File = tuple[CatalogRow, Path]


@dataclass(frozen=True, eq=False)
class Method:
    """One way from a poor H×W×3 picture to one that is larger by `scale`."""

    name: str
    scale: int
    restore: Callable[[Picture], Picture]


@dataclass(frozen=True, eq=False)
class Bench:
    """The models at hand by what they are for, those that would serve first in front."""

    engine: Engine
    upscalers: tuple[LoadedModel, ...]
    denoisers: tuple[LoadedModel, ...]
    restorers: tuple[LoadedModel, ...]
    finders: Mapping[str, Finder]

    def methods(self, scale: int, *, with_denoising: bool) -> list[Method]:
        """The plain ways of `scale`, every model of it and, on wish, those after a denoiser."""
        models = self.denoisers if scale == 1 else self.upscaling(scale)
        methods = [Method(name, scale, _plain(name, scale)) for name in PLAIN[scale]]
        methods += [Method(model.id, scale, self.chain(model)) for model in models]
        if with_denoising:
            methods += [
                Method(f"{first.id} + {second.id}", scale, self.chain(first, second))
                for second in models
                for first in self.denoisers
            ]
        return methods

    def upscaling(self, scale: int) -> list[LoadedModel]:
        """The upscalers of `scale`."""
        return [model for model in self.upscalers if model.scale == scale]

    def chain(self, *models: LoadedModel) -> Callable[[Picture], Picture]:
        """A picture through `models` in turn, at 16 bits in between."""
        return lambda picture: to_eight_bits(self.run(to_sixteen_bits(picture), *models))

    def run(self, pixels: Pixels, *models: LoadedModel) -> Pixels:
        """Pixels through `models` in turn."""
        for model in models:
            pixels = self.engine.run(model, pixels)
        return pixels


def gather(store: WeightsStore, engine: Engine, named: Sequence[str] = ()) -> Bench:
    """Load what is `named` (files or names of the catalog), or all that is installed.

    What cannot be used is left out with a line.
    """
    models: dict[Purpose, list[LoadedModel]] = {purpose: [] for purpose in Purpose}
    finders: dict[str, Finder] = {}
    files = _files(store, named)
    for row, path in files:
        try:
            if row.purpose is Purpose.DETECT:
                finders[row.id] = FaceFinder(path)
                continue
            if not row.own:
                store.verify(row)
            model = load(row, path)
            models[model.purpose] += [model, *_middle((row, path), files)]
        except DarkroomError as error:
            print(f"{row.id} is left out: {error}", file=sys.stderr)
    return Bench(
        engine,
        tuple(models[Purpose.UPSCALE]),
        tuple(models[Purpose.DENOISE]),
        tuple(models[Purpose.FACES]),
        finders,
    )


def _middle(vivid: _File, files: Sequence[_File]) -> list[LoadedModel]:
    """The network half way between a model and its faithful twin, if that is there as well."""
    twins = [file for file in files if file[0].id == vivid[0].faithful_twin]
    return [replace(load_blend(vivid, twin, 0.5), id=f"{vivid[0].id} at 50") for twin in twins]


def _files(store: WeightsStore, named: Sequence[str]) -> list[_File]:
    if not named:
        rows = sorted(store.rows(), key=lambda row: -row.rank)
        return [(row, store.path(row)) for row in rows]
    found = []
    for name in named:
        path = Path(name)
        if path.is_file():
            found.append((_row_of(store, path), path))
        else:
            row = store.catalog.find(name)
            found.append((row, store.path(row)))
    return found


def _row_of(store: WeightsStore, path: Path) -> CatalogRow:
    """What the catalog says of a file of this name, which may be a newer one; else a bare row."""
    for row in store.published:
        if Path(row.file).stem == path.stem:
            return row.model_copy(update={"file": path.name, "own": True, "sha256": ""})
    return CatalogRow.model_validate(
        {
            "id": path.stem,
            "name": path.stem,
            "purpose": Purpose.DETECT if path.suffix == ".onnx" else Purpose.UNKNOWN,
            "file": path.name,
            "licence": "as its author says",
            "commercial": None,
            "source": "a file",
            "own": True,
            **_by_recipe(path),
        }
    )


def _by_recipe(path: Path) -> dict[str, object]:
    """What a file written by `python -m training` tells beyond its network, from its header."""
    if path.suffix != ".safetensors":
        return {}
    try:
        with safe_open(path, "np") as file:
            header: dict[str, str] = file.metadata() or {}
    except SafetensorError:
        return {}
    recipe = header.get("recipe", "")
    if recipe == "face-restore":
        return {"purpose": Purpose.FACES, "crop": _FACE_CROP}
    if recipe.startswith("vivid"):
        return {"faithful_twin": header["model"].removesuffix("-vivid")}
    return {}


def _plain(name: str, scale: int) -> Callable[[Picture], Picture]:
    if scale == 1:
        return lambda picture: picture

    def resize(picture: Picture) -> Picture:
        size = (picture.shape[1] * scale, picture.shape[0] * scale)
        return np.asarray(Image.fromarray(picture).resize(size, _FILTERS[name]))

    return resize
