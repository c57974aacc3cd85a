"""Denoise and upscale: what each does to pixels."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.worker.networks import Lab, picture
from worker.stages.denoise import denoise
from worker.stages.upscale import resize, upscale


def test_denoise_has_effect_over_the_whole_range(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    model = lab.models.named("tiny-denoise")
    pixels = picture(40, 50)
    before = pixels.copy()
    full = lab.engine.run(model, pixels).astype(float)
    assert denoise(pixels, model, lab.engine, 0) is pixels
    last = 0.0
    for strength in (1, 25, 50, 75, 99, 100):
        result = denoise(pixels, model, lab.engine, strength)
        expected = pixels + (full - pixels) * strength / 100
        assert np.abs(result - expected).max() <= 1
        moved = float(np.abs(result.astype(float) - pixels).mean())
        assert moved > last
        last = moved
    assert (pixels == before).all()


def test_upscale_through_a_chain_to_an_exact_size(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    chain = [lab.models.named("tiny-x4"), lab.models.named("tiny-x2")]
    told: list[float] = []
    result = upscale(picture(20, 30), chain, lab.engine, 230, 155, progress=told.append)
    assert result.shape == (155, 230, 3)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


def test_upscale_without_models_resizes_plainly(tmp_path: Path) -> None:
    pixels = picture(20, 30)
    result = upscale(pixels, [], Lab(tmp_path).engine, 60, 40)
    expected = cv2.resize(pixels, (60, 40), interpolation=cv2.INTER_LANCZOS4)
    assert (result == expected).all()


def test_resize_to_the_same_size_is_the_same_array() -> None:
    pixels = picture(20, 30)
    assert resize(pixels, 30, 20) is pixels


def test_denoise_leaves_no_stains_on_plain_white_and_black(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    pixels = picture(40, 60)
    pixels[5:25, 10:30] = 65535
    pixels[5:25, 35:55] = 0
    pixels[30, 30] = 65535
    result = denoise(pixels, lab.models.named("tiny-denoise"), lab.engine, 80)
    assert (result[7:23, 12:28] == 65535).all()
    assert (result[7:23, 37:53] == 0).all()
    assert (result[30, 30] != 65535).any(), "a single pixel is noise"
