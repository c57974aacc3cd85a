"""How much grain a photo has."""

from collections.abc import Iterable
from typing import Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.diagnosis.samples import Detail, Levels, patches
from worker.imaging.photo import Photo

__all__ = ["grain", "luma_sigma", "noise_sigma"]

# J. Immerkær, "Fast Noise Variance Estimation", CVIU 64(2), 1996: the difference of two
# Laplacians, blind to edges and slopes; white noise of deviation σ comes out with 6 σ.
_IMMERKAER: Final = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)

_QUIET, _QUIET_BIAS = 0.08, 0.9
"""The share of blocks below the reading, and how far below σ that lies for even noise."""

_CLIPPED = 0.05
_TILE: Final = 32
_LEVEL: Final = np.float32(np.sqrt(np.pi / 2) / 6)


def noise_sigma(photo: Photo) -> float:
    """The standard deviation (0–255) of the grain, a mean over the channels."""
    channels = 1 if photo.grey else 3
    return grain(
        patch[..., :channels].astype(np.float32) / np.float32(257) for patch in patches(photo)
    )


def luma_sigma(detail: Detail) -> float:
    """The standard deviation (0–255) of the grain in the luma of a part."""
    light, opaque = detail.light[..., None], detail.opaque
    if bool(opaque.all()):
        return grain([light])
    height, width = opaque.shape
    windows = [
        (slice(top, top + _TILE), slice(left, left + _TILE))
        for top in range(0, height, _TILE)
        for left in range(0, width, _TILE)
    ]
    return grain(light[window] for window in windows if bool(opaque[window].all()))


def grain(patches: Iterable[Levels]) -> float:
    """The standard deviation of the grain in patches of H×W×C levels, on their own scale of 0–255.

    Immerkær's filter by 16×16 blocks, of which the quietest speak, so that texture counts as little
    as possible; blocks that are partly clipped (black, white) hide their noise and are left out.
    """
    readings: list[NDArray[np.float32]] = []
    for levels in patches:
        if min(levels.shape[:2]) < 16:
            continue
        response = np.abs(_filtered(levels)).reshape(levels.shape)
        # E|N(0, 6σ)| = 6 σ √(2/π)
        sigma = _blocks(response) * _LEVEL
        clipped = _blocks(((levels < 0.5) | (levels > 254.5)).astype(np.float32))
        readings.append(sigma[clipped < _CLIPPED])
    sigmas = np.concatenate(readings) if readings else np.empty(0, np.float32)
    if sigmas.size < 4:
        return 0.0
    return float(np.quantile(sigmas, _QUIET)) / _QUIET_BIAS


def _filtered(levels: Levels) -> Levels:
    response = cv2.filter2D(levels, -1, _IMMERKAER, borderType=cv2.BORDER_REFLECT_101)
    return cast("Levels", response)


def _blocks(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of each 16×16 block of an H×W×C array, sides cut to multiples of 16."""
    height, width = (side // 16 for side in values.shape[:2])
    cut = values[: 16 * height, : 16 * width]
    means = cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA)
    return cast("NDArray[np.float32]", means)
