"""Writing of 16-bit PNG files (ISO/IEC 15948), which Pillow can write for single channels only."""

import struct
import zlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

from worker.imaging.photo import Pixels

_COLOUR_TYPES: Final = {1: 0, 2: 4, 3: 2, 4: 6}  # channels → IHDR colour type
_STRIP: Final = 1 << 20  # bytes filtered at once
_LEVEL: Final = 5


def write_png(values: Pixels, *, icc: bytes, exif: bytes = b"") -> bytes:
    """A PNG of H×W×C pixels, C being 1 grey, 2 grey + alpha, 3 RGB or 4 RGBA; `exif` is a block
    with or without its marker."""
    height, width, channels = values.shape
    header = struct.pack(">IIBBBBB", width, height, 16, _COLOUR_TYPES[channels], 0, 0, 0)
    parts = [
        b"\x89PNG\r\n\x1a\n",
        _chunk(b"IHDR", header),
        _chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(icc, 9)),
    ]
    if exif:
        parts.append(_chunk(b"eXIf", exif.removeprefix(b"Exif\0\0")))
    parts.extend(_chunk(b"IDAT", data) for data in _compressed(values))
    parts.append(_chunk(b"IEND", b""))
    return b"".join(parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _compressed(values: Pixels) -> list[bytes]:
    height, width, channels = values.shape
    row_bytes = width * channels * 2
    rows = max(1, _STRIP // row_bytes)
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, 15, 9, zlib.Z_FILTERED)
    above = np.zeros((1, row_bytes), np.uint8)
    pieces = []
    for top in range(0, height, rows):
        strip = values[top : top + rows].astype(">u2")
        raw = strip.view(np.uint8).reshape(strip.shape[0], row_bytes)
        piece = compressor.compress(_filtered(raw, above, channels * 2).tobytes())
        above = raw[-1:]
        if piece:
            pieces.append(piece)
    pieces.append(compressor.flush())
    return pieces


def _filtered(raw: NDArray[np.uint8], above: NDArray[np.uint8], step: int) -> NDArray[np.uint8]:
    """Each row by the filter of the least sum of absolute differences (section 12.8)."""
    up = np.concatenate([above, raw[:-1]])
    left = np.zeros_like(raw)
    left[:, step:] = raw[:, :-step]
    corner = np.zeros_like(raw)
    corner[:, step:] = up[:, :-step]
    average = ((left.astype(np.uint16) + up) >> 1).astype(np.uint8)
    candidates = [raw - left, raw - up, raw - average, raw - _paeth(left, up, corner)]
    costs = np.stack(
        [np.abs(rows.view(np.int8).astype(np.int16)).sum(axis=1) for rows in candidates]
    )
    best = costs.argmin(axis=0)
    result = np.empty((raw.shape[0], raw.shape[1] + 1), np.uint8)
    for index, rows in enumerate(candidates):
        chosen = best == index
        result[chosen, 0] = index + 1
        result[chosen, 1:] = rows[chosen]
    return result


def _paeth(
    left: NDArray[np.uint8], up: NDArray[np.uint8], corner: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    a, b, c = left.astype(np.int16), up.astype(np.int16), corner.astype(np.int16)
    to_a, to_b, to_c = np.abs(b - c), np.abs(a - c), np.abs(a + b - 2 * c)
    return np.where((to_a <= to_b) & (to_a <= to_c), left, np.where(to_b <= to_c, up, corner))
