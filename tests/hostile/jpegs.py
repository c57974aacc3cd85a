"""JPEG files that lie, swell or break."""

import io
import struct

from PIL import Image

from tests.hostile.pieces import (
    directory,
    exif,
    file,
    frame_at,
    long,
    lying_jpeg,
    picture,
    png,
    random,
    segment,
    with_segments,
)
from tests.hostile.table import Table
from worker.imaging import profiles


def _frame(at: int, value: int, data: bytes | None = None) -> bytes:
    """A JPEG with one byte of its frame header changed."""
    changed = bytearray(data or file("jpeg"))
    changed[frame_at(changed) + at] = value
    return bytes(changed)


def _scans(count: int, width: int, height: int) -> bytes:
    """A progressive JPEG whose last scan is repeated."""
    data = bytearray(file("jpeg", picture(64, 48, "L"), progressive=True))
    struct.pack_into(">HH", data, frame_at(data) + 5, height, width)
    last = data.rindex(b"\xff\xda")
    return bytes(data[:-2]) + bytes(data[last:-2]) * count + b"\xff\xd9"


def _ycck() -> bytes:
    """CMYK told to be YCCK by its Adobe segment."""
    data = file("jpeg", picture(mode="CMYK"))
    at = data.index(b"Adobe\0") + 11
    return data[:at] + b"\2" + data[at + 1 :]


def _several(*others: Image.Image) -> bytes:
    out = io.BytesIO()
    picture().save(out, "MPO", save_all=True, append_images=others)
    return out.getvalue()


def _icc(profile: bytes, number: int = 1, count: int = 1) -> bytes:
    return segment(0xE2, b"ICC_PROFILE\0" + bytes([number, count]) + profile)


def _exif(block: bytes) -> bytes:
    return with_segments(segment(0xE1, block))


def _folded() -> bytes:
    """EXIF whose directories share their values: written apart, they fill two segments."""
    main = [(tag, 2, 4000, b"\x00\x08\0\0") for tag in (*range(0x010E, 0x0111), 0x013B, 0x8298)]
    sub = [(tag, 2, 4000, b"\x00\x08\0\0") for tag in (*range(0x8827, 0x8834), 0xA434)]
    sub += [(tag, 2, 4000, b"\x00\x08\0\0") for tag in range(0x9201, 0x920B)]
    head = exif(*sorted([*main, long(0x8769, 1000)]))
    block = head.ljust(6 + 1000, b"\0") + directory(*sorted(sub))
    return block.ljust(65_000, b"x")


_MANY = [(tag, 7, 60_000, b"\x08\0\0\0") for tag in range(2000)]

