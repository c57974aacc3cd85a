"""Photos that say where, by whom and with which camera they were taken, wherever a file can."""

import base64
import io
import re
import struct
import zlib
from collections.abc import Callable
from typing import Any, Final

from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo
from PIL.TiffImagePlugin import IFDRational

from core.exif import Exif, Field, directory, long, short, text
from tests.hostile import pieces
from tests.hostile.pieces import box, chunk, riff_chunk
from tests.worker.imaging.pictures import file, scene, with_tiff_field

SECRET: Final = "SECRET"
"""The first letters of everything that must not be in a result."""
LATITUDE: Final = (52_341_987, 1_000_003)
DATE: Final = "2024:05:06 07:08:09"


def _secret(what: str) -> str:
    return f"{SECRET}-{what}"


XMP: Final = f"""<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:aux="http://ns.adobe.com/exif/1.0/aux/" xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"
 exif:GPSLatitude="52,31.{_secret("place")}N" aux:SerialNumber="{_secret("body")}"
 aux:LensSerialNumber="{_secret("lens")}" aux:OwnerName="{_secret("owner")}"
 xmpMM:DocumentID="xmp.did:{_secret("document")}" xmpMM:InstanceID="xmp.iid:{_secret("instance")}">
<dc:creator><rdf:Seq><rdf:li>{_secret("creator")}</rdf:li></rdf:Seq></dc:creator>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>""".encode()


def _exif() -> Image.Exif:
    """All that a camera writes, what may stay and what must go, without its small picture."""
    made = Image.Exif()
    made.endian = "<"
    made[0x010F], made[0x0110], made[0x0132] = "Canon", "EOS R5", DATE
    made[0x0112] = 6
    made[0x8298] = "(c) Ada"
    made[0x010D] = made[0x013C] = made[0xC62F] = _secret("document, host, serial number")
    made[0xC614], made[0xC634] = _secret("camera"), _secret("maker's data").encode()
    for tag in range(0x9C9B, 0x9CA0):  # XPTitle … XPSubject
        made[tag] = _secret("title").encode("utf-16-le")
    sub = made.get_ifd(0x8769)
    sub[0x829A], sub[0x8827], sub[0x9003] = IFDRational(1, 250), 400, DATE
    sub[0xA434] = "RF50mm F1.2"
    sub[0x927C] = b"Canon\0" + _secret("maker note").encode()
    sub[0x9286] = b"UNICODE\0" + _secret("comment").encode("utf-16-be")
    sub[0xA420] = _secret("image")
    sub[0xA430], sub[0xA431], sub[0xA435] = map(_secret, ("owner", "body", "lens"))
    sub[0xA436] = sub[0xA437] = sub[0xA438] = _secret("title, photographer, editor")
    place = made.get_ifd(0x8825)
    place[1], place[2] = "N", (IFDRational(*LATITUDE), IFDRational(0), IFDRational(0))
    place[3], place[4] = "E", (IFDRational(*LATITUDE), IFDRational(0), IFDRational(0))
    place[27], place[28] = (b"ASCII\0\0\0" + _secret(n).encode() for n in ("method", "area"))
    place[29] = _secret("day")
    return made


def _block() -> bytes:
    """The same with a small picture in a directory behind the first."""
    head, block = b"Exif\0\0", _exif().tobytes().removeprefix(b"Exif\0\0")
    link = 10 + 12 * int.from_bytes(block[8:10], "little")
    small = _small()
    start = len(block)
    fields = {0x0103: short(6, "<"), 0x0201: long(0, "<"), 0x0202: long(len(small), "<")}
    fields[0x0201] = long(start + len(directory("<", fields, start)), "<")
    block = block[:link] + struct.pack("<I", start) + block[link + 4 :]
    return head + block + directory("<", fields, start) + small


def _iptc() -> bytes:
    fields = {90: "city", 80: "by-line", 92: "location", 101: "country", 120: "caption", 25: "word"}
    record = b""
    for number, name in fields.items():
        words = _secret(name).encode()
        record += struct.pack(">BBBH", 0x1C, 2, number, len(words)) + words
    return record


def _photoshop() -> bytes:
    """Image resources: IPTC-IIM, a small picture, an address, XMP once more."""
    resources = {0x0404: _iptc(), 0x040C: _small(), 0x040B: _secret("url").encode(), 0x0424: XMP}
    packed = b""
    for number, data in resources.items():
        padded = data + b"\0" * (len(data) % 2)
        packed += b"8BIM" + struct.pack(">HHI", number, 0, len(data)) + padded
    return packed


def _small() -> bytes:
    """A JPEG of its own, with words in it."""
    return file(Image.new("RGB", (16, 12), "red"), "JPEG", comment=_secret("small").encode())


