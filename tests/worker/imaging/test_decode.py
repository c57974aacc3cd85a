import io
import warnings
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from core.errors import PhotoRefused
from core.images import KINDS, Limits
from tests.worker.imaging.pictures import file, noise, opened, scene, with_tiff_field
from worker.imaging import profiles
from worker.imaging.decode import decode
from worker.imaging.photo import to_eight_bits, to_sixteen_bits

LOSSLESS = {"png": "PNG", "bmp": "BMP", "tiff": "TIFF", "gif": "GIF"}


def sample(kind: str, pixels: NDArray[np.uint8] | None = None) -> bytes:
    pixels = scene() if pixels is None else pixels
    if kind == "heif":
        out = io.BytesIO()
        pillow_heif.from_pillow(Image.fromarray(pixels)).save(out, quality=95, chroma=444)
        return out.getvalue()
    return file(pixels, {"jpeg": "JPEG"}.get(kind, kind.upper()), quality=95)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind(kind: str) -> None:
    photo = decode(sample(kind))
    assert (photo.kind, photo.width, photo.height, photo.depth) == (kind, 96, 64, 8)
    assert photo.pixels.dtype == np.uint16
    assert photo.alpha is None
    assert not photo.grey
    assert photo.lossless == (kind in LOSSLESS)
    # A GIF has 256 colours, the lossy kinds round: the picture must still be the same one.
    difference = np.abs(to_eight_bits(photo.pixels).astype(int) - scene())
    assert difference.mean() < (6 if kind == "gif" else 2.5)


@pytest.mark.parametrize("kind", ["png", "bmp", "tiff"])
def test_lossless_kinds_are_exact(kind: str) -> None:
    assert np.array_equal(decode(sample(kind)).pixels, to_sixteen_bits(scene()))


def test_lossless_webp_is_told_from_lossy() -> None:
    photo = decode(file(scene(), "WEBP", lossless=True))
    assert photo.lossless
    assert np.array_equal(photo.pixels, to_sixteen_bits(scene()))
    assert not decode(file(scene(), "WEBP")).lossless


def test_a_jpeg_in_a_tiff_is_lossy() -> None:
    assert not decode(file(scene(), "TIFF", compression="jpeg")).lossless


