"""Which part of a large photo is looked at."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from worker.imaging.photo import Photo, Pixels

__all__ = ["Levels", "Luma", "Window", "busiest", "luma", "middle", "patches"]

Levels = NDArray[np.float32]
"""H×W×3 on the scale 0–255."""
Luma = NDArray[np.float32]
"""H×W on the scale 0–255."""

Window = tuple[slice, slice]

_PATCH: Final = 64
_SAMPLE_PIXELS: Final = 1_500_000
_LUMA: Final = np.array([0.299, 0.587, 0.114], dtype=np.float32) / np.float32(257)


def luma(pixels: Pixels) -> Luma:
    """The luma of Rec. 601, which JPEG compresses."""
    found: Luma = pixels @ _LUMA
    return found


def middle(pixels: Pixels, side: int = 1536) -> Pixels:
    """The middle of a photo, `side` pixels each way at most."""
    height, width = pixels.shape[:2]
    top, left = max(0, (height - side) // 2), max(0, (width - side) // 2)
    return np.ascontiguousarray(pixels[top : top + side, left : left + side])


def busiest(photo: Photo, side: int) -> Window:
    """Where, of up to 4×4 windows of `side` pixels at most, the photo has most contrast.

    Windows that are transparent count by their opaque share.
    """
    height, width = photo.pixels.shape[:2]
    high, wide = min(side, height), min(side, width)
    tops, lefts = (
        np.unique(np.linspace(0, whole - part, 4).astype(int) if whole > part else [0])
        for whole, part in ((height, high), (width, wide))
    )
    windows = [
        (slice(int(top), int(top) + high), slice(int(left), int(left) + wide))
        for top in tops
        for left in lefts
    ]
    return max(windows, key=lambda window: _contrast(photo, window))


def _contrast(photo: Photo, window: Window) -> float:
    green = photo.pixels[(*window, 1)][::4].astype(np.float32)
    steps = float(np.abs(np.diff(green, axis=1)).mean()) if green.shape[1] > 1 else 0.0
    if photo.alpha is not None:
        steps *= float((photo.alpha[window][::4] == 65535).mean())
    return steps


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