def _segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def _profile() -> bytes:
    """sRGB under a name of its maker's."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    name = _secret("profile")
    assert b"s\0R\0G\0B" in data
    at = data.index(b"s\0R\0G\0B") - 1
    words = name.encode("utf-16-be")[: len("sRGB built-in") * 2]
    return data[:at] + words + data[at + len(words) :]


def _jpeg() -> bytes:
    second = Image.open(io.BytesIO(_small()))
    options: dict[str, Any] = {
        "save_all": True,
        "append_images": [second],
        "comment": _secret("comment").encode(),
    }
    data = file(_picture(), "MPO", exif=_block(), icc_profile=_profile(), **options)
    guid = b"0123456789ABCDEF0123456789ABCDEF"
    longer = guid + struct.pack(">II", len(XMP), 0) + XMP
    blocks = (
        _segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP),
        _segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + longer),
        _segment(0xED, b"Photoshop 3.0\0" + _photoshop()),
        _segment(0xE2, b"FPXR\0" + _secret("stream").encode()),
        _segment(0xEB, b"JP\0\1\0\0\0\1" + box(b"jumb", _secret("provenance").encode())),
        _segment(0xE5, _secret("private segment").encode()),
    )
    return data[:2] + b"".join(blocks) + data[2:] + _small()


def _png() -> bytes:
    texts = PngInfo()
    texts.add_text("Author", _secret("author"))
    texts.add_text("Comment", _secret("comment"), zip=True)
    texts.add_itxt("Location", _secret("place"), zip=True)
    texts.add_itxt("XML:com.adobe.xmp", XMP.decode())
    profile = f"\nexif\n{len(_block()):8}\n{_block().hex()}\n"
    texts.add_text("Raw profile type exif", profile, zip=True)
    texts.add_text("Raw profile type iptc", f"\niptc\n{len(_iptc()):8}\n{_iptc().hex()}\n")
    texts.add(b"prVt", _secret("private").encode())
    data = file(_picture(), "PNG", exif=_block(), pnginfo=texts, icc_profile=_profile())
    return data + chunk(b"prVt", _secret("behind the end").encode())


def _webp() -> bytes:
    data = file(_picture(), "WEBP", exif=_block(), xmp=XMP, icc_profile=_profile())
    data += riff_chunk(b"PRVT", _secret("private").encode())
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


def _tiff() -> bytes:
    pages = {33723: _iptc(), 34377: _photoshop(), 700: XMP, 65000: _secret("private").encode()}
    main = _exif()
    for tag, value in pages.items():
        main[tag] = value
    data = file(_picture(), "TIFF", exif=main, icc_profile=_profile(), compression="tiff_lzw")
    # Pillow leaves the further directories out of a TIFF, so that they are put behind the file.
    latitude = struct.pack("<6I", *LATITUDE, 0, 1, 0, 1)
    place = {1: text("N"), 2: Field(5, 3, latitude)}
    for tag, fields in ((0x8769, Exif(_block()).sub), (0x8825, place)):
        where = len(data) + 12 * 40
        data = with_tiff_field(data, tag, where).ljust(where, b"\0")
        data += directory("<", fields, where)
    return data


def _gif() -> bytes:
    data = file(_picture().convert("P"), "GIF", comment=_secret("comment").encode())
    application = b"!\xff\x0bXMP DataXMP" + XMP + b"\1" + bytes(range(255, -1, -1)) + b"\0"
    return data[:-1] + application + b";"


def _modern(kind: str) -> Callable[[], bytes]:
    def made() -> bytes:
        data = pieces.file(kind, _picture(), exif=_block(), xmp=XMP)
        return data + box(b"free", _secret("free").encode())

    return made


def _picture() -> Image.Image:
    return Image.fromarray(scene())


FILES: Final[dict[str, Callable[[], bytes]]] = {
    "jpeg": _jpeg,
    "png": _png,
    "webp": _webp,
    "tiff": _tiff,
    "gif": _gif,
    "avif": _modern("avif"),
    "heif": _modern("heif"),
}


def told(data: bytes) -> list[str]:
    """In which forms a file still tells a secret, packed text of a PNG included."""
    word, (over, under) = SECRET, LATITUDE
    forms = {
        "plain": word.encode(),
        "UTF-16": word.encode("utf-16-le"),
        "UTF-16, big end first": word.encode("utf-16-be"),
        "hex": word.encode().hex().encode(),
        "base64": base64.b64encode(word.encode()),
        "the latitude": struct.pack("<II", over, under),
        "the latitude, big end first": struct.pack(">II", over, under),
    }
    everything = data + b"".join(_unpacked(data))
    return [name for name, form in forms.items() if form in everything]


def _unpacked(data: bytes) -> list[bytes]:
    """Whatever begins like a zlib stream in a file, unpacked."""
    found = []
    for start in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", data):
        try:
            found.append(zlib.decompressobj().decompress(data[start.start() :], 1 << 16))
        except zlib.error:
            continue
    return found