@pytest.mark.parametrize("form", ["PNG", "TIFF", "JPEG", "WEBP", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(form: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if form == "WEBP" else {"quality": 98}
    data = file(scene(), form, exif=exif, **options)
    photo = decode(data)
    expected = ImageOps.exif_transpose(opened(data)).convert("RGB")
    assert (photo.width, photo.height) == ((64, 96) if orientation > 4 else (96, 64))
    assert np.array_equal(to_eight_bits(photo.pixels), np.asarray(expected))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_of_a_sixteen_bit_tiff(orientation: int) -> None:
    values = np.random.default_rng(3).integers(0, 65536, (5 * 4, 9 * 4, 3), dtype=np.uint16)
    encoded = cv2.imencode(".tif", values[..., ::-1])[1].tobytes()
    tagged = with_tiff_field(encoded, 0x0112, orientation)
    picture = Image.fromarray((values >> 8).astype(np.uint8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = ImageOps.exif_transpose(opened(file(picture, "PNG", exif=exif)))
    photo = decode(tagged)
    assert photo.depth == 16
    assert np.array_equal(photo.pixels >> 8, np.asarray(turned))


def test_heif_is_turned_by_its_container_alone() -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    pillow_heif.encode("RGB", (96, 64), scene().tobytes(), out, quality=95, exif=exif.tobytes())
    photo = decode(out.getvalue())
    assert (photo.width, photo.height) == (64, 96)
    upright = np.rot90(scene(), -1)
    assert np.abs(to_eight_bits(photo.pixels).astype(int) - upright).mean() < 3


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("form", [".png", ".tif"])
def test_sixteen_bits_are_exact(channels: int, form: str) -> None:
    values = np.random.default_rng(5).integers(0, 65536, (33, 47, channels), dtype=np.uint16)
    order = [2, 1, 0, 3][:channels]
    photo = decode(cv2.imencode(form, values[..., order])[1].tobytes())
    assert photo.depth == 16
    assert np.array_equal(photo.pixels, values[..., :3])
    if channels == 4:
        assert photo.alpha is not None
        assert np.array_equal(photo.alpha, values[..., 3])


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_sixteen_bit_grey_is_exact(form: str) -> None:
    values = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64) * 16
    photo = decode(file(Image.fromarray(values), form))
    assert photo.grey
    assert photo.depth == 16
    assert np.array_equal(photo.pixels, np.repeat(values[..., None], 3, axis=2))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "BMP"])
def test_grey_stays_grey(form: str) -> None:
    photo = decode(file(scene()[..., 0], form, quality=98))
    assert photo.grey
    assert np.array_equal(photo.pixels[..., 0], photo.pixels[..., 2])
    assert np.abs(to_eight_bits(photo.pixels[..., 0]).astype(int) - scene()[..., 0]).max() < 6


def test_black_and_white() -> None:
    photo = decode(file(Image.fromarray(scene()[..., 0]).convert("1"), "PNG"))
    assert photo.grey
    assert set(np.unique(photo.pixels)) == {0, 65535}


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF", "AVIF"])
def test_alpha(form: str) -> None:
    four = scene(channels=4)
    photo = decode(
        file(four, form, **({"lossless": True, "exact": True} if form == "WEBP" else {}))
    )
    assert photo.alpha is not None
    assert np.abs(to_eight_bits(photo.alpha).astype(int) - four[..., 3]).max() <= 3


def test_grey_with_alpha() -> None:
    both = scene(channels=2)
    photo = decode(file(Image.fromarray(both, "LA"), "PNG"))
    assert photo.grey
    assert photo.alpha is not None
    assert np.array_equal(to_eight_bits(photo.alpha), both[..., 1])


def test_alpha_that_hides_nothing_is_left_out() -> None:
    four = np.dstack([scene(), np.full((64, 96), 255, np.uint8)])
    assert decode(file(four, "PNG")).alpha is None


def test_palette_with_transparency() -> None:
    image = Image.fromarray(scene()).quantize(16)
    colours = np.asarray(image.convert("RGB"))
    plain = decode(file(image, "PNG"))
    assert np.array_equal(to_eight_bits(plain.pixels), colours)
    index = int(np.asarray(image)[0, 0])
    clear = decode(file(image, "PNG", transparency=index))
    assert clear.alpha is not None
    assert np.array_equal(clear.alpha == 0, np.asarray(image) == index)
    steps = decode(file(image, "PNG", transparency=bytes(range(0, 160, 10))))
    assert steps.alpha is not None
    assert len(np.unique(steps.alpha)) > 4


@pytest.mark.parametrize(("mode", "key"), [("L", 77), ("RGB", (9, 8, 7)), ("I;16", 4000)])
def test_one_transparent_colour(mode: str, key: int | tuple[int, ...]) -> None:
    image = Image.new(mode, (16, 16), 200 if mode != "RGB" else (200, 1, 2))
    image.putpixel((3, 4), key)
    photo = decode(file(image, "PNG", transparency=key))
    assert photo.alpha is not None
    assert photo.alpha[4, 3] == 0
    assert photo.alpha.astype(bool).sum() == 255


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_cmyk(form: str) -> None:
    image = Image.fromarray(scene()).convert("CMYK")
    photo = decode(file(image, form, quality=98))
    assert np.abs(to_eight_bits(photo.pixels).astype(int) - scene()).mean() < 3


def test_lab() -> None:
    to_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    image = ImageCms.applyTransform(Image.fromarray(scene()), to_lab)
    assert image is not None
    photo = decode(file(image, "TIFF"))
    assert np.abs(to_eight_bits(photo.pixels).astype(int) - scene()).mean() < 3


@pytest.mark.parametrize(("mode", "factor"), [("F", 1 / 255), ("F", 1.0), ("I", 257)])
def test_thirty_two_bit_grey(mode: str, factor: float) -> None:
    kind = np.float32 if mode == "F" else np.int32
    values = (scene()[..., 0] * np.float64(factor)).astype(kind)
    photo = decode(file(Image.fromarray(values), "TIFF"))
    assert photo.grey
    assert photo.depth == 16
    assert np.array_equal(to_eight_bits(photo.pixels[..., 0]), scene()[..., 0])


def test_floats_without_meaning_become_black() -> None:
    values = np.full((16, 16), 0.5, np.float32)
    values[0, 0] = np.nan
    photo = decode(file(Image.fromarray(values), "TIFF"))
    assert photo.pixels[0, 0, 0] == 0
    assert photo.pixels[5, 5, 0] == 32768


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_the_first_frame_of_an_animation(form: str) -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ((250, 0, 0), (0, 250, 0))]
    data = file(
        frames[0], form, save_all=True, append_images=frames[1:],
        **({"lossless": True} if form == "WEBP" else {}),
    )  # fmt: skip
    photo = decode(data)
    assert photo.animated
    assert np.array_equal(to_eight_bits(photo.pixels[5, 5]), [250, 0, 0])


def test_a_jpeg_of_two_pictures_is_still() -> None:
    first, second = Image.new("RGB", (32, 32), "red"), Image.new("RGB", (32, 32), "blue")
    photo = decode(file(first, "MPO", save_all=True, append_images=[second]))
    assert not photo.animated
    assert photo.kind == "jpeg"
    assert photo.pixels[5, 5, 0] > 60000


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.3, 0.5, 0.8, 0.95])
def test_cut_off_files_are_refused(kind: str, share: float) -> None:
    data = sample(kind, noise(96, 64))
    with pytest.raises(PhotoRefused) as caught:
        decode(data[: int(len(data) * share)])
    # What the header itself is missing can only be told as broken.
    assert caught.value.code in ("truncated", "broken")
    if kind in ("jpeg", "png", "bmp", "gif"):
        assert caught.value.code == "truncated"
        assert "cut off" in caught.value.text


