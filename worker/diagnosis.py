"""What is seen in a photo before anything is done to it."""

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.imaging.photo import Photo

__all__ = ["Diagnosis", "blocking", "diagnose", "noise_sigma"]

_PATCH = 64
_SAMPLE_PIXELS = 1_500_000

# J. Immerkær, "Fast Noise Variance Estimation", CVIU 64(2), 1996: the difference of two
# Laplacians, blind to edges and slopes; white noise of deviation σ comes out with 6 σ.
_IMMERKAER = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)


_QUIET, _QUIET_BIAS = 0.08, 0.9
"""The share of blocks below the reading, and how far below σ that lies for even noise."""

_LEVEL = np.float32(np.sqrt(np.pi / 2) / 6)
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32) / np.float32(257)

Levels = NDArray[np.float32]


@dataclass(frozen=True)
class Diagnosis:
    """Figures of one photo: size in pixels, noise as a standard deviation and JPEG blocking as a
    step at block borders, both on the scale 0–255.
    """

    width: int
    height: int
    noise_sigma: float
    blocking: float

    @property
    def long_edge(self) -> int:
        """The longer side in pixels."""
        return max(self.width, self.height)


def diagnose(photo: Photo) -> Diagnosis:
    """The figures of a photo; transparent areas do not count."""
    height, width = photo.pixels.shape[:2]
    return Diagnosis(width, height, noise_sigma(photo), blocking(photo))


def noise_sigma(photo: Photo) -> float:
    """The standard deviation (0–255) of the grain, a mean over the channels.

    Immerkær's filter by 16×16 blocks, of which the quietest speak, so that texture counts as little
    as possible; clipped blocks (black, white) hide their noise and are left out.
    """
    channels = 1 if photo.grey else 3
    readings: list[NDArray[np.float32]] = []
    for patch in _patches(photo):
        levels = patch[..., :channels].astype(np.float32) / np.float32(257)
        response = np.abs(_filtered(levels))
        response = response.reshape(*levels.shape[:2], channels)
        # E|N(0, 6σ)| = 6 σ √(2/π)
        sigma = _blocks(response) * _LEVEL
        mean = _blocks(levels)
        readings.append(sigma[(mean > 8) & (mean < 247)])
    sigmas = np.concatenate(readings) if readings else np.empty(0, np.float32)
    if sigmas.size < 4:
        return 0.0
    return float(np.quantile(sigmas, _QUIET)) / _QUIET_BIAS


def blocking(photo: Photo) -> float:
    """The mean step (0–255) at the borders of an 8-pixel grid beyond the steps beside them.

    Looked for along both directions and on each of the eight possible grids, so that a crop does
    not hide it; near 0 for a photo that was never JPEG, 1 and more where blocks are seen.
    """
    luma = _middle(photo.pixels) @ _LUMA
    found = [_grid_step(luma), _grid_step(np.ascontiguousarray(luma.T))]
    return max(0.0, min(found))


def _filtered(levels: Levels) -> Levels:
    response = cv2.filter2D(levels, -1, _IMMERKAER, borderType=cv2.BORDER_REFLECT_101)
    return cast("Levels", response)


def _grid_step(luma: NDArray[np.float32]) -> float:
    # A border of blocks is a step where both sides are smooth: the second difference across it.
    step = np.abs(np.diff(luma, axis=1))
    width = step.shape[1] // 8 * 8
    if width < 32:
        return 0.0
    beyond = step[:, 1:-1] - (step[:, :-2] + step[:, 2:]) / 2
    columns = beyond.mean(axis=0)
    columns = columns[: columns.size // 8 * 8].reshape(-1, 8).mean(axis=0)
    return float(columns.max() - np.median(columns))


def _blocks(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of each 16×16 block of an H×W×C array, sides cut to multiples of 16."""
    height, width = (side // 16 * 16 for side in values.shape[:2])
    cut = values[:height, :width]
    means: NDArray[np.float32] = cut.reshape(height // 16, 16, width // 16, 16, -1).mean(
        axis=(1, 3)
    )
    return means


def _patches(photo: Photo) -> list[NDArray[np.uint16]]:
    """Opaque patches spread evenly over the photo, about a megapixel and a half at most."""
    height, width = photo.pixels.shape[:2]
    if height * width <= _SAMPLE_PIXELS and photo.alpha is None:
        return [photo.pixels] if min(height, width) >= 16 else []
    tops, lefts = range(0, height - 15, _PATCH), range(0, width - 15, _PATCH)
    places = [(top, left) for top in tops for left in lefts]
    stride = max(1, len(places) * _PATCH**2 // _SAMPLE_PIXELS)
    patches = []
    for top, left in places[::stride]:
        window = (slice(top, top + _PATCH), slice(left, left + _PATCH))
        if photo.alpha is None or int(photo.alpha[window].min()) == 65535:
            patches.append(photo.pixels[window])
    return patches


def _middle(pixels: NDArray[np.uint16], side: int = 1536) -> NDArray[np.uint16]:
    height, width = pixels.shape[:2]
    top, left = max(0, (height - side) // 2), max(0, (width - side) // 2)
    return np.ascontiguousarray(pixels[top : top + side, left : left + side])
