"""Denoise, upscale, sharpen and tone: what each does to pixels."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.worker.networks import Lab, picture
from worker.stages.denoise import denoise
from worker.stages.sharpen import sharpen
from worker.stages.tone import pull_back
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


def test_cast_is_taken_back_and_detail_kept() -> None:
    source = picture(120, 160)
    grown = cv2.resize(source, (320, 240), interpolation=cv2.INTER_CUBIC).astype(np.uint16)
    tinted = np.clip(grown.astype(int) + np.array([900, -700, 500]), 0, 65535).astype(np.uint16)
    edge = tinted.copy()
    edge[60:180, 150:154] = 0  # A dark line that the model drew.
    result = pull_back(edge.copy(), source)
    away = np.s_[:, 200:]
    assert np.abs(tinted[away].astype(float) - grown[away]).mean() > 500
    assert np.abs(result[away].astype(float) - grown[away]).mean() < 150
    assert result[100:140, 150:154].max() < 1200, "the line stays dark"
    beside = np.s_[100:140, 160:170]
    assert np.abs(result[beside].astype(float) - grown[beside]).mean() < 400, "nothing glows"


def test_faithful_enlargement_is_left_nearly_alone() -> None:
    source = np.full((50, 60, 3), 30_000, np.uint16)
    grown = np.full((200, 240, 3), 30_000, np.uint16)
    assert (pull_back(grown.copy(), source) == grown).all()


@pytest.mark.parametrize("size", [(600, 31), (9, 700)])
def test_correction_is_smooth_over_strips(size: tuple[int, int]) -> None:
    height, width = size
    source = np.full((height, width, 3), 20_000, np.uint16)
    cast = (np.linspace(0, 1500, height)[:, None, None] + source).astype(np.uint16)
    result = pull_back(cast, source).astype(float)
    steps = np.abs(np.diff(result[:, :, 0].mean(axis=1)))
    assert steps.max() <= 400


def test_sharpen_lifts_detail_without_halo() -> None:
    step = np.full((60, 80, 3), 15_000, np.uint16)
    step[:, 40:] = 45_000
    soft = cv2.GaussianBlur(step, (0, 0), 2).astype(np.uint16)
    last = 0.0
    for strength in (25, 50, 100):
        result = sharpen(soft, strength)
        assert result.max() <= 45_000 + 2
        assert result.min() >= 15_000 - 2
        steepest = float(np.diff(result[30, :, 0].astype(float)).max())
        assert steepest > last
        last = steepest
    assert last > np.diff(soft[30, :, 0].astype(float)).max() * 1.2
    assert sharpen(soft, 0) is soft


def test_sharpen_shows_no_strips() -> None:
    pixels = picture(1100, 40)
    whole = sharpen(pixels, 60)
    parts = sharpen(pixels[480:560], 60)
    assert (whole[490:550] == parts[10:70]).all()
