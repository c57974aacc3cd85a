"""Where a photo has the most to tell: the part that a comparison should show enlarged."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.imaging.photo import Box, Photo

_LOOKED_AT: Final = 768  # pixels of the longer side that detail is measured at
_LUMA: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709
_SMOOTHING: Final = 1.8  # pixels: grain is averaged away, edges are not
_BLOCK: Final = 5
_CENTRE_WEIGHT: Final = 0.25


def telling_region(photo: Photo, size: tuple[int, int] | None = None) -> Box:
    """The most detailed part of a photo, `size` pixels wide and high (a third of the shorter side
    if not given).

    Detail is the lesser eigenvalue of the gradients' structure tensor (Shi and Tomasi, 1994),
    which grows where edges of several directions meet (eyes, leaves, letters) and not along one
    plain edge. What every part of the photo has, its grain, does not count.
    """
    side = max(1, min(photo.width, photo.height) // 3)
    width, height = size or (side, side)
    width, height = min(width, photo.width), min(height, photo.height)
    detail = _detail(photo)
    rows, columns = detail.shape
    across, down = photo.width / columns, photo.height / rows
    window = (max(1, min(columns, round(width / across))), max(1, min(rows, round(height / down))))
    sums = cv2.boxFilter(detail, -1, window, anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
    inside = sums[: rows - window[1] + 1, : columns - window[0] + 1]
    top, left = np.unravel_index(int(np.argmax(inside * _centred(inside.shape))), inside.shape)
    return Box(
        min(round(float(left) * across), photo.width - width),
        min(round(float(top) * down), photo.height - height),
        width,
        height,
    )


def _detail(photo: Photo) -> NDArray[np.float32]:
    factor = min(1.0, _LOOKED_AT / max(photo.width, photo.height))
    size = (max(1, round(photo.width * factor)), max(1, round(photo.height * factor)))
    small = cv2.resize(photo.pixels, size, interpolation=cv2.INTER_AREA)
    luma = cv2.GaussianBlur((small.astype(np.float32) @ _LUMA) / 65535, (0, 0), _SMOOTHING)
    eigenvalues = np.asarray(cv2.cornerMinEigenVal(luma, _BLOCK, ksize=3), np.float32)
    energy = np.sqrt(np.maximum(eigenvalues, 0))
    if photo.alpha is not None:
        opaque = cv2.resize(photo.alpha, size, interpolation=cv2.INTER_AREA)
        energy *= np.asarray(opaque, np.float32) / 65535
    floor, ceiling = np.percentile(energy, (25, 99))
    return np.asarray(np.clip(energy, floor, max(ceiling, floor + 1e-6)) - floor, np.float32)


def _centred(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """A mild preference for the middle, where people put what they mean."""
    down, across = (np.linspace(-1, 1, length, dtype=np.float32) for length in shape)
    if shape[0] == 1:
        down = np.zeros(1, np.float32)
    if shape[1] == 1:
        across = np.zeros(1, np.float32)
    distance = (down[:, None] ** 2 + across[None, :] ** 2) / 2
    return np.asarray(1 - _CENTRE_WEIGHT * distance, np.float32)
