"""Which part of a large photo is looked at."""

from dataclasses import dataclass
from typing import Any, Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.imaging.photo import Photo, Pixels

__all__ = [
    "Colours",
    "Detail",
    "Levels",
    "Luma",
    "brightest",
    "darkest",
    "detail",
    "glimpse",
    "luma",
    "middle",
    "patches",
    "reduced",
    "spots",
]

Levels = NDArray[np.float32]
"""H×W×3 on the scale 0–255."""
Luma = NDArray[np.float32]
"""H×W on the scale 0–255."""

Colours = NDArray[np.float32]
"""N×3 sRGB on the scale 0–1."""
_Window = tuple[slice, slice]

_SPOTS: Final = 1 << 16
_GLIMPSE: Final = 256

_PATCH: Final = 64
_SAMPLE_PIXELS: Final = 1_500_000
_LUMA: Final = np.array([0.299, 0.587, 0.114], dtype=np.float32) / np.float32(257)


def luma(pixels: Pixels) -> Luma:
    """The luma of Rec. 601, which JPEG compresses."""
    found: Luma = pixels @ _LUMA
    return found


def brightest(pixels: NDArray[Any]) -> NDArray[Any]:
    """The largest of the three channels of …×3 values."""
    found: NDArray[Any] = np.maximum(np.maximum(pixels[..., 0], pixels[..., 1]), pixels[..., 2])
    return found


def darkest(pixels: NDArray[Any]) -> NDArray[Any]:
    """The smallest of the three channels of …×3 values."""
    found: NDArray[Any] = np.minimum(np.minimum(pixels[..., 0], pixels[..., 1]), pixels[..., 2])
    return found


def glimpse(photo: Photo) -> Colours:
    """The opaque pixels of a copy with a long edge of 256 at most, each a mean over some of its
    area."""
    step = max(1, max(photo.pixels.shape[:2]) // (4 * _GLIMPSE))
    pixels = photo.pixels[::step, ::step].astype(np.float32) / np.float32(65535)
    height, width = pixels.shape[:2]
    factor = min(1.0, _GLIMPSE / max(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    levels = cast("NDArray[np.float32]", cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
    if photo.alpha is None:
        return levels.reshape(-1, 3)
    there = (photo.alpha[::step, ::step] == 65535).astype(np.float32)
    opaque: Colours = levels[cv2.resize(there, size, interpolation=cv2.INTER_AREA) > 0.999]
    return opaque


def reduced(pixels: Pixels, side: int = _GLIMPSE) -> NDArray[np.float32]:
    """All pixels, seen or hidden, as a copy of `side` pixels at most on its long side: sRGB of 0–1,
    each a mean over every pixel of its area."""
    height, width = pixels.shape[:2]
    shrink = min(1.0, side / max(height, width))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    levels: NDArray[np.float32] = small.astype(np.float32) / np.float32(65535)
    return levels


def spots(photo: Photo) -> Colours:
    """Opaque pixels as they are, some 65,000 at most, from all over the photo."""
    height, width = photo.pixels.shape[:2]
    step = max(1, round((height * width / _SPOTS) ** 0.5))
    pixels = photo.pixels[::step, ::step]
    found = pixels.reshape(-1, 3)
    if photo.alpha is not None:
        found = pixels[photo.alpha[::step, ::step] == 65535]
    return found.astype(np.float32) / np.float32(65535)


def middle(pixels: Pixels, side: int = 1536) -> Pixels:
    """The middle of a photo, `side` pixels each way at most."""
    height, width = pixels.shape[:2]
    top, left = max(0, (height - side) // 2), max(0, (width - side) // 2)
    return np.ascontiguousarray(pixels[top : top + side, left : left + side])


@dataclass(frozen=True, eq=False)
class Detail:
    """A part of a photo at full resolution: H×W×3 pixels, their luma, and where it is opaque."""

    pixels: Pixels
    light: Luma
    opaque: NDArray[np.bool_]


def detail(photo: Photo, side: int = 512) -> Detail:
    """The one of up to 4×4 windows of `side` pixels at most in which there is most contrast.

    Windows that are partly transparent count by their opaque share.
    """
    height, width = photo.pixels.shape[:2]
    high, wide = min(side, height), min(side, width)
    tops, lefts = (
        np.unique(np.linspace(0, whole - part, 4).astype(int))
        for whole, part in ((height, high), (width, wide))
    )
    windows = [
        (slice(int(top), int(top) + high), slice(int(left), int(left) + wide))
        for top in tops
        for left in lefts
    ]
    if len(windows) == 1:
        window = windows[0]
    else:
        window = max(windows, key=lambda window: _contrast(photo, window))
    pixels = np.ascontiguousarray(photo.pixels[window])
    opaque = np.ones(pixels.shape[:2], bool)
    if photo.alpha is not None:
        opaque = photo.alpha[window] == 65535
    return Detail(pixels, luma(pixels), opaque)


def _contrast(photo: Photo, window: _Window) -> float:
    # Of means over 4×4 pixels, so that grain does not count.
    green = photo.pixels[(*window, 1)].astype(np.float32)
    height, width = green.shape
    size = (max(1, width // 4), max(1, height // 4))
    small = cv2.resize(green, size, interpolation=cv2.INTER_AREA)
    contrast = float(np.abs(np.diff(small, axis=1)).sum() + np.abs(np.diff(small, axis=0)).sum())
    if photo.alpha is not None:
        contrast *= float((photo.alpha[window][::4] == 65535).mean())
    return contrast


def patches(photo: Photo) -> list[Pixels]:
    """Opaque patches spread evenly over the photo, about a megapixel and a half at most."""
    height, width = photo.pixels.shape[:2]
    if height * width <= _SAMPLE_PIXELS and photo.alpha is None:
        return [photo.pixels] if min(height, width) >= 16 else []
    tops, lefts = range(0, height - 15, _PATCH), range(0, width - 15, _PATCH)
    places = [(top, left) for top in tops for left in lefts]
    stride = max(1, len(places) * _PATCH**2 // _SAMPLE_PIXELS)
    found = []
    for top, left in places[::stride]:
        window = (slice(top, top + _PATCH), slice(left, left + _PATCH))
        if photo.alpha is None or int(photo.alpha[window].min()) == 65535:
            found.append(photo.pixels[window])
    return found
