from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from core.errors import PhotoRefused
from core.recipe import Format
from tests.worker.imaging.pictures import noise, opened, photo, scene
from worker.imaging import profiles
from worker.imaging.decode import decode
from worker.imaging.encode import QUALITIES, encode
from worker.imaging.photo import Photo, to_eight_bits, to_sixteen_bits

ALL = 10**9
RAMP = np.linspace(0, 65535, 96 * 64).astype(np.uint16).reshape(64, 96)


def grainy(width: int = 200, height: int = 150, **fields: Any) -> Photo:
    return replace(photo(), pixels=to_sixteen_bits(noise(width, height)), **fields)


def sixteen_bit(*, grey: bool = False, alpha: bool = False) -> Photo:
    values = np.random.default_rng(2).integers(0, 65536, (40, 50, 3), dtype=np.uint16)
    if grey:
        values = np.repeat(values[..., :1], 3, axis=2)
    mask = np.random.default_rng(3).integers(0, 65536, (40, 50), dtype=np.uint16)
    return Photo(values, mask if alpha else None, grey=grey, depth=16)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (photo(kind="jpeg", lossless=False), "image/jpeg"),
        (photo(kind="heif", lossless=False), "image/jpeg"),
        (photo(kind="png", lossless=True), "image/png"),
        (photo(kind="webp", lossless=False, alpha=RAMP), "image/png"),
        (photo(kind="avif", lossless=False, depth=16), "image/png"),
    ],
    ids=["jpeg", "heic", "png", "alpha", "16 bit"],
)
def test_auto(source: Photo, expected: str) -> None:
    result = encode(source, max_bytes=ALL)
    assert result.media_type == expected
    assert result.notes == ()
    assert (result.width, result.height) == (96, 64)


@pytest.mark.parametrize(
    ("wanted", "form", "extension"),
    [(Format.JPEG, "JPEG", ".jpg"), (Format.PNG, "PNG", ".png"), (Format.WEBP, "WEBP", ".webp")],
)
@pytest.mark.parametrize("grey", [False, True])
def test_every_format(wanted: Format, form: str, extension: str, grey: bool) -> None:
    source = photo()
    if grey:
        source = replace(source, grey=True, pixels=np.repeat(source.pixels[..., :1], 3, axis=2))
    result = encode(source, wanted, max_bytes=ALL)
    image = opened(result.data)
    assert (image.format, result.extension) == (form, extension)
    assert image.size == (96, 64)
    colours = wanted is Format.WEBP or not grey
    assert image.mode == ("RGB" if colours else "L")
    assert image.info["icc_profile"] == (profiles.srgb() if colours else profiles.grey())
    read = decode(result.data)
    assert np.abs(read.pixels.astype(int) - source.pixels).mean() < 3 * 257
    assert read.grey == (grey and not colours)


def test_jpeg_keeps_all_colour_samples() -> None:
    data = encode(photo(lossless=False), max_bytes=ALL).data
    frame = data.index(b"\xff\xc0")
    assert [data[frame + 11 + 3 * index] for index in range(3)] == [0x11, 0x11, 0x11]


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("alpha", [False, True])
def test_sixteen_bits_round_trip(grey: bool, alpha: bool) -> None:
    source = sixteen_bit(grey=grey, alpha=alpha)
    result = encode(source, max_bytes=ALL)
    read = decode(result.data)
    assert (read.depth, read.grey) == (16, grey)
    assert np.array_equal(read.pixels, source.pixels)
    if source.alpha is not None:
        assert read.alpha is not None
        assert np.array_equal(read.alpha, source.alpha)
    assert opened(result.data).info["icc_profile"] == (profiles.grey() if grey else profiles.srgb())


