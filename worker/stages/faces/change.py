"""What a restorer changed of a face."""

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.imaging.photo import Pixels

__all__ = ["Levels", "change"]

_BROAD = 1 / 16
"""Sigma, in sides of the crop, above which colours and light stay those of the photo."""

Levels = NDArray[np.float32]
"""16-bit levels as real numbers."""


def change(restored: Pixels, plain: Pixels) -> Levels:
    """What is to be added to `plain` to come to `restored`, less broad colours and light."""
    added = restored.astype(np.float32) - plain
    sigma = restored.shape[0] * _BROAD
    detail: Levels = added - cv2.GaussianBlur(added, (0, 0), sigma)
    return detail