JPEGS: Table = {
    "65500 × 65500": ("too_many_pixels", lambda: lying_jpeg(65_500, 65_500)),
    "1500 × 1500 of few bytes": ("truncated broken enhanced", lambda: lying_jpeg(1500, 1500)),
    "smaller than its data": ("enhanced", lambda: lying_jpeg(16, 16)),
    "no height": ("broken", lambda: lying_jpeg(64, 0)),
    "1 × 1": ("too_small", lambda: file("jpeg", picture(1, 1))),
    "CMYK": ("enhanced", lambda: file("jpeg", picture(mode="CMYK"))),
    "YCCK": ("enhanced", _ycck),
    "CMYK with a profile of RGB": (
        "enhanced",
        lambda: file("jpeg", picture(mode="CMYK"), icc_profile=profiles.srgb()),
    ),
    "arithmetic coding": ("enhanced broken", lambda: _frame(1, 0xC9)),
    "lossless coding": ("broken", lambda: _frame(1, 0xC3)),
    "hierarchical coding": ("broken", lambda: _frame(1, 0xC5)),
    "12 bits": ("broken", lambda: _frame(4, 12)),
    "two channels": ("broken", lambda: _frame(9, 2)),
    "200 channels": ("broken", lambda: _frame(9, 200)),
    "sampling of nothing": ("broken", lambda: _frame(11, 0x00)),
    "table that is not there": ("broken truncated", lambda: _frame(12, 3)),
    "progressive": ("enhanced", lambda: file("jpeg", progressive=True)),
    "five thousand scans": ("enhanced", lambda: _scans(5000, 64, 48)),
    "no tables": ("broken", lambda: b"\xff\xd8" + file("jpeg")[frame_at(file("jpeg")) :]),
    "only its beginning and end": ("broken", lambda: b"\xff\xd8\xff\xd9"),
    "padding without end": ("broken", lambda: b"\xff\xd8" + b"\xff" * 18_000_000),
    "junk without end": ("broken", lambda: b"\xff\xd8\xff\xe0\0\2" + b"\0" * 18_000_000),
    "a million comments": ("broken", lambda: with_segments(segment(0xFE, b"") * 2_000_000)),
    "18 MB of profile": (
        "enhanced broken",
        lambda: with_segments(*[_icc(bytes(65_000), number % 255, 255) for number in range(277)]),
    ),
    "parts of a profile missing": (
        "enhanced",
        lambda: with_segments(_icc(profiles.srgb(), 2, 3)),
    ),
    "corrupt profile": ("enhanced", lambda: file("jpeg", icc_profile=random(3000))),
    "profile of curves without values": (
        "enhanced",
        lambda: file("jpeg", icc_profile=profiles.adobe_rgb()[:-40]),
    ),
    "profile of huge counts": (
        "enhanced",
        lambda: file("jpeg", icc_profile=profiles.adobe_rgb()[:128] + b"\xff" * 400),
    ),
    "EXIF of random bytes": ("enhanced", lambda: _exif(b"Exif\0\0" + random(4000))),
    "EXIF, no order of bytes": ("enhanced", lambda: _exif(b"Exif\0\0" + bytes(40))),
    "EXIF that points to itself": (
        "enhanced",
        lambda: _exif(exif(long(0x8769, 8), long(0x8825, 8), long(0xA005, 8), following=8)),
    ),
    "EXIF of four thousand million values": (
        "enhanced",
        lambda: _exif(exif(long(0x010F, 8, count=2**32 - 1), long(0x0112, 8, count=2**31))),
    ),
    "EXIF of fields upon each other": (
        "enhanced",
        lambda: _exif(exif(*_MANY, behind=bytes(40_000))),
    ),
    "EXIF that is longer when it is put in order": ("enhanced", lambda: _exif(_folded())),
    "18 MB of EXIF": (
        "enhanced broken",
        lambda: with_segments(*[segment(0xE1, b"Exif\0\0" + bytes(65_000))] * 277),
    ),
    "EXIF in tiny parts": (
        "enhanced broken",
        lambda: with_segments(segment(0xE1, exif(long(0x0112, 6))) * 100_000),
    ),
    "a thumbnail that is a bomb": (
        "enhanced",
        lambda: _exif(exif(long(0x0201, 40), long(0x0202, 2**31)) + png(50_000, 50_000, data=b"")),
    ),
    "several pictures": ("enhanced", lambda: _several(picture(32, 24))),
    "several pictures, a list that lies": (
        "enhanced",
        lambda: _several(picture(32, 24)).replace(b"MPF\0", b"MPF\0\xff\xff", 1),
    ),
    "with an archive behind": ("enhanced", lambda: file("jpeg") + b"PK\x03\x04" + random(4000)),
    "grey": ("enhanced", lambda: file("jpeg", picture(mode="L"))),
    "an end in the middle": (
        "enhanced truncated broken",
        lambda: file("jpeg")[:-200] + b"\xff\xd9" + file("jpeg")[-200:],
    ),
    "restarts that never come": (
        "enhanced broken",
        lambda: with_segments(segment(0xDD, b"\0\1")),
    ),
}
