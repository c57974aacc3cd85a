"""The parts of a file by name, so that a test can say which there may be."""

import struct


def parts(data: bytes) -> list[str]:
    """The segments of a JPEG, the chunks of a PNG or WebP, and "more" for bytes behind the end."""
    if data.startswith(b"\xff\xd8"):
        return _segments(data)
    if data.startswith(b"\x89PNG"):
        return _chunks(data, 8, ">I4s", extra=4)
    assert data[8:12] == b"WEBP"
    return _chunks(data, 12, "<4sI", extra=0)


def _segments(data: bytes) -> list[str]:
    found, at = [], 2
    while data[at + 1] != 0xDA:
        marker, size = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        name = f"{marker:02X}"
        if 0xE0 <= marker <= 0xEF:
            name += f" {data[at + 4 : at + 2 + size].partition(chr(0).encode())[0].decode()}"
        found.append(name)
        at += 2 + size
    return found + ([] if data.index(b"\xff\xd9", at) == len(data) - 2 else ["more"])


def _chunks(data: bytes, at: int, form: str, *, extra: int) -> list[str]:
    found = []
    while at + 8 <= len(data):
        one, other = struct.unpack_from(form, data, at)
        name, size = (one, other) if isinstance(one, bytes) else (other, one)
        found.append(name.decode())
        at += 8 + size + extra + (size % 2 if not extra else 0)
        if name == b"IEND":
            break
    return found + ([] if at == len(data) else ["more"])
