"""Pictures made for the tests, and files of them."""

import io
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from worker.imaging.photo import Photo, to_sixteen_bits


def scene(width: int = 96, height: int = 64, channels: int = 3) -> NDArray[np.uint8]:
    """A smooth picture whose four corners differ, H×W×C of 8 bits."""
    down, across = np.mgrid[0:height, 0:width].astype(np.float64)
    x, y = across / max(1, width - 1), down / max(1, height - 1)
    planes = [40 + 180 * x, 30 + 160 * y, 200 - 150 * x * y, 60 + 90 * (x + y)]
    return np.asarray(np.rint(np.stack(planes[:channels], axis=-1)), np.uint8)


def photo(width: int = 96, height: int = 64, **fields: Any) -> Photo:
    """That picture as a photo of 8 bits."""
    return Photo(to_sixteen_bits(scene(width, height)), **fields)


def noise(width: int, height: int, seed: int = 1, channels: int = 3) -> NDArray[np.uint8]:
    """A picture that no encoder can make small."""
    shape = (height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def file(pixels: NDArray[Any] | Image.Image, form: str, **options: Any) -> bytes:
    """The bytes of a picture in one of Pillow's formats."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    """A file as Pillow sees it, loaded."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def with_tiff_field(data: bytes, tag: int, value: int) -> bytes:
    """A little-endian TIFF with one more number: its directory is written anew at the end."""
    start = int.from_bytes(data[4:8], "little")
    count = int.from_bytes(data[start : start + 2], "little")
    fields = [data[start + 2 + 12 * i : start + 14 + 12 * i] for i in range(count)]
    fields = [field for field in fields if int.from_bytes(field[:2], "little") != tag]
    fields.append(struct.pack("<HHII", tag, 4, 1, value))
    fields.sort(key=lambda field: int.from_bytes(field[:2], "little"))
    data += b"\0" * (len(data) % 2)
    table = len(fields).to_bytes(2, "little") + b"".join(fields) + b"\0" * 4
    return data[:4] + len(data).to_bytes(4, "little") + data[8:] + table
