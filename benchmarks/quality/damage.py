"""Clean photos made poor in fixed, seeded ways."""

import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

__all__ = ["FACES", "TASKS", "Task", "jpeg", "noisy", "reduced"]


@dataclass(frozen=True)
class Task:
    """One way to make a photo poor: `degrade` takes the clean photo and a seeded generator.

    The poor photo is smaller by `scale`. Where it `wants_denoising`, upscalers are also measured
    after each model that takes noise out.
    """

    name: str
    scale: int
    degrade: Callable[[Image.Image, np.random.Generator], Image.Image]
    wants_denoising: bool = False

    def poor(self, clean: Image.Image, name: str) -> Image.Image:
        """`clean` made poor; the photo's `name` is the seed, so that every run draws the same."""
        seed = zlib.crc32(f"{self.name} {name}".encode())
        return self.degrade(clean, np.random.default_rng(seed))


def reduced(image: Image.Image, scale: int) -> Image.Image:
    """Antialiased bicubic reduction (a = -0.5), as the standard test sets are made."""
    size = (image.width // scale, image.height // scale)
    return image.resize(size, Image.Resampling.BICUBIC)


def noisy(image: Image.Image, sigma: float, chance: np.random.Generator) -> Image.Image:
    """White noise of `sigma` (of 255) added to every channel, rounded to 8 bits."""
    levels = np.asarray(image, dtype=np.float64)
    levels = levels + chance.normal(0, sigma, levels.shape)
    return Image.fromarray(levels.round().clip(0, 255).astype(np.uint8))


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    """The photo through JPEG with colour at half the resolution."""
    coded = io.BytesIO()
    image.save(coded, "JPEG", quality=quality)
    with Image.open(coded) as opened:
        return opened.convert("RGB")


def _worn(image: Image.Image, chance: np.random.Generator, scale: int) -> Image.Image:
    """Blur of 0.5-2.5 px of the large photo, reduction, noise of sigma 5-20, JPEG 40-80."""
    blurred = image.filter(ImageFilter.GaussianBlur(chance.uniform(0.5, 2.5)))
    grainy = noisy(reduced(blurred, scale), chance.uniform(5, 20), chance)
    return jpeg(grainy, int(chance.integers(40, 81)))


def _noise(sigma: float) -> Task:
    return Task(f"noise {sigma:.0f}", 1, lambda image, chance: noisy(image, sigma, chance))


def _blocks(quality: int) -> Task:
    return Task(f"JPEG {quality}", 1, lambda image, _: jpeg(image, quality))


TASKS: tuple[Task, ...] = (
    Task("x4 bicubic", 4, lambda image, _: reduced(image, 4)),
    Task("x4 real-world", 4, lambda image, chance: _worn(image, chance, 4), wants_denoising=True),
    Task("x2 bicubic", 2, lambda image, _: reduced(image, 2)),
    Task("x2 real-world", 2, lambda image, chance: _worn(image, chance, 2), wants_denoising=True),
    Task("clean", 1, lambda image, _: image),
    *(_noise(sigma) for sigma in (15, 25, 50)),
    *(_blocks(quality) for quality in (10, 30, 50)),
    Task("noise 15 + JPEG 60", 1, lambda image, chance: jpeg(noisy(image, 15, chance), 60)),
)

FACES = Task("faces", 4, lambda image, chance: _worn(image, chance, 4), wants_denoising=True)
"""Aligned faces as they look in a small, poor photo."""
