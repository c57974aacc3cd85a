"""How much fine texture a photo has."""

from typing import Final

import cv2
import numpy as np

from worker.diagnosis.samples import Detail

__all__ = ["texture_of"]

_SIGMA, _BLOCK, _MUCH = 1.5, 16, 75.0
_KEPT: Final = 0.947
"""The deviation of white noise that is left when its blur of 1.5 pixels is taken off."""
_GAUSSIAN: Final = float(np.sqrt(np.pi / 2))


def texture_of(detail: Detail, noise: float) -> float:
    """The deviation (0–255) of detail finer than some 4 pixels, less that of the grain, in the
    quarter of the opaque 16×16 blocks that has most of it.

    `noise` is the grain of the luma (0–255).

    From the mean absolute difference to a blurred copy. A pattern finer than 3 pixels that fills
    the window is taken for grain. Smooth skin and sky have 1–3, hair, fur, cloth and leaves 5–20.
    """
    light = detail.light
    fine = np.abs(light - cv2.GaussianBlur(light, (0, 0), _SIGMA))
    height, width = (side // _BLOCK * _BLOCK for side in light.shape)
    shape = (height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK)
    whole = detail.opaque[:height, :width].reshape(shape).all(axis=(1, 3))
    if not whole.any():
        return 0.0
    deviation = fine[:height, :width].reshape(shape).mean(axis=(1, 3))[whole] * _GAUSSIAN
    much = float(np.percentile(deviation, _MUCH))
    return float(np.sqrt(max(0.0, much**2 - (_KEPT * noise) ** 2)))
