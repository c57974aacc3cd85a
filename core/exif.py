"""Reading and writing of EXIF blocks: TIFF directories without the picture."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

ORIENTATION: Final = 0x0112
SUB_DIRECTORY: Final = 0x8769
INTEROP_DIRECTORY: Final = 0xA005

# Bytes of one value of each TIFF field type (TIFF 6.0, section 2; EXIF 2.32, 4.6.2).
_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SHORT, _LONG, _POINTER = 3, 4, 13
_MOST_ENTRIES = 512
_PREFIX = b"Exif\0\0"


@dataclass(frozen=True, slots=True)
class Field:
    """One entry of a directory: its TIFF type, how many values, and their bytes."""

    type: int
    count: int
    data: bytes


Directory = dict[int, Field]


class Exif:
    """An EXIF block (or the head of a TIFF file); what cannot be read is left out, never raised."""

    def __init__(self, block: bytes) -> None:
        self._data = block[len(_PREFIX) :] if block.startswith(_PREFIX) else block
        self.order = {b"II*\0": "<", b"MM\0*": ">"}.get(self._data[:4], "")
        self.main: Directory = {}
        if self.order and len(self._data) >= 8:
            self.main = self._directory(self._unpack("I", 4))
        self.sub = self._pointed(self.main.get(SUB_DIRECTORY))
        self.interop = self._pointed(self.sub.get(INTEROP_DIRECTORY))

    @property
    def orientation(self) -> int:
        """How the stored picture must be turned, 1–8 (EXIF 2.32, tag 274); 1 when not told."""
        value = self.number(self.main.get(ORIENTATION))
        return value if value is not None and 1 <= value <= 8 else 1

    @property
    def adobe_rgb(self) -> bool:
        """Whether the block marks its picture as Adobe RGB, as cameras do without a profile."""
        return self.interop.get(0x0001, Field(2, 0, b"")).data[:3] == b"R03"

    def number(self, field: Field | None) -> int | None:
        """The first value of a field as a whole number, if it is one."""
        if field is None or field.type not in (_SHORT, _LONG, _POINTER) or not field.count:
            return None
        code = "H" if field.type == _SHORT else "I"
        return int(struct.unpack_from(self.order + code, field.data)[0])

    def _unpack(self, code: str, offset: int) -> int:
        return int(struct.unpack_from(self.order + code, self._data, offset)[0])

    def _pointed(self, pointer: Field | None) -> Directory:
        offset = self.number(pointer)
        return {} if offset is None else self._directory(offset)

    def _directory(self, offset: int) -> Directory:
        if offset + 2 > len(self._data):
            return {}
        found: Directory = {}
        left = len(self._data)  # fields that lie upon each other could be copied without end
        for index in range(min(self._unpack("H", offset), _MOST_ENTRIES)):
            start = offset + 2 + 12 * index
            if start + 12 > len(self._data):
                break
            tag, kind, count = struct.unpack_from(self.order + "HHI", self._data, start)
            size = _WIDTHS.get(kind, 0) * count
            where = start + 8 if size <= 4 else self._unpack("I", start + 8)
            if 0 < size <= left and where + size <= len(self._data):
                left -= size
                found[tag] = Field(kind, count, self._data[where : where + size])
        return found


def short(value: int, order: str) -> Field:
    """A field of one 16-bit number."""
    return Field(_SHORT, 1, struct.pack(order + "H", value))


def long(value: int, order: str) -> Field:
    """A field of one 32-bit number."""
    return Field(_LONG, 1, struct.pack(order + "I", value))


def text(value: str) -> Field:
    """A field of text, closed by a zero."""
    data = value.encode("utf-8") + b"\0"
    return Field(2, len(data), data)


def block(order: str, main: Mapping[int, Field], sub: Mapping[int, Field]) -> bytes:
    """An EXIF block, marker included, of two directories whose fields are in byte `order`."""
    main = dict(main)
    if sub:
        main[SUB_DIRECTORY] = long(0, order)
        main[SUB_DIRECTORY] = long(8 + len(directory(order, main, 8)), order)
    data = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    data += directory(order, main, 8)
    if sub:
        data += directory(order, sub, len(data))
    return _PREFIX + data


def directory(order: str, fields: Mapping[int, Field], start: int) -> bytes:
    """One directory and its values, to stand at offset `start` of its block."""
    table = struct.pack(order + "H", len(fields))
    values = b""
    beyond = start + 2 + 12 * len(fields) + 4
    for tag, field in sorted(fields.items()):
        table += struct.pack(order + "HHI", tag, field.type, field.count)
        if len(field.data) <= 4:
            table += field.data.ljust(4, b"\0")
        else:
            table += struct.pack(order + "I", beyond + len(values))
            values += field.data + b"\0" * (len(field.data) % 2)
    return table + b"\0\0\0\0" + values
