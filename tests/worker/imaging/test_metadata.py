import struct
from typing import Any

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from core.exif import Exif, text
from core.exif import block as exif_block
from core.exif import directory as exif_directory
from core.recipe import Format
from tests.worker.imaging.pictures import file, opened, scene, with_tiff_field
from worker.imaging.decode import decode
from worker.imaging.encode import encode
from worker.imaging.metadata import kept

SECRET = "SECRET"
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/'
    b'22-rdf-syntax-ns#"><rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" '
    b'exif:GPSLatitude="52,31.SECRETN"/></rdf:RDF></x:xmpmeta>'
)


def full_exif() -> Image.Exif:
    exif = Image.Exif()
    exif.endian = "<"
    exif[0x010F], exif[0x0110] = "Canon", "EOS R5"
    exif[0x0112] = 1
    exif[0x0131] = "Adobe Lightroom"
    exif[0x0132] = "2024:05:06 07:08:09"
    exif[0x013B], exif[0x8298] = "Ada", "(c) Ada"
    exif[0xC62F] = SECRET  # CameraSerialNumber
    exif[0x9C9B] = SECRET.encode("utf-16-le")  # XPTitle
    sub = exif.get_ifd(0x8769)
    sub[0x829A], sub[0x829D], sub[0x8827] = IFDRational(1, 250), IFDRational(28, 10), 400
    sub[0x9003] = "2024:05:06 07:08:09"
    sub[0xA434] = "RF50mm F1.2"
    sub[0x927C] = SECRET.encode()  # MakerNote
    sub[0x9286] = b"ASCII\0\0\0" + SECRET.encode()  # UserComment
    sub[0xA420] = SECRET  # ImageUniqueID
    sub[0xA430] = sub[0xA431] = sub[0xA435] = SECRET  # owner, body and lens serial numbers
    place = exif.get_ifd(0x8825)
    place[1], place[2] = "N", (IFDRational(52), IFDRational(31), IFDRational(12))
    place[3], place[4] = "E", (IFDRational(13), IFDRational(24), IFDRational(18))
    place[29] = SECRET
    return exif


def iptc() -> bytes:
    record = b"\x1c\x02\x5a\0\x06" + SECRET.encode()  # 2:90, city
    resource = b"8BIM\x04\x04\0\0" + len(record).to_bytes(4, "big") + record + b"\0"
    body = b"Photoshop 3.0\0" + resource
    return b"\xff\xed" + (len(body) + 2).to_bytes(2, "big") + body


def source(form: str) -> bytes:
    options: dict[str, Any] = {"exif": full_exif()}
    if form == "TIFF":
        # Pillow leaves the second directory out of a TIFF, so that it is put behind the file.
        data = file(scene(), form, **options)
        block = Exif(full_exif().tobytes())
        where = len(data) + 12 * 40
        data = with_tiff_field(data, 0x8769, where).ljust(where, b"\0")
        return data + exif_directory("<", block.sub, where)
    data = (
        file(scene(), form, xmp=XMP, **options) if form != "PNG" else file(scene(), form, **options)
    )
    return data[:2] + iptc() + data[2:] if form == "JPEG" else data


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("wanted", [Format.JPEG, Format.PNG, Format.WEBP])
def test_secrets_go_and_the_rest_stays(form: str, wanted: Format) -> None:
    data = source(form)
    assert SECRET.encode() in data
    result = encode(decode(data), wanted, max_bytes=10**7)
    image = opened(result.data)
    exif = image.getexif()
    assert (exif[0x010F], exif[0x0110]) == ("Canon", "EOS R5")
    assert exif[0x8298] == "(c) Ada"
    assert exif[0x013B] == "Ada"
    assert exif[0x0131] == "Darkroom"
    assert exif[0x0112] == 1
    sub = exif.get_ifd(0x8769)
    assert sub[0x9003] == "2024:05:06 07:08:09"
    assert sub[0x829A] == pytest.approx(1 / 250)
    assert sub[0x8827] == 400
    assert sub[0xA434] == "RF50mm F1.2"
    assert (sub[0xA002], sub[0xA003]) == (96, 64)
    assert not exif.get_ifd(0x8825)
    assert SECRET.encode() not in result.data
    assert b"8BIM" not in result.data
    assert b"xmpmeta" not in result.data
    assert SECRET not in repr(exif) + repr(sub)


def test_thumbnails_go() -> None:
    block = exif_block("<", {0x010F: text("Canon")}, {})
    link = len(b"Exif\0\0") + 8 + 2 + 12  # the pointer behind the one field of the directory
    second = len(block) - len(b"Exif\0\0")
    thumbnail = b"\xff\xd8 a small picture"
    directory = b"\1\0" + struct.pack("<HHII", 0x0201, 4, 1, second + 18) + b"\0" * 4
    block = block[:link] + struct.pack("<I", second) + block[link + 4 :] + directory + thumbnail
    exif = Image.Exif()
    exif.load(block)
    assert thumbnail in block
    result = kept(block, 10, 10)
    exif.load(result)
    assert not exif.get_ifd(1)
    assert thumbnail not in result
    assert exif[0x010F] == "Canon"


def test_orientation_is_reset() -> None:
    exif = full_exif()
    exif[0x0112] = 6
    result = encode(decode(file(scene(), "JPEG", exif=exif)), max_bytes=10**7)
    image = opened(result.data)
    assert image.size == (64, 96)
    assert image.getexif()[0x0112] == 1
    assert image.getexif().get_ifd(0x8769)[0xA002] == 64


def test_letters_beyond_ascii_survive() -> None:
    exif = Image.Exif()
    exif[0x010F] = "X" * 20
    block = exif.tobytes().replace(b"X" * 20, "© Jürgen Weiß".encode().ljust(20, b"\0"))
    assert "© Jürgen Weiß".encode() in kept(block, 1, 1)


@pytest.mark.parametrize("exif", [None, b"", b"Exif\0\0", b"Exif\0\0II*\0\x08", b"garbage" * 9])
def test_without_exif_nothing_is_written(exif: bytes | None) -> None:
    assert kept(exif, 10, 10) == b""


def test_an_endless_comment_does_not_break_the_jpeg() -> None:
    exif = full_exif()
    exif[0x010E] = "long " * 11_000
    result = encode(decode(file(scene(), "PNG", exif=exif)), Format.JPEG, max_bytes=10**7)
    assert opened(result.data).getexif()[0x010F] == "Canon"
