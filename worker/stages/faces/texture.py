"""Fine texture of skin and hair that a restorer smoothed away."""

import cv2
import numpy as np

from worker.imaging.photo import Pixels
from worker.stages.faces.change import Levels

__all__ = ["with_texture"]

_FINE = 1.2
"""Sigma, in pixels of the photo, below which detail is fine."""

_AROUND = 4.0
"""Sigma of the neighbourhood, in pixels of the photo, in which energies are compared."""

_GRAIN = 2.0
"""How many times the energy of the noise fine detail needs, to be more than noise."""

_ROUNDS = 2
"""What is added is finer than what is missing; the second round adds most of the rest."""

_GREY = np.array([0.299, 0.587, 0.114], np.float32)


def with_texture(restored: Pixels, source: Pixels, native: float, grain: float) -> Pixels:
    """`restored` with the fine detail of `source` that it lacks, as far as that is no noise.

    Both are the same aligned crop, H×H×3; `native` is how many pixels of the photo a side of it
    covers, `grain` the standard deviation (0–255) of the photo's noise. Fine detail is light alone.
    What the restorer sharpened stays as sharp as it made it.
    """
    spread = max(1.0, restored.shape[0] / native)
    fine = _fine(source.astype(np.float32) @ _GREY, spread * _FINE)
    around = spread * _AROUND
    energy = cv2.GaussianBlur(fine * fine, (0, 0), around) + 1e-3
    # Averaging over the pixels that a crop shrinks takes noise away.
    noise = (grain * 257 * min(1.0, restored.shape[0] / native)) ** 2 * _GRAIN * _LEFT
    real = np.clip(1 - noise / energy, 0, 1)
    plain = restored.astype(np.float32) @ _GREY
    light = plain
    for _round in range(_ROUNDS):
        left = cv2.GaussianBlur(_fine(light, spread * _FINE) * fine, (0, 0), around) / energy
        light = light + np.clip(1 - left, 0, 1) * real * fine
    back = (light - plain)[..., None]
    result: Pixels = np.clip(np.rint(restored + back), 0, 65535).astype(np.uint16)
    return result


def _fine(light: Levels, sigma: float) -> Levels:
    fine: Levels = light - cv2.GaussianBlur(light, (0, 0), sigma)
    return fine


def _left_of_noise() -> float:
    """The share of the energy of white noise that is fine."""
    spot = np.zeros((33, 33), np.float32)
    spot[16, 16] = 1
    return float(((spot - cv2.GaussianBlur(spot, (0, 0), _FINE)) ** 2).sum())


_LEFT = _left_of_noise()
