import io
import re
import struct
import zlib
from pathlib import Path

import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core import images, signatures
from core.errors import PhotoRefused
from core.images import KINDS, OTHERS, Limits, _Bounded, inspect

FORMS = {
    "jpeg": "JPEG", "png": "PNG", "webp": "WEBP", "gif": "GIF", "bmp": "BMP", "tiff": "TIFF",
    "avif": "AVIF", "heif": "HEIF",
}  # fmt: skip
PICTURE = Image.linear_gradient("L").resize((60, 40)).convert("RGB")


def file(kind: str, image: Image.Image = PICTURE, **options: object) -> bytes:
    out = io.BytesIO()
    if kind == "heif":
        pillow_heif.from_pillow(image).save(out)
    else:
        image.save(out, FORMS[kind], **options)
    return out.getvalue()


def refusal(data: bytes, limits: Limits | None = None) -> PhotoRefused:
    with pytest.raises(PhotoRefused) as caught:
        inspect(data, limits)
    text = caught.value.text
    assert text[0].isupper()
    assert text.endswith(".")
    return caught.value


def lying_png(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + crc

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 100)
    signature = b"\x89PNG\r\n\x1a\n"
    return signature + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind(kind: str) -> None:
    data = file(kind)
    header = inspect(data)
    assert (header.kind, header.width, header.height) == (kind, 60, 40)
    assert (header.frames, header.bytes) == (1, len(data))
    assert header.media_type == KINDS[kind].media_type


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "tiff", "avif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_size_is_that_of_the_upright_photo(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    header = inspect(file(kind, exif=exif))
    assert (header.width, header.height) == ((40, 60) if orientation > 4 else (60, 40))


@pytest.mark.parametrize("kind", ["gif", "webp", "png", "avif"])
def test_animations_are_counted(kind: str) -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "green", "blue")]
    data = file(kind, frames[0], save_all=True, append_images=frames[1:])
    assert inspect(data).frames == (2 if kind == "gif" else 3)


def test_a_jpeg_of_two_pictures_is_no_animation() -> None:
    out = io.BytesIO()
    PICTURE.save(out, "MPO", save_all=True, append_images=[PICTURE])
    header = inspect(out.getvalue())
    assert (header.kind, header.frames) == ("jpeg", 1)


def test_empty() -> None:
    assert refusal(b"").code == "empty"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0" * 20, "a video"),
        (b"\x1a\x45\xdf\xa3" + b"\0" * 30, "a video"),
        (b"RIFF\0\0\0\0AVI LIST", "a video"),
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF document"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"),
        (b"<!DOCTYPE html><html></html>", "a web page"),
        ("Grüße aus dem Urlaub".encode(), "text"),
        (b"PK\x03\x04" + b"\0" * 40, "a ZIP archive"),
        (b"8BPS\0\1" + b"\0" * 40, "a Photoshop document"),
        (b"\xff\x0a" + b"\x80" * 40, "a JPEG XL image"),
        (b"II*\0\x10\0\0\0CR\2\0" + b"\0" * 40, "a camera raw file"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "a camera raw file"),
    ],
)
def test_other_files_are_named(data: bytes, words: str) -> None:
    error = refusal(data)
    assert error.code == "unsupported_kind"
    assert words in error.text


def test_every_name_of_another_file_is_marked_for_the_catalogs() -> None:
    source = Path(signatures.__file__).read_text(encoding="utf-8")
    named = {*re.findall(r'"(an? [^"]+)"', source), "text"} - {"a camera raw file"}
    assert set(OTHERS) == named


def test_a_raw_file_in_a_tiff_is_not_taken_for_its_thumbnail() -> None:
    tags = {254: 1}
    assert "raw" in refusal(file("tiff", tiffinfo=tags)).text


def test_unknown_bytes() -> None:
    assert refusal(b"\x93\x01\xfe\x80" * 30).code == "not_an_image"


def test_formats_outside_the_list_are_never_opened() -> None:
    out = io.BytesIO()
    PICTURE.save(out, "TGA")
    assert refusal(out.getvalue()).code == "not_an_image"
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n"
    assert refusal(eps).code == "unsupported_kind"


def test_too_many_bytes_names_both_figures() -> None:
    error = refusal(file("png"), Limits(max_bytes=100))
    assert error.code == "too_many_bytes"
    error = refusal(b"\xff\xd8\xff" + b"\0" * 64_000_000)
    assert "64 MB" in error.text
    assert "50 MB" in error.text


@pytest.mark.parametrize("side", [12_000, 60_000])
def test_a_huge_header_is_refused_before_decoding(side: int) -> None:
    error = refusal(lying_png(side, 10_000))
    assert error.code == "too_many_pixels"
    assert f"{side // 100} megapixels; up to 50 can" in error.text


def test_a_figure_never_equals_its_limit() -> None:
    error = refusal(lying_png(10_000, 5_001))
    assert "50.01 megapixels; up to 50 can" in error.text


def test_a_side_too_long() -> None:
    assert refusal(lying_png(30_000, 20)).code == "too_many_pixels"


def test_no_global_limit_of_pixels_leaks() -> None:
    limits = Limits(max_pixels=10**9, max_side=10**5)
    assert inspect(lying_png(20_000, 20_000), limits).width == 20_000
    assert Image.MAX_IMAGE_PIXELS == 89_478_485


def test_too_small() -> None:
    error = refusal(file("png", PICTURE.resize((7, 40))))
    assert error.code == "too_small"
    assert "7 × 40" in error.text


@pytest.mark.parametrize("kind", KINDS)
def test_cut_headers_are_broken(kind: str) -> None:
    assert refusal(file(kind)[:24]).code in ("broken", "unsupported_kind", "not_an_image")


@given(st.sampled_from(sorted(KINDS)), st.data())
def test_scrambled_headers_never_raise_anything_else(kind: str, data: st.DataObject) -> None:
    content = bytearray(file(kind))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        header = inspect(bytes(content))
    except PhotoRefused:
        return
    assert header.width * header.height <= Limits().max_pixels


@given(st.integers(8, 300), st.integers(8, 300))
def test_sizes(width: int, height: int) -> None:
    header = inspect(file("png", Image.new("L", (width, height))))
    assert (header.width, header.height) == (width, height)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8" + b"\xff" * 3_000_000,
        b"\xff\xd8" + b"\xff\xfe\0\2" * 1_000_000,
        lying_png(60, 40)[:33] + b"\0\0\0\0teSt\xe6\xba\x16\xcb" * 300_000,
        file("gif")[:-20] + b"\1\1" * 2_000_000,
    ],
    ids=["padding", "comments", "chunks", "blocks"],
)
def test_a_header_of_countless_parts_is_given_up(data: bytes) -> None:
    reads = 0

    class Counted(_Bounded):
        def read(self, size: int | None = -1, /) -> bytes:
            nonlocal reads
            reads += 1
            return super().read(size)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(images, "_Bounded", Counted)
        assert refusal(data).code == "broken"
    assert reads <= 20_001 + len(data) // 64


def test_the_largest_honest_gif_is_read_to_its_second_picture() -> None:
    """Its first picture alone has some fifteen thousand parts."""
    noise = Image.effect_noise((1600, 1200), 90).convert("P")
    data = file("gif", noise, save_all=True, append_images=[noise.rotate(180)])
    assert len(data) > 3_000_000
    assert inspect(data).frames == 2
