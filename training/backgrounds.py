"""Photos as backgrounds for pasted faces: square pieces in which the photo shows no face."""

import csv
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from training.degradations import Draw

__all__ = ["Backgrounds", "Photo", "Region", "read_backgrounds"]

_LIST = "photo_faces.csv"
_SMALLEST = 128
_TRIES = 12


class Region(NamedTuple):
    """A rectangle in shares of a photo's width and height, 0 to 1."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Region") -> bool:
        """Whether the two share any area."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


@dataclass(frozen=True)
class Photo:
    """A photo as uint8 `[3, height, width]` and where faces show in it."""

    pixels: Tensor
    faces: tuple[Region, ...]


def read_backgrounds(files: Iterable[Path]) -> tuple[Photo, ...]:
    """Decode `files` with the faces that a list names, drawn by hand.

    The list is `photo_faces.csv` beside the photos' folder, or else the one of this package, which
    knows the photos that the shipped finder was trained on by name and size. Photos that are not
    named count as free of faces.
    """
    photos = []
    for file in files:
        own = file.parent.parent / _LIST
        regions = _regions(own if own.is_file() else Path(__file__).with_name(_LIST))
        with Image.open(file) as opened:
            image = opened.convert("RGB")
        flat = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
        pixels = flat.reshape(image.height, image.width, 3).permute(2, 0, 1).contiguous()
        photos.append(Photo(pixels, tuple(regions.get((file.name, *image.size), ()))))
    return tuple(photos)


def _regions(path: Path) -> dict[tuple[str, int, int], list[Region]]:
    found: dict[tuple[str, int, int], list[Region]] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            key = (row["photo"], int(row["width"]), int(row["height"]))
            region = Region(*(float(row[side]) for side in Region._fields))
            found.setdefault(key, []).append(region)
    return found


class Backgrounds:
    """Photos at full, half and quarter size on one device."""

    def __init__(self, photos: Sequence[Photo], *, device: torch.device) -> None:
        """Keep the `photos` that have room beside their faces; ValueError if none has."""
        self._photos = [
            ([level.to(device) for level in _levels(photo.pixels)], photo.faces)
            for photo in photos
            if Region(0, 0, 1, 1) not in photo.faces
        ]
        self._device = device
        if not self._photos:
            raise ValueError("No photo is known to be without faces, not even in a part of it.")

    def draw(self, count: int, size: int, draw: Draw) -> Tensor:
        """Draw `[count, 3, size, size]` pieces in [0, 1], of any scale, flipped at random."""
        return torch.stack([self._piece(size, draw) for _ in range(count)])

    def _piece(self, size: int, draw: Draw) -> Tensor:
        levels, region = self._choose(draw)
        height, width = levels[0].shape[1:]
        side = (region.right - region.left) * width
        number = min(len(levels) - 1, max(0, math.floor(math.log2(max(1.0, side / size)) + 0.5)))
        level = levels[number]
        scale = level.shape[2] / width
        top, left = int(region.top * height * scale), int(region.left * width * scale)
        length = max(8, min(int(side * scale), level.shape[1] - top, level.shape[2] - left))
        piece = level[None, :, top : top + length, left : left + length].float() / 255
        piece = F.interpolate(piece, (size, size), mode="bilinear", antialias=length > 2 * size)
        return piece[0].flip(2) if draw.integer(2) else piece[0]

    def _choose(self, draw: Draw) -> tuple[list[Tensor], Region]:
        """A photo and a square of it that meets none of its faces."""
        while True:
            levels, faces = self._photos[draw.integer(len(self._photos))]
            height, width = levels[0].shape[1:]
            largest = min(height, width)
            for _ in range(_TRIES):
                share, x, y = draw.uniform(3, 0, 1).tolist()
                side = min(_SMALLEST, largest) * max(1.0, largest / _SMALLEST) ** share
                left, top = x * (width - side) / width, y * (height - side) / height
                region = Region(left, top, left + side / width, top + side / height)
                if not any(region.meets(face) for face in faces):
                    return levels, region


def _levels(pixels: Tensor) -> list[Tensor]:
    """The image, and as long as it stays large enough its half and quarter."""
    levels = [pixels]
    while len(levels) < 3 and min(levels[-1].shape[1:]) >= 4 * _SMALLEST:
        size = (levels[-1].shape[1] // 2, levels[-1].shape[2] // 2)
        half = F.interpolate(levels[-1][None].float(), size, mode="bilinear", antialias=True)
        levels.append(half[0].round().byte())
    return levels
