"""Bringing pixels of any colour space into sRGB."""

import io
from collections.abc import Callable
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from worker.imaging import profiles
from worker.imaging.photo import Pixels, to_sixteen_bits

_STRIP: Final = 1 << 18  # pixels at once: float work stays in the cache
_ENCODING_STEPS: Final = 1 << 18
_ONE_STEP: Final = 257  # of 8 bits: a profile that moves no colour further than this is sRGB


def rgb_to_srgb(pixels: Pixels, profile: bytes) -> Pixels | None:
    """H×W×3 pixels of an RGB profile in sRGB, relative colorimetric; None if the profile is not
    made of a matrix and curves. Pixels that are sRGB already come back as they are."""
    space = profiles.matrix_profile(profile)
    if space is None:
        return None
    to_xyz, curves = space
    to_linear = (np.linalg.inv(profiles.SRGB_TO_XYZ) @ to_xyz).astype(np.float32)
    encoding = _encoding()

    def converted(part: Pixels) -> Pixels:
        channels = [curve[part[..., index]] for index, curve in enumerate(curves)]
        linear = np.stack(channels, axis=-1) @ to_linear.T
        np.clip(linear, 0, 1, out=linear)
        linear *= _ENCODING_STEPS
        linear += 0.5
        return encoding[linear.astype(np.int32)]

    if _moves_nothing(converted):
        return pixels
    return _by_strips(pixels, converted)


def grey_to_srgb(values: Pixels, profile: bytes) -> Pixels:
    """H×W values of a grey profile (or of an RGB one, along its neutral axis) as sRGB has them;
    unchanged if the profile cannot be read."""
    curve = profiles.grey_curve(profile)
    if curve is None:
        return values
    table = np.take(_encoding(), np.rint(curve * _ENCODING_STEPS).astype(np.int32))
    if np.abs(table.astype(np.int32) - np.arange(65536)).max() <= _ONE_STEP:
        return values
    return np.take(table, values)


def managed_to_srgb(image: Image.Image, profile: bytes | None) -> Pixels | None:
    """An 8-bit CMYK, LAB or RGB picture in sRGB as H×W×3, through the colour management system:
    relative colorimetric with black point compensation; None if the profile does not fit it."""
    try:
        if profile is None:
            source = ImageCms.createProfile("LAB")
        else:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile
        transform = ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(source),
            ImageCms.ImageCmsProfile(io.BytesIO(profiles.srgb())),
            image.mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        result = ImageCms.applyTransform(image, transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    return None if result is None else to_sixteen_bits(np.asarray(result))


@cache
def _encoding() -> Pixels:
    """Linear 0…1 in `_ENCODING_STEPS` steps → sRGB-encoded 16-bit value (IEC 61966-2-1)."""
    linear = np.linspace(0, 1, _ENCODING_STEPS + 1)
    curved = 1.055 * linear ** (1 / 2.4) - 0.055
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, curved) * 65535
    return np.asarray(np.rint(encoded), np.uint16)


def _moves_nothing(converted: Callable[[Pixels], Pixels]) -> bool:
    steps = np.linspace(0, 65535, 18).astype(np.uint16)
    probe = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
    moved = converted(probe).astype(np.int32) - probe.astype(np.int32)
    return int(np.abs(moved).max()) <= _ONE_STEP


def _by_strips(pixels: Pixels, converted: Callable[[Pixels], Pixels]) -> Pixels:
    result: NDArray[np.uint16] = np.empty_like(pixels)
    rows = max(1, _STRIP // max(1, pixels.shape[1]))
    for top in range(0, pixels.shape[0], rows):
        result[top : top + rows] = converted(pixels[top : top + rows])
    return result