@given(st.integers(8, 70), st.integers(8, 70), st.booleans(), st.booleans())
def test_sixteen_bit_sizes(width: int, height: int, grey: bool, alpha: bool) -> None:
    values = np.random.default_rng(width).integers(0, 65536, (height, width, 3), dtype=np.uint16)
    values[: height // 2] //= 700  # rows of another kind, for other filters
    if grey:
        values = np.repeat(values[..., :1], 3, axis=2)
    source = Photo(values, values[..., 0].copy() if alpha else None, grey=grey, depth=16)
    assert np.array_equal(decode(encode(source, max_bytes=ALL).data).pixels, values)


def test_eight_bits_round_trip() -> None:
    alpha = to_sixteen_bits(scene()[..., 1])
    source = replace(photo(), alpha=alpha)
    read = decode(encode(source, max_bytes=ALL).data)
    assert np.array_equal(read.pixels, source.pixels)
    assert read.alpha is not None
    assert np.array_equal(read.alpha, alpha)


def test_eight_bit_values_are_rounded_to_the_nearest() -> None:
    every = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    assert np.array_equal(to_eight_bits(every), np.rint(every / 257).astype(np.uint8))
    eight = np.arange(256, dtype=np.uint8)
    assert np.array_equal(to_eight_bits(to_sixteen_bits(eight)), eight)


def test_jpeg_of_a_transparent_photo_lies_on_white_and_says_so() -> None:
    alpha = np.zeros((64, 96), np.uint16)
    alpha[:, 48:] = 65535
    result = encode(photo(alpha=alpha), Format.JPEG, max_bytes=ALL)
    pixels = to_eight_bits(decode(result.data).pixels)
    assert pixels[:, :40].min() > 250
    assert np.abs(pixels[:, 56:].astype(int) - scene()[:, 56:]).mean() < 3
    assert any("white" in note for note in result.notes)


def test_webp_keeps_transparency() -> None:
    read = decode(encode(photo(alpha=RAMP), Format.WEBP, max_bytes=ALL).data)
    assert read.alpha is not None
    assert np.array_equal(to_eight_bits(read.alpha), to_eight_bits(RAMP))


@pytest.mark.parametrize("wanted", [Format.JPEG, Format.WEBP])
def test_quality_gives_way_first(wanted: Format) -> None:
    source = grainy(lossless=False)
    best = encode(source, wanted, max_bytes=ALL)
    sizes = [len(best.data)]
    for quality in QUALITIES[1:]:
        limit = sizes[-1] - 1
        result = encode(source, wanted, max_bytes=limit)
        assert len(result.data) <= limit
        assert (result.width, result.height) == (200, 150)
        assert len(result.notes) == 1
        assert f"at quality {quality} to fit the {limit / 1e6:.3g} MB limit" in result.notes[0]
        sizes.append(len(result.data))


def test_then_size_gives_way() -> None:
    source = grainy(lossless=False)
    least = len(encode(source, Format.JPEG, max_bytes=ALL).data) // 6
    result = encode(source, Format.JPEG, max_bytes=least)
    assert least * 0.6 < len(result.data) <= least
    assert result.width < 200
    assert abs(result.width / result.height - 200 / 150) < 0.05
    assert "quality 80" in result.notes[0]
    assert f"made smaller, {result.width} × {result.height}," in result.notes[1]
    assert opened(result.data).size == (result.width, result.height)


def test_png_gives_way_to_lossless_webp() -> None:
    image = Image.fromarray(noise(300, 200)).filter(ImageFilter.GaussianBlur(2))
    source = Photo(to_sixteen_bits(np.asarray(image)))
    png = len(encode(source, max_bytes=ALL).data)
    result = encode(source, max_bytes=png - 1)
    assert result.media_type == "image/webp"
    assert "lossless WebP" in result.notes[0]
    assert np.array_equal(decode(result.data).pixels, source.pixels)


def test_png_gives_way_to_jpeg() -> None:
    source = grainy()
    result = encode(source, max_bytes=len(encode(source, max_bytes=ALL).data) // 2)
    assert result.media_type == "image/jpeg"
    assert (result.width, result.height) == (200, 150)
    assert "saved as JPEG at quality" in result.notes[0]


def test_png_with_alpha_gives_way_to_webp() -> None:
    alpha = to_sixteen_bits(scene(200, 150)[..., 0])
    source = grainy(alpha=alpha)
    result = encode(source, max_bytes=len(encode(source, max_bytes=ALL).data) // 3)
    assert result.media_type == "image/webp"
    assert decode(result.data).alpha is not None


def test_sixteen_bits_give_way_to_eight() -> None:
    source = sixteen_bit()
    result = encode(source, max_bytes=len(encode(source, max_bytes=ALL).data) * 2 // 3)
    assert result.media_type == "image/png"
    assert decode(result.data).depth == 8
    assert "8 bits per channel" in result.notes[0]


def test_a_large_png_without_a_chance_is_passed_over() -> None:
    source = grainy(2400, 1800)
    result = encode(source, max_bytes=2_000_000)
    assert len(result.data) <= 2_000_000
    assert result.media_type == "image/jpeg"
    plain = photo(2400, 1800)
    assert encode(plain, max_bytes=5_000_000).media_type == "image/png"


def test_what_cannot_fit_is_refused() -> None:
    with pytest.raises(PhotoRefused) as caught:
        encode(grainy(), max_bytes=300)
    assert caught.value.code == "too_many_bytes"


def test_a_side_too_long_for_webp() -> None:
    source = photo(16_500, 8, lossless=False)
    result = encode(source, Format.WEBP, max_bytes=ALL)
    assert result.media_type == "image/jpeg"
    assert "16383" in result.notes[0]


@pytest.mark.parametrize("wanted", list(Format))
def test_the_same_photo_gives_the_same_bytes(wanted: Format) -> None:
    source = photo(alpha=RAMP)
    first = encode(source, wanted, max_bytes=ALL)
    assert first == encode(source, wanted, max_bytes=ALL)


def test_sample_photos_come_back(shared: Path) -> None:
    for path in sorted((shared / "data" / "samples").glob("*.png")):
        source = decode(path.read_bytes())
        read = decode(encode(source, max_bytes=ALL).data)
        assert np.array_equal(read.pixels, source.pixels)
        assert read.grey == source.grey
        assert read.depth == source.depth
