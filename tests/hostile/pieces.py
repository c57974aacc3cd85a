"""Building blocks of files, honest and otherwise."""

import io
import struct
import zlib
from typing import Any

import numpy as np
import pillow_heif
from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
FORMS = {
    "jpeg": "JPEG",
    "png": "PNG",
    "webp": "WEBP",
    "gif": "GIF",
    "bmp": "BMP",
    "tiff": "TIFF",
    "avif": "AVIF",
    "heif": "HEIF",
}


def picture(width: int = 64, height: int = 48, mode: str = "RGB") -> Image.Image:
    """A soft gradient."""
    return Image.linear_gradient("L").resize((width, height)).convert("RGB").convert(mode)


def file(kind: str, image: Image.Image | None = None, **options: Any) -> bytes:
    """A file of a kind of `core.images.KINDS`."""
    image = image or picture()
    out = io.BytesIO()
    if kind == "heif":
        pillow_heif.from_pillow(image).save(out, **options)
    else:
        image.save(out, FORMS[kind], **options)
    return out.getvalue()


def chunk(name: bytes, data: bytes = b"") -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(
    width: int = 64,
    height: int = 48,
    *extra: bytes,
    depth: int = 8,
    colour: int = 2,
    interlaced: int = 0,
    data: bytes | None = None,
) -> bytes:
    """A PNG of one colour with more chunks before its pixels; `data` stands for the pixels."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    if data is None:
        row = b"\0" + b"\x40" * ((width * channels * depth + 7) // 8)
        data = zlib.compress(row * height)
    parts = [chunk(b"IHDR", header), *extra, chunk(b"IDAT", data), chunk(b"IEND")]
    return SIGNATURE + b"".join(parts)


def zeros(count: int) -> bytes:
    """So many zeros, compressed to a thousandth, without holding them."""
    packer = zlib.compressobj(9)
    block = bytes(1 << 20)
    parts = [packer.compress(block[: min(1 << 20, count - at)]) for at in range(0, count, 1 << 20)]
    return b"".join([*parts, packer.flush()])


def segment(marker: int, data: bytes) -> bytes:
    """A JPEG segment."""
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def with_segments(*segments: bytes, data: bytes | None = None) -> bytes:
    """A JPEG with more segments after its beginning."""
    data = file("jpeg") if data is None else data
    return data[:2] + b"".join(segments) + data[2:]


def frame_at(data: bytes | bytearray) -> int:
    """Where a JPEG's frame header (SOF) begins."""
    at = 2
    while data[at + 1] not in (0xC0, 0xC1, 0xC2):
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return at


def lying_jpeg(width: int, height: int) -> bytes:
    """A JPEG whose frame claims another size."""
    data = bytearray(file("jpeg"))
    struct.pack_into(">HH", data, frame_at(data) + 5, height, width)
    return bytes(data)


STRIPS, TILE_OFFSETS = (273, 278, 279), 324
Entry = tuple[int, int, int, bytes]
"""Tag, type, count, and four bytes of value or offset."""


def directory(*entries: Entry, following: int = 0) -> bytes:
    """A little-endian TIFF directory."""
    table = b"".join(struct.pack("<HHI", *entry[:3]) + entry[3] for entry in entries)
    return struct.pack("<H", len(entries)) + table + struct.pack("<I", following)


def long(tag: int, *values: int, count: int | None = None) -> Entry:
    """A field of one number, or one that says it has more."""
    return tag, 4, count or len(values), struct.pack("<I", *values)


def tiff(
    width: int = 64,
    height: int = 48,
    *extra: Entry,
    following: int = 0,
    pixels: bytes | None = None,
    **fields: int,
) -> bytes:
    """A grey TIFF of 8 bits in one strip; fields: rows, strip, counts, compression, bits."""
    pixels = b"\x40" * (width * height) if pixels is None else pixels
    entries = [
        long(256, width),
        long(257, height),
        long(258, fields.get("bits", 8)),
        long(259, fields.get("compression", 1)),
        long(262, 1),
        long(273, fields.get("strip", 8)),
        long(277, 1),
        long(278, fields.get("rows", height)),
        long(279, fields.get("counts", len(pixels))),
        *extra,
    ]
    if any(tag == TILE_OFFSETS for tag, *_rest in extra):
        entries = [entry for entry in entries if entry[0] not in STRIPS]
    entries.sort()
    body = directory(*entries, following=following)
    return b"II*\0" + struct.pack("<I", 8 + len(pixels)) + pixels + body


def exif(*entries: Entry, following: int = 0, behind: bytes = b"") -> bytes:
    """An EXIF block, marker included."""
    head = b"Exif\0\0II*\0\x08\0\0\0"
    return head + directory(*entries, following=following) + behind


def riff(*chunks: bytes) -> bytes:
    """A WebP file of those chunks."""
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def riff_chunk(name: bytes, data: bytes) -> bytes:
    """One chunk of a WebP file."""
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def box(name: bytes, data: bytes = b"") -> bytes:
    """A box of an ISO base media file (HEIC, AVIF)."""
    return struct.pack(">I", 8 + len(data)) + name + data


def random(size: int, seed: int = 7) -> bytes:
    """Bytes that nothing can make smaller."""
    return np.random.default_rng(seed).bytes(size)
