"""PNG files that lie, swell or break."""

import struct
import zlib

from tests.hostile.pieces import chunk, exif, file, long, picture, png, random, zeros
from tests.hostile.table import Table


def _deep(name: bytes, count: int) -> bytes:
    return png(64, 48, *[chunk(name, b"a\0b")] * count)


def _animated(frames: int) -> bytes:
    return png(64, 48, chunk(b"acTL", struct.pack(">II", frames, 0)))


PNGS: Table = {
    "50k × 50k of one colour": (
        "too_many_pixels",
        lambda: png(50_000, 50_000, data=zeros(1 << 26)),
    ),
    "2³¹ × 2³¹": ("too_many_pixels", lambda: png(2**31 - 1, 2**31 - 1, data=b"")),
    "no width": ("broken", lambda: png(0, 48, data=b"")),
    "huge header, tiny data": ("truncated broken", lambda: png(1500, 1500, data=zeros(100))),
    "more data than the header says": ("enhanced", lambda: png(64, 48, data=zeros(200_000_000))),
    "header cut short": ("broken", lambda: png()[:16] + png()[26:]),
    "no header": ("broken", lambda: png()[:8] + png()[33:]),
    "two headers": ("enhanced broken", lambda: png()[:33] + png()[8:]),
    "unknown depth": ("broken", lambda: png(depth=7)),
    "unknown interlacing": ("enhanced broken", lambda: png(interlaced=9)),
    "1 × 1": ("too_small", lambda: png(1, 1)),
    "1 × 20000": ("too_small", lambda: png(1, 20_000)),
    "20000 × 1": ("too_small", lambda: png(20_000, 1)),
    "8 × 20000": ("enhanced", lambda: png(8, 20_000)),
    "all transparent": ("enhanced", lambda: png(colour=6, data=zeros(48 * (1 + 64 * 4)))),
    "palette with transparency": (
        "enhanced",
        lambda: png(64, 48, chunk(b"PLTE", bytes(768)), chunk(b"tRNS", bytes(256)), colour=3),
    ),
    "palette of no colours": ("enhanced broken", lambda: png(64, 48, chunk(b"PLTE"), colour=3)),
    "no palette": ("enhanced broken truncated", lambda: png(colour=3)),
    "16-bit grey and alpha": ("enhanced", lambda: png(depth=16, colour=4)),
    "16-bit RGB and a transparent colour": (
        "enhanced",
        lambda: png(64, 48, chunk(b"tRNS", b"\x40" * 6), depth=16),
    ),
    "16-bit RGB, tRNS too short": (
        "enhanced broken",
        lambda: png(64, 48, chunk(b"tRNS", b"\0"), depth=16),
    ),
    "wrong checksums": ("broken", lambda: png()[:29] + bytes(4) + png()[33:]),
    "zTXt bomb": (
        "enhanced broken",
        lambda: png(64, 48, chunk(b"zTXt", b"Comment\0\0" + zeros(200_000_000))),
    ),
    "a hundred zTXt bombs": (
        "enhanced broken",
        lambda: png(64, 48, *[chunk(b"zTXt", b"Comment\0\0" + zeros(1_000_000))] * 100),
    ),
    "iTXt bomb": (
        "enhanced broken",
        lambda: png(64, 48, chunk(b"iTXt", b"Comment\0\1\0\0\0" + zeros(200_000_000))),
    ),
    "iCCP bomb": (
        "enhanced broken",
        lambda: png(64, 48, chunk(b"iCCP", b"icc\0\0" + zeros(200_000_000))),
    ),
    "broken iCCP": ("enhanced", lambda: png(64, 48, chunk(b"iCCP", b"icc\0\0" + random(400)))),
    "iCCP that is no profile": (
        "enhanced",
        lambda: png(64, 48, chunk(b"iCCP", b"icc\0\0" + zlib.compress(random(400)))),
    ),
    "EXIF that points to itself": (
        "enhanced",
        lambda: png(64, 48, chunk(b"eXIf", exif(long(0x8769, 8), following=8)[6:])),
    ),
    "EXIF of a thousand fields upon each other": (
        "enhanced",
        lambda: png(
            64,
            48,
            chunk(
                b"eXIf",
                exif(*[(tag, 7, 1_000_000, b"\x08\0\0\0") for tag in range(1000)])[6:]
                + bytes(1_000_000),
            ),
        ),
    ),
    "orientation of two thousand": (
        "enhanced",
        lambda: png(64, 48, chunk(b"eXIf", exif(long(0x0112, 2000))[6:])),
    ),
    "a million chunks": ("broken", lambda: _deep(b"teST", 1_000_000)),
    "a million texts": ("broken", lambda: _deep(b"tEXt", 1_000_000)),
    "a million frames told, one there": ("enhanced broken", lambda: _animated(1_000_000)),
    "no frames told": ("enhanced broken", lambda: _animated(0)),
    "empty chunks of pixels": (
        "enhanced",
        lambda: png()[:33] + chunk(b"IDAT") * 300_000 + png()[33:],
    ),
    "chunk longer than the file": (
        "broken",
        lambda: png()[:33] + b"\x7f\xff\xff\xfftEXt" + png()[33:],
    ),
    "with a web page behind": ("enhanced", lambda: png() + b"<html><script>alert(1)</script>"),
    "with a second picture behind": ("enhanced", lambda: png() + png(9000, 9000, data=b"")),
    "interlaced, only the first pass": (
        "truncated broken",
        lambda: png(2000, 2000, interlaced=1, data=zeros(1000)),
    ),
    "grey": ("enhanced", lambda: file("png", picture(mode="L"))),
    "one bit": ("enhanced", lambda: file("png", picture(mode="1"))),
}
