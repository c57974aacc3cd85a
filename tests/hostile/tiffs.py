"""TIFF files that lie, swell or break."""

import struct

from tests.hostile.pieces import directory, file, long, picture, random, tiff
from tests.hostile.table import Table


def _loop() -> bytes:
    """A directory that follows itself."""
    data = tiff()
    return data[:-4] + data[4:8]


def _heap(size: int, fields: int) -> bytes:
    """Fields that all claim the same bytes, as many as the file has."""
    extra = [(40_000 + number, 7, size, b"\x08\0\0\0") for number in range(fields)]
    return tiff(64, 48, *extra, pixels=bytes(size), counts=64 * 48)


def _big() -> bytes:
    """A BigTIFF that says it has 2⁶⁴ − 1 fields."""
    return b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 2**64 - 1) + bytes(100)


def _tiles(across: int, down: int, count: int) -> bytes:
    tiles = [
        long(322, across),
        long(323, down),
        long(324, 8, count=count),
        long(325, 8, count=count),
    ]
    return tiff(64, 48, *tiles)


TIFFS: Table = {
    "100k × 100k": ("too_many_pixels", lambda: tiff(100_000, 100_000, pixels=bytes(100))),
    "1500 × 1500 of few bytes": ("truncated broken", lambda: tiff(1500, 1500, pixels=bytes(100))),
    "no size": ("broken too_small", lambda: tiff(0, 0)),
    "1 × 20000": ("too_small", lambda: tiff(1, 20_000)),
    "a directory that follows itself": ("enhanced", _loop),
    "a directory beyond the end": ("broken", lambda: b"II*\0\xff\xff\xff\x7f" + bytes(64)),
    "a directory upon the header": ("broken unsupported_kind", lambda: b"II*\0" + bytes(400)),
    "a directory in a directory, without end": (
        "enhanced",
        lambda: tiff(64, 48, long(330, 8 + 64 * 48), long(0x8769, 8 + 64 * 48)),
    ),
    "65535 fields": (
        "broken",
        lambda: b"II*\0\x08\0\0\0\xff\xff" + directory(long(256, 64))[2:14] * 65_535,
    ),
    "five hundred fields upon each other": ("enhanced broken", lambda: _heap(18_000_000, 500)),
    "twenty thousand fields upon each other": ("enhanced broken", lambda: _heap(3_000_000, 20_000)),
    "a strip beyond the end": ("truncated broken", lambda: tiff(strip=2**31)),
    "strips of four thousand million bytes": (
        "enhanced truncated broken",
        lambda: tiff(counts=2**32 - 1),
    ),
    "no rows in a strip": ("enhanced truncated broken", lambda: tiff(rows=0)),
    "a million strips": (
        "broken truncated",
        lambda: tiff(64, 48).replace(
            struct.pack("<HHI", 273, 4, 1), struct.pack("<HHI", 273, 4, 1_000_000)
        ),
    ),
    "tiles of four thousand million pixels": ("broken truncated", lambda: _tiles(2**16, 2**16, 1)),
    "tiles of no size": ("broken truncated", lambda: _tiles(0, 0, 1)),
    "a million tiles": ("broken truncated", lambda: _tiles(16, 16, 1_000_000)),
    "unknown compression": ("broken truncated", lambda: tiff(compression=9999)),
    "packed with nothing inside": (
        "broken truncated",
        lambda: tiff(compression=8, pixels=random(300)),
    ),
    "LZW of random bytes": (
        "broken truncated enhanced",
        lambda: tiff(compression=5, pixels=random(3000)),
    ),
    "fax of random bytes": (
        "broken truncated enhanced",
        lambda: tiff(compression=4, pixels=random(3000)),
    ),
    "JPEG inside of random bytes": (
        "broken truncated",
        lambda: tiff(compression=7, pixels=random(3000)),
    ),
    "bits that nobody has": ("broken", lambda: tiff(bits=77)),
    "big, of countless fields": ("broken not_an_image unsupported_kind", _big),
    "32 bits": ("enhanced", lambda: file("tiff", picture(mode="F"))),
    "CMYK": ("enhanced", lambda: file("tiff", picture(mode="CMYK"))),
    "LAB": ("enhanced", lambda: file("tiff", picture(mode="LAB"))),
    "several pages": (
        "enhanced",
        lambda: file("tiff", save_all=True, append_images=[picture(4000, 4000, "1")]),
    ),
}