def test_a_cut_off_sixteen_bit_png_is_refused() -> None:
    values = np.random.default_rng(5).integers(0, 65536, (40, 40, 3), dtype=np.uint16)
    data = cv2.imencode(".png", values)[1].tobytes()
    with pytest.raises(PhotoRefused, match="cut off"):
        decode(data[: len(data) // 2])


def test_a_lying_header_within_the_limits_is_refused() -> None:
    data = bytearray(file(scene(), "BMP"))
    data[18:22] = (5000).to_bytes(4, "little")
    with pytest.raises(PhotoRefused):
        decode(bytes(data))


@given(st.sampled_from(["jpeg", "png", "webp", "gif", "bmp", "tiff"]), st.data())
def test_scrambled_files_give_a_photo_or_a_refusal(kind: str, data: st.DataObject) -> None:
    content = bytearray(sample(kind))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            photo = decode(bytes(content), Limits(max_pixels=200_000))
        except PhotoRefused:
            return
    assert photo.pixels.shape == (photo.height, photo.width, 3)


@given(st.integers(8, 90), st.integers(8, 90), st.sampled_from([1, 3, 4]))
def test_sizes(width: int, height: int, channels: int) -> None:
    pixels = noise(width, height, channels=channels)
    photo = decode(file(pixels[..., 0] if channels == 1 else pixels, "PNG"))
    assert np.array_equal(
        to_eight_bits(photo.pixels), np.broadcast_to(pixels[..., :3], photo.pixels.shape)
    )


def test_pixels_are_never_views_of_a_larger_buffer() -> None:
    photo = decode(file(scene(channels=4), "PNG"))
    assert photo.pixels.flags.c_contiguous
    assert photo.pixels.base is None


def test_sample_photos(shared: Path) -> None:
    files = sorted((shared / "data" / "samples").iterdir())
    assert files
    for path in files:
        photo = decode(path.read_bytes())
        assert photo.grey == ("gray" in path.stem)
        assert (photo.alpha is not None) == ("alpha" in path.stem)
        assert photo.depth == (16 if "16bit" in path.stem else 8)


def test_unknown_profiles_leave_the_pixels_alone() -> None:
    data = file(scene(), "PNG", icc_profile=b"not a profile" * 20)
    assert np.array_equal(decode(data).pixels, to_sixteen_bits(scene()))
    for cut in (60, 150, 300):
        data = file(scene(), "PNG", icc_profile=profiles.adobe_rgb()[:cut])
        assert decode(data).pixels.shape == (64, 96, 3)
