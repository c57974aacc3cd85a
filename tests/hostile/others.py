"""GIF, WebP, BMP, HEIC and AVIF files that lie, and files that are no photos at all."""

import struct

from tests.hostile.pieces import (
    box,
    file,
    picture,
    png,
    random,
    riff,
    riff_chunk,
    tiff,
)
from tests.hostile.table import Table


def _gif(width: int, height: int, body: bytes, tail: bytes = b"\0;") -> bytes:
    """A GIF of one frame of 64 × 48, whatever the canvas; `body` is its blocks."""
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0)
    frame = b"," + struct.pack("<HHHHB", 0, 0, 64, 48, 0)
    return b"GIF89a" + screen + bytes(6) + frame + b"\2" + body + tail


def _frames(count: int) -> bytes:
    one = _gif(64, 48, b"\2\x44\1", b"\0")
    return one + one[19:] * count + b";"


def _webp(width: int, height: int, *chunks: bytes) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return riff(riff_chunk(b"VP8X", b"\x02\0\0\0" + size), *chunks)


def _anmf(count: int) -> bytes:
    inner = file("webp", lossless=True)[12:]
    frame = bytes(6) + (63).to_bytes(3, "little") + (47).to_bytes(3, "little") + b"\x64\0\0\0"
    return riff_chunk(b"ANIM", bytes(6)) + riff_chunk(b"ANMF", frame + inner) * count


def _bmp(width: int, height: int, bits: int = 24, compression: int = 0, body: bytes = b"") -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, 0, 0, 0, 0, 0)
    palette = bytes(1024) if bits == 8 else b""
    start = 54 + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + header + palette + body


def _resized(kind: str, width: int, height: int) -> bytes:
    """A HEIC or AVIF whose `ispe` box claims another size."""
    data = file(kind)
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", width, height) + data[at + 8 :]


def _renamed(kind: str, brand: bytes) -> bytes:
    data = file(kind)
    return data[:8] + brand + data[12:]


_FTYP = box(b"ftyp", b"heic\0\0\0\0mif1heic")

