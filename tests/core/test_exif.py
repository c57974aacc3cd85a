import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.exif import Exif, Field, block, short, text


def pillow_block(**tags: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = tags.get("orientation", 1)
    exif[0x010F] = "Canon"
    exif.get_ifd(0x8769)[0x9003] = "2024:05:06 07:08:09"
    return exif.tobytes()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_reads_what_pillow_wrote(orientation: int) -> None:
    exif = Exif(pillow_block(orientation=orientation))
    assert exif.orientation == orientation
    assert exif.main[0x010F].data == b"Canon\0"
    assert exif.sub[0x9003].data == b"2024:05:06 07:08:09\0"


@pytest.mark.parametrize("order", ["<", ">"])
def test_pillow_reads_what_was_written(order: str) -> None:
    data = block(order, {0x0112: short(6, order), 0x8298: text("© Jürgen")}, {0xA434: text("50mm")})
    exif = Image.Exif()
    exif.load(data)
    assert exif[0x0112] == 6
    assert exif.get_ifd(0x8769)[0xA434] == "50mm"
    assert Exif(data).main[0x8298] == text("© Jürgen")


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_impossible_orientation_is_none(value: int) -> None:
    assert Exif(block("<", {0x0112: short(value, "<")}, {})).orientation == 1


@given(st.binary(max_size=300), st.integers(0, 120))
def test_never_raises(tail: bytes, cut: int) -> None:
    whole = pillow_block(orientation=3)
    for data in (tail, b"II*\0" + tail, b"MM\0*" + tail, whole[:cut] + tail):
        exif = Exif(data)
        assert 1 <= exif.orientation <= 8
        assert exif.adobe_rgb in (True, False)


def test_a_directory_that_points_to_itself_is_read_once() -> None:
    looped = bytearray(block("<", {}, {0x9003: text("x")}))
    looped[-4:] = b"\x08\0\0\0"
    assert isinstance(Exif(bytes(looped)).sub, dict)


def test_a_field_that_lies_beyond_the_block_is_left_out() -> None:
    data = block("<", {0x010F: Field(2, 4000, b"x" * 4000)}, {})
    assert 0x010F in Exif(data).main
    assert 0x010F not in Exif(data[:-10]).main


def test_fields_upon_each_other_are_no_more_than_the_block() -> None:
    one = struct.pack("<HHI", 0, 7, 900) + b"\x08\0\0\0"
    fields = b"".join(struct.pack("<H", tag) + one[2:] for tag in range(1, 501))
    data = b"II*\0\x08\0\0\0" + struct.pack("<H", 500) + fields + bytes(4)
    held = sum(len(field.data) for field in Exif(data).main.values())
    assert 900 <= held <= len(data)
