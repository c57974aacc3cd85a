import io

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from core.exif import Field, block, long
from tests.worker.imaging.pictures import file, noise, scene
from worker.imaging import profiles
from worker.imaging.colour import grey_to_srgb, managed_to_srgb, rgb_to_srgb
from worker.imaging.decode import decode
from worker.imaging.photo import to_eight_bits, to_sixteen_bits

P3_TO_XYZ = np.array(
    [[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]]
)


def display_p3() -> bytes:
    """Display P3 as phones write it: P3 primaries, the curve of sRGB."""
    return profiles._display("Display P3", P3_TO_XYZ, profiles._parametric(3, profiles._SRGB_CURVE))


def by_lcms(pixels: NDArray[np.uint8], profile: bytes) -> NDArray[np.uint8]:
    result = ImageCms.profileToProfile(
        Image.fromarray(pixels),
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
    )
    assert result is not None
    return np.asarray(result)


@pytest.mark.parametrize("profile", [display_p3(), profiles.adobe_rgb()], ids=["P3", "Adobe"])
def test_conversion_agrees_with_littlecms(profile: bytes) -> None:
    pixels = noise(64, 64)
    converted = rgb_to_srgb(to_sixteen_bits(pixels), profile)
    assert converted is not None
    difference = np.abs(to_eight_bits(converted).astype(int) - by_lcms(pixels, profile))
    assert difference.max() <= 1
    assert np.abs(to_eight_bits(converted).astype(int) - pixels).max() > 20


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
def test_files_with_a_profile_are_brought_into_srgb(form: str) -> None:
    options = {"lossless": True} if form == "WEBP" else {"quality": 98}
    plain = decode(file(scene(), form, **options)).pixels
    photo = decode(file(scene(), form, icc_profile=profiles.adobe_rgb(), **options))
    expected = rgb_to_srgb(plain, profiles.adobe_rgb())
    assert expected is not None
    assert np.abs(expected.astype(int) - plain).max() > 5 * 257
    assert np.abs(photo.pixels.astype(int) - expected).max() <= 2 * 257


def test_sixteen_bits_are_converted_finely() -> None:
    ramp = np.repeat(np.arange(0, 65536, 16, dtype=np.uint16)[None, :, None], 3, axis=2)
    ramp = np.repeat(ramp, 16, axis=0)
    data = cv2.imencode(".png", ramp)[1].tobytes()
    chunk = file(scene(), "PNG", icc_profile=profiles.adobe_rgb())
    at = chunk.index(b"iCCP") - 4
    size = int.from_bytes(chunk[at : at + 4], "big") + 12
    photo = decode(data[:33] + chunk[at : at + size] + data[33:])
    assert photo.depth == 16
    assert len(np.unique(photo.pixels)) > 3500
    assert np.abs(np.diff(photo.pixels[0].astype(int), axis=0)).max() < 600


@pytest.mark.parametrize(
    "profile",
    [profiles.srgb(), ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()],
    ids=["ours", "lcms"],
)
def test_srgb_profiles_change_nothing(profile: bytes) -> None:
    pixels = to_sixteen_bits(noise(64, 64))
    assert rgb_to_srgb(pixels, profile) is pixels


def test_grey_stays_neutral_in_every_space() -> None:
    grey = np.repeat(np.arange(0, 65536, 257, dtype=np.uint16)[None, :, None], 3, axis=2)
    for profile in (display_p3(), profiles.adobe_rgb()):
        converted = rgb_to_srgb(grey, profile)
        assert converted is not None
        assert np.ptp(converted.astype(int), axis=2).max() < 40


def test_grey_profiles() -> None:
    values = to_sixteen_bits(scene()[..., 0])
    assert grey_to_srgb(values, profiles.grey()) is values
    linear = profiles._profile(b"GRAY", "linear", {b"kTRC": b"curv" + b"\0" * 8})
    converted = grey_to_srgb(values, linear)
    light = values / 65535
    expected = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    assert np.abs(converted / 65535 - expected).max() < 1e-3
    assert decode(file(scene()[..., 0], "PNG", icc_profile=linear)).grey


@pytest.mark.parametrize("function", range(5))
def test_parametric_curves_agree_with_littlecms(function: int) -> None:
    power, slope = 2.2, 1 / 12.92
    figures = {
        0: (power,),
        1: (power, 0.95, 0.05),
        2: (power, 0.9, 0.05, 0.01),
        3: (2.4, 1 / 1.055, 0.055 / 1.055, slope, 0.04045),
        4: (2.4, 0.9, 0.05, slope, 0.04045, 0.02, 0.0),
    }[function]
    curve = profiles._parametric(function, figures)
    profile = profiles._display("curve", profiles.SRGB_TO_XYZ, curve)
    pixels = noise(64, 64)
    converted = rgb_to_srgb(to_sixteen_bits(pixels), profile)
    assert converted is not None
    difference = np.abs(to_eight_bits(converted).astype(int) - by_lcms(pixels, profile))
    assert difference.max() <= 1


def test_sampled_curves_agree_with_littlecms() -> None:
    table = np.rint((np.arange(256) / 255) ** 1.8 * 65535).astype(">u2")
    curve = b"curv\0\0\0\0" + (256).to_bytes(4, "big") + table.tobytes()
    profile = profiles._display("table", profiles.SRGB_TO_XYZ, curve)
    pixels = noise(64, 64)
    converted = rgb_to_srgb(to_sixteen_bits(pixels), profile)
    assert converted is not None
    difference = np.abs(to_eight_bits(converted).astype(int) - by_lcms(pixels, profile))
    assert difference.max() <= 1


def test_adobe_rgb_by_exif_alone() -> None:
    order = "<"
    interop = b"\1\0" + b"\1\0\2\0\4\0\0\0R03\0" + b"\0" * 4
    # The directory lies behind all that `block` writes; a first pass tells where.
    draft = block(order, {0x0112: Field(3, 1, b"\1\0")}, {0xA005: long(0, order)})
    where = len(draft) - 6
    exif = block(order, {0x0112: Field(3, 1, b"\1\0")}, {0xA005: long(where, order)}) + interop
    plain = decode(file(scene(), "PNG"))
    marked = decode(file(scene(), "PNG", exif=exif))
    expected = rgb_to_srgb(plain.pixels, profiles.adobe_rgb())
    assert expected is not None
    assert np.array_equal(marked.pixels, expected)


def test_profiles_with_tables_go_through_littlecms() -> None:
    pixels = noise(32, 32)
    managed = managed_to_srgb(Image.fromarray(pixels), display_p3())
    own = rgb_to_srgb(to_sixteen_bits(pixels), display_p3())
    assert managed is not None
    assert own is not None
    assert np.abs(managed.astype(int) - own).max() <= 2 * 257


@pytest.mark.parametrize("profile", [b"", b"x" * 200, profiles.grey(), profiles.srgb()[:140]])
def test_unfit_profiles_are_declined(profile: bytes) -> None:
    assert rgb_to_srgb(to_sixteen_bits(scene()), profile) is None
    assert managed_to_srgb(Image.fromarray(scene()), profile) is None


@pytest.mark.parametrize(
    ("profile", "space"), [(profiles.srgb(), "RGB"), (profiles.grey(), "GRAY")]
)
def test_written_profiles_are_small_and_sound(profile: bytes, space: str) -> None:
    read = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    assert read.profile.xcolor_space.strip() == space
    assert ImageCms.getProfileDescription(read).startswith("sRGB")
    assert len(profile) < 600
    assert int.from_bytes(profile[:4], "big") == len(profile)