OTHERS: Table = {
    "GIF, canvas of 65535 × 65535": ("too_many_pixels", lambda: _gif(65_535, 65_535, b"\2\x44\1")),
    "GIF, canvas of 1500 × 1500": (
        "enhanced truncated broken",
        lambda: _gif(1500, 1500, b"\2\x44\1"),
    ),
    "GIF, fifty thousand frames": ("enhanced truncated broken", lambda: _frames(50_000)),
    "GIF of tiny blocks": ("broken", lambda: _gif(64, 48, b"\1\x44" * 9_000_000)),
    "GIF of tiny comments": (
        "broken",
        lambda: _gif(64, 48, b"", b"\0" + b"!\xfe\1a\0" * 3_000_000),
    ),
    "GIF, code size of 200": (
        "broken truncated",
        lambda: _gif(64, 48, b"").replace(b"\x00\x02\0;", b"\0\xc8\0;"),
    ),
    "GIF without frames": ("broken", lambda: _gif(64, 48, b"")[:19] + b";"),
    "GIF, a frame beyond the canvas": (
        "enhanced broken truncated",
        lambda: _gif(8, 8, b"\2\x44\1"),
    ),
    "GIF, transparent": ("enhanced", lambda: file("gif", picture(mode="P"), transparency=3)),
    "WebP, canvas of 16384 × 16384": (
        "too_many_pixels broken",
        lambda: _webp(16_384, 16_384, _anmf(1)),
    ),
    "WebP, canvas of 2²⁴ × 2²⁴": ("too_many_pixels broken", lambda: _webp(2**24, 2**24, _anmf(1))),
    "WebP, canvas of 13000 × 13000": (
        "too_many_pixels broken",
        lambda: _webp(13_000, 13_000, _anmf(1)),
    ),
    "WebP, five thousand frames": ("enhanced", lambda: _webp(64, 48, _anmf(5000))),
    "WebP, animated": (
        "enhanced",
        lambda: file("webp", save_all=True, append_images=[picture(mode="L")]),
    ),
    "WebP, an animation without frames": (
        "broken",
        lambda: _webp(64, 48, riff_chunk(b"ANIM", bytes(6))),
    ),
    "WebP of a million chunks": (
        "broken enhanced",
        lambda: riff(*[riff_chunk(b"JUNK", b"")] * 1_000_000, file("webp")[12:]),
    ),
    "WebP, length of four thousand million": (
        "enhanced truncated broken",
        lambda: b"RIFF\xff\xff\xff\xff" + file("webp")[8:],
    ),
    "WebP, lossless of random bytes": (
        "broken truncated",
        lambda: riff(riff_chunk(b"VP8L", b"\x2f\x3f\xc0\x0b\x00" + random(2000))),
    ),
    "BMP, upside down": ("enhanced", lambda: _bmp(64, -48, body=bytes(64 * 48 * 3))),
    "BMP, negative width": (
        "broken too_small too_many_pixels",
        lambda: _bmp(-64, 48, body=bytes(64 * 48 * 3)),
    ),
    "BMP, lowest height": ("too_many_pixels broken", lambda: _bmp(64, -(2**31), body=bytes(100))),
    "BMP, 1500 × 1500 of few bytes": (
        "truncated broken",
        lambda: _bmp(1500, 1500, body=bytes(100)),
    ),
    "BMP, run lengths without end": (
        "enhanced truncated broken",
        lambda: _bmp(1500, 1500, 8, 1, b"\xff\1" * 500_000),
    ),
    "BMP, run lengths that leap": (
        "enhanced truncated broken",
        lambda: _bmp(1500, 1500, 8, 1, b"\0\2\xff\xff" * 200_000 + b"\0\1"),
    ),
    "BMP, unknown compression": ("broken", lambda: _bmp(64, 48, compression=77)),
    "BMP, 77 bits": ("broken", lambda: _bmp(64, 48, bits=77)),
    "HEIC, size that lies": (
        "too_many_pixels broken truncated",
        lambda: _resized("heif", 60_000, 60_000),
    ),
    "HEIC, larger than it is": ("enhanced broken truncated", lambda: _resized("heif", 640, 480)),
    "AVIF, size that lies": (
        "too_many_pixels broken truncated",
        lambda: _resized("avif", 60_000, 60_000),
    ),
    "AVIF, larger than it is": ("enhanced broken truncated", lambda: _resized("avif", 640, 480)),
    "AVIF that says HEIC": ("enhanced broken unsupported_kind", lambda: _renamed("avif", b"heic")),
    "HEIC that says AVIF": ("enhanced broken unsupported_kind", lambda: _renamed("heif", b"avif")),
    "HEIC without pictures": (
        "broken",
        lambda: _FTYP + box(b"meta", bytes(4)) + box(b"mdat", bytes(99)),
    ),
    "HEIC of boxes in boxes": (
        "broken",
        lambda: (
            _FTYP + b"".join(struct.pack(">I", 8 * (4000 - at)) + b"meta" for at in range(4000))
        ),
    ),
    "HEIC, a box of 2⁶⁴ bytes": (
        "broken",
        lambda: _FTYP + struct.pack(">I4sQ", 1, b"meta", 2**64 - 1) + bytes(100),
    ),
    "nothing": ("empty", lambda: b""),
    "one byte": ("not_an_image unsupported_kind", lambda: b"\xff"),
    "zeros": ("not_an_image", lambda: bytes(2_000_000)),
    "random bytes": ("not_an_image", lambda: random(200_000)),
    "text": ("unsupported_kind", lambda: b"Wir waren am See.\n" * 100),
    "PDF": ("unsupported_kind", lambda: b"%PDF-1.7\n" + random(400)),
    "SVG": (
        "unsupported_kind",
        lambda: b"<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY a 'a'>]><svg>&a;</svg>",
    ),
    "PostScript": (
        "unsupported_kind",
        lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(r) file",
    ),
    "PostScript with a DOS header": (
        "not_an_image",
        lambda: b"\xc5\xd0\xd3\xc6" + bytes(26) + b"%!PS",
    ),
    "Windows metafile": ("not_an_image", lambda: b"\xd7\xcd\xc6\x9a" + bytes(60)),
    "icon": ("unsupported_kind", lambda: b"\0\0\1\0\1\0" + bytes(16) + png()),
    "archive": ("unsupported_kind", lambda: b"PK\3\4" + png()),
    "program": ("unsupported_kind", lambda: b"\x7fELF" + bytes(200)),
    "photo behind a web page": ("not_an_image", lambda: b"<html>" + file("jpeg")),
    "50 MB and one byte": ("too_many_bytes", lambda: file("jpeg") + bytes(50_000_001)),
    "TIFF in a HEIC's clothes": ("broken", lambda: _FTYP + tiff()),
}
