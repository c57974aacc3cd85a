"""Noise comes out near what was put in."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.worker.networks import photo, real_picture
from worker.diagnosis import noise_sigma

Pixels = NDArray[np.uint16]


def noisy(pixels: Pixels, sigma: float) -> Pixels:
    grain = np.random.default_rng(7).normal(0, sigma, pixels.shape)
    levels = np.clip(np.rint(pixels / 257 + grain), 0, 255)
    return levels.astype(np.uint16) * np.uint16(257)


def smooth(height: int = 200, width: int = 240) -> Pixels:
    ramp = np.linspace(60, 180, width)[None, :] + np.linspace(0, 20, height)[:, None]
    return np.repeat(np.rint(ramp)[..., None], 3, axis=2).astype(np.uint16) * np.uint16(257)


@pytest.mark.parametrize("sigma", [3, 8, 20])
def test_noise_of_a_smooth_picture(sigma: float) -> None:
    assert noise_sigma(photo(pixels=noisy(smooth(), sigma))) == pytest.approx(sigma, rel=0.12)


def test_clean_picture_has_no_noise() -> None:
    assert noise_sigma(photo(pixels=smooth())) < 0.5


@pytest.mark.shared
@pytest.mark.parametrize("number", [0, 2, 4, 9])
@pytest.mark.parametrize("sigma", [5, 10, 25])
def test_noise_of_photos(shared: Path, number: int, sigma: float) -> None:
    clean = real_picture(shared, number, 400, 400)
    assert noise_sigma(photo(pixels=clean)) < 2
    found = noise_sigma(photo(pixels=noisy(clean, sigma)))
    assert found == pytest.approx(sigma, rel=0.35)


def test_grey_and_colour_agree() -> None:
    grey = np.repeat(noisy(smooth(), 10)[..., :1], 3, axis=2)
    as_grey, as_colour = (noise_sigma(photo(pixels=grey, grey=kind)) for kind in (True, False))
    assert as_grey == pytest.approx(as_colour, rel=0.02)


def test_what_lies_under_transparency_does_not_count() -> None:
    pixels = smooth(256, 256)
    pixels[:, 128:] = noisy(pixels, 12)[:, 128:]
    alpha = np.full((256, 256), 65535, np.uint16)
    alpha[:, :128] = 0
    assert noise_sigma(photo(pixels=pixels)) < 1
    assert noise_sigma(photo(pixels=pixels, alpha=alpha)) == pytest.approx(12, rel=0.15)
