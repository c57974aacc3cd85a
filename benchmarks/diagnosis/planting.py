"""Known damage, planted in clean photos."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.quality.damage import jpeg, noisy
from worker.diagnosis import Diagnosis
from worker.diagnosis.colourspace import lab, to_linear

__all__ = [
    "PLANTS",
    "Levels",
    "Plant",
    "blurred",
    "enlarged",
    "grainy",
    "jpegged",
    "moved",
    "tinted",
]

Levels = NDArray[np.uint8]
"""H×W×3 RGB."""
Figure = float | complex

_NEVER = 100.0
"""The quality of a photo in which nothing of JPEG is seen."""
_FINER = 8


@dataclass(frozen=True)
class Plant:
    """One damage in several sizes: `damage` gives the poor photo and what is to be found in it.

    Ranks are by the absolute value of a figure, errors by that of the difference.
    """

    name: str
    unit: str
    sizes: tuple[float, ...]
    damage: Callable[[Levels, float, np.random.Generator], tuple[Levels, Figure]]
    read: Callable[[Diagnosis], Figure]


def blurred(levels: Levels, sigma: float) -> Levels:
    """Out of focus, as by a Gaussian of `sigma` pixels."""
    if sigma == 0:
        return levels
    return _eight_bits(cv2.GaussianBlur(levels.astype(np.float32), (0, 0), sigma))


def moved(levels: Levels, length: float, angle: float) -> Levels:
    """Blurred by an even motion of `length` pixels at `angle` degrees, 0 across and 90 down."""
    if length == 0:
        return levels
    side = (int(np.ceil(length)) | 1) + 4
    line = (np.arange(side * _FINER) + 0.5) / _FINER - side / 2
    across, up = np.meshgrid(line, -line)
    turn = np.radians(angle)
    along = across * np.cos(turn) + up * np.sin(turn)
    aside = up * np.cos(turn) - across * np.sin(turn)
    hit = (np.abs(along) <= length / 2) & (np.abs(aside) <= 0.5)
    kernel = hit.reshape(side, _FINER, side, _FINER).mean(axis=(1, 3))
    return _eight_bits(cv2.filter2D(levels.astype(np.float32), -1, kernel / kernel.sum()))


def enlarged(levels: Levels, factor: float) -> Levels:
    """As if it had been enlarged from a photo smaller by `factor`, both bicubic."""
    if factor == 1:
        return levels
    image = Image.fromarray(levels)
    size = (round(image.width / factor), round(image.height / factor))
    small = image.resize(size, Image.Resampling.BICUBIC)
    return np.asarray(small.resize(image.size, Image.Resampling.BICUBIC))


def jpegged(levels: Levels, quality: int) -> Levels:
    """The pixels of a JPEG of that quality, without its tables."""
    return np.asarray(jpeg(Image.fromarray(levels), quality))


def grainy(levels: Levels, sigma: float, chance: np.random.Generator) -> Levels:
    """With white noise of `sigma` (of 255) in every channel."""
    return np.asarray(noisy(Image.fromarray(levels), sigma, chance))


def tinted(levels: Levels, strength: float, turn: float) -> tuple[Levels, complex]:
    """In a light that multiplies red and blue, and the a* + b* i that a middle grey becomes."""
    gains = np.exp(strength * np.array([np.cos(turn), 0, np.sin(turn)]))
    linear = to_linear(levels.astype(np.float32) / np.float32(255)) * gains
    grey = lab((gains / (gains @ (0.2126, 0.7152, 0.0722)) * 0.4).astype(np.float32))
    high = 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055
    found = np.where(linear <= 0.0031308, linear * 12.92, high)
    return _eight_bits(found * 255), complex(grey[1], grey[2])


def _eight_bits(levels: NDArray[np.floating] | cv2.typing.MatLike) -> Levels:
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def _blur_under(noise: float, quality: int | None) -> Plant:
    def damage(levels: Levels, size: float, chance: np.random.Generator) -> tuple[Levels, Figure]:
        poor = grainy(blurred(levels, size), noise, chance) if noise else blurred(levels, size)
        return (jpegged(poor, quality) if quality else poor), size

    more = [f"noise {noise:.0f}"] * bool(noise) + [f"JPEG {quality}"] * bool(quality)
    return Plant(
        " + ".join(["blur", *more]),
        "px",
        (0, 0.5, 1, 1.5, 2, 3, 4),
        damage,
        lambda found: found.blur.sigma,
    )


def _quality(found: Diagnosis) -> float:
    return _NEVER if found.jpeg_quality is None else found.jpeg_quality


_QUALITIES = (10, 20, 30, 40, 50, 60, 70, 80, 85, 90, 95)

PLANTS: tuple[Plant, ...] = (
    Plant(
        "noise",
        "of 255",
        (0, 2, 5, 10, 15, 25, 35, 50),
        lambda levels, size, chance: (grainy(levels, size, chance), size),
        lambda found: found.noise_sigma,
    ),
    Plant(
        "JPEG, as PNG",
        "quality",
        _QUALITIES,
        lambda levels, size, _: (jpegged(levels, int(size)), size),
        _quality,
    ),
    Plant(
        "JPEG, saved at 92",
        "quality",
        _QUALITIES[:-2],
        lambda levels, size, _: (jpegged(jpegged(levels, int(size))[8:, 16:], 92), size),
        _quality,
    ),
    _blur_under(0, None),
    _blur_under(10, None),
    _blur_under(25, None),
    _blur_under(0, 30),
    _blur_under(10, 75),
    Plant(
        "motion",
        "px",
        (0, 5, 8, 12, 16, 20),
        lambda levels, size, chance: (moved(levels, size, chance.uniform(0, 180)), size),
        lambda found: found.blur.length,
    ),
    Plant(
        "enlarged",
        "times",
        (1, 1.5, 2, 2.5, 3, 4),
        lambda levels, size, _: (enlarged(levels, size), size),
        lambda found: found.blur.factor,
    ),
    Plant(
        "gamma",
        "log2",
        (-1.3, -0.7, -0.3, 0, 0.3, 0.7, 1.3),
        lambda levels, size, _: (_eight_bits((levels / 255.0) ** (2.0**-size) * 255), size),
        lambda found: float(np.log2(found.light.gamma)),
    ),
    Plant(
        "cast",
        "a*b*",
        (0, 0.1, 0.2, 0.35, 0.5),
        lambda levels, size, chance: tinted(levels, size, chance.uniform(0, 2 * np.pi)),
        lambda found: complex(found.colour.cast_a, found.colour.cast_b),
    ),
)
