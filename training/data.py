"""The training photos in memory: decoded once, kept as 8-bit pixels on the device."""

import math
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from training.backgrounds import Photo, read_backgrounds

__all__ = ["CropPool", "Photos"]

_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
_HELD_OUT_EVERY = 14
_HELD_OUT_FACES = 40
_SCALES = {1.0: 0.2, 0.7: 0.3, 0.5: 0.3, 0.35: 0.2}  # size of the copy: share of the crops
_SMALLEST = 256
_CELL = 32


class Photos:
    """What lies under a data folder: uint8 images `[3, height, width]`, decoded when asked for."""

    def __init__(self, folder: Path) -> None:
        """List `folder/photos` and, where it exists, `folder/faces`; raise ValueError without any.

        Every fourteenth photo and every fortieth face is held out for the curve (the first one, of
        fewer).
        """
        self._photos, self._faces = _images_in(folder / "photos"), _images_in(folder / "faces")
        if len(self._photos) < 2:
            raise ValueError("The data folder needs a subfolder 'photos' with at least two images.")

    @cached_property
    def training(self) -> tuple[tuple[tuple[Tensor, ...], float], ...]:
        """Groups of photos, one a size, with their shares of the crops.

        Each photo is also kept at 0.7, 0.5 and 0.35 of its size, unless a side falls below 256
        pixels: finer detail per pixel, and the traces of its own JPEG averaged away.
        """
        kept = [file for number, file in enumerate(self._photos) if number % _HELD_OUT_EVERY]
        return tuple(
            (tuple(_decoded(file, scale) for file in kept if _fits(file, scale)), share)
            for scale, share in _SCALES.items()
        )

    @cached_property
    def held_out(self) -> tuple[Tensor, ...]:
        """The photos that are not trained on, at half their size."""
        return tuple(_decoded(file, 0.5) for file in self._photos[::_HELD_OUT_EVERY])

    @cached_property
    def backgrounds(self) -> tuple[Photo, ...]:
        """The photos to train on, with the faces that show in them."""
        kept = (file for number, file in enumerate(self._photos) if number % _HELD_OUT_EVERY)
        return read_backgrounds(kept)

    @cached_property
    def held_out_backgrounds(self) -> tuple[Photo, ...]:
        """The photos that are not trained on, with the faces that show in them."""
        return read_backgrounds(self._photos[::_HELD_OUT_EVERY])

    @cached_property
    def faces(self) -> tuple[Tensor, ...]:
        """The faces to train on."""
        files = enumerate(self._faces)
        return tuple(_decoded(file, 1.0) for number, file in files if number % _HELD_OUT_FACES)

    @cached_property
    def held_out_faces(self) -> tuple[Tensor, ...]:
        """The faces that are not trained on."""
        return tuple(_decoded(file, 1.0) for file in self._faces[::_HELD_OUT_FACES])


def _fits(file: Path, scale: float) -> bool:
    """Whether a reduced copy is worth keeping: small images stay at their size alone."""
    with Image.open(file) as image:
        return scale == 1.0 or min(image.size) * scale >= _SMALLEST


def _images_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in _SUFFIXES)


def _decoded(file: Path, scale: float) -> Tensor:
    with Image.open(file) as opened:
        image = opened.convert("RGB")
    if scale != 1.0:
        size = (round(image.width * scale), round(image.height * scale))
        image = image.resize(size, Image.Resampling.BICUBIC)
    flat = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
    return flat.reshape(image.height, image.width, 3).permute(2, 0, 1).contiguous()


class CropPool:
    """Random square crops from many images that lie as one uint8 tensor on one device."""

    def __init__(
        self,
        groups: Iterable[tuple[Sequence[Tensor], float]],
        *,
        size: int,
        device: torch.device,
    ) -> None:
        """Lay out `groups` of `(images, share of the crops)`, without those smaller than `size`.

        Places are drawn by the detail around them: a cell of 32 x 32 pixels weighs 0.5 plus half
        its contrast relative to the mean of its group, at most 2 in all.
        """
        pixels: list[Tensor] = []
        cells: list[Tensor] = []
        weights: list[Tensor] = []
        offset = 0
        for images, share in groups:
            fitting = [image for image in images if min(image.shape[1:]) >= size]
            if not fitting or share <= 0:
                continue
            details = []
            for image in fitting:
                _, height, width = image.shape
                centres, detail = _cells(image)
                place = torch.tensor([[offset, height, width]]).expand(len(centres), 3)
                cells.append(torch.cat([place, centres], dim=1))
                details.append(detail)
                pixels.append(image.flatten(1).T)
                offset += height * width
            detail = torch.cat(details)
            weight = (0.5 + 0.5 * detail / detail.mean().clamp_min(1e-6)).clamp_max(2.0)
            weights.append(share * weight / weight.sum())
        if not pixels:
            raise ValueError(f"No training image is at least {size} pixels wide and high.")
        self._size = size
        self._device = device
        self._pixels = torch.cat(pixels).contiguous().to(device)
        self._cells = torch.cat(cells)
        self._cumulative = torch.cat(weights).double().cumsum(0)

    def crops(self, count: int, host: torch.Generator) -> Tensor:
        """Draw `[count, 3, size, size]` crops in [0, 1], each flipped and transposed at random."""
        total = float(self._cumulative[-1])
        draws = torch.rand(count, generator=host, dtype=torch.float64) * total
        chosen = self._cells[
            torch.searchsorted(self._cumulative, draws).clamp_max(len(self._cells) - 1)
        ]
        offset, height, width, centre_y, centre_x = chosen.unbind(1)
        jitter = torch.randint(-_CELL // 2, _CELL // 2, (2, count), generator=host)
        top = (centre_y + jitter[0] - self._size // 2).clamp_min(0).minimum(height - self._size)
        left = (centre_x + jitter[1] - self._size // 2).clamp_min(0).minimum(width - self._size)
        turns = (
            torch.randint(0, 2, (3, count), generator=host).to(self._device).view(3, count, 1, 1)
        )

        line = torch.arange(self._size, device=self._device)
        rows, columns = line.view(1, -1, 1), line.view(1, 1, -1)
        rows, columns = (
            torch.where(turns[0].bool(), columns, rows),
            torch.where(turns[0].bool(), rows, columns),
        )
        last = self._size - 1
        rows = torch.where(turns[1].bool(), last - rows, rows)
        columns = torch.where(turns[2].bool(), last - columns, columns)
        start, stride = (
            (offset + top * width + left).to(self._device).view(-1, 1, 1),
            width.to(self._device).view(-1, 1, 1),
        )
        index = start + rows * stride + columns
        return self._pixels[index].permute(0, 3, 1, 2).float().div_(255).contiguous()


def _cells(image: Tensor) -> tuple[Tensor, Tensor]:
    """Centres `[n, 2]` (row, column) of an image's cells, and their contrast `[n]` in levels."""
    grey = image.float().mean(0)
    rows, columns = math.ceil(grey.shape[0] / _CELL), math.ceil(grey.shape[1] / _CELL)
    padded = torch.nn.functional.pad(
        grey[None, None],
        (0, columns * _CELL - grey.shape[1], 0, rows * _CELL - grey.shape[0]),
        mode="replicate",
    )
    blocks = padded.view(rows, _CELL, columns, _CELL)
    detail = blocks.std(dim=(1, 3)).flatten()
    middle = _CELL // 2
    centres = torch.cartesian_prod(
        torch.arange(rows) * _CELL + middle, torch.arange(columns) * _CELL + middle
    )
    return centres, detail
