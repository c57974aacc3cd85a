"""What JPEG has left in a photo."""

import numpy as np

from worker.diagnosis.samples import Luma, luma, middle
from worker.imaging.photo import Photo

__all__ = ["blocking"]


def blocking(photo: Photo) -> float:
    """The mean step (0–255) at the borders of an 8-pixel grid beyond the steps beside them.

    Looked for along both directions and on each of the eight possible grids, so that a crop does
    not hide it; near 0 for a photo that was never JPEG, 1 and more where blocks are seen.
    """
    light = luma(middle(photo.pixels))
    found = [_grid_step(light), _grid_step(np.ascontiguousarray(light.T))]
    return max(0.0, min(found))


def _grid_step(light: Luma) -> float:
    # A border of blocks is a step where both sides are smooth: the second difference across it.
    step = np.abs(np.diff(light, axis=1))
    width = step.shape[1] // 8 * 8
    if width < 32:
        return 0.0
    beyond = step[:, 1:-1] - (step[:, :-2] + step[:, 2:]) / 2
    columns = beyond.mean(axis=0)
    columns = columns[: columns.size // 8 * 8].reshape(-1, 8).mean(axis=0)
    return float(columns.max() - np.median(columns))
