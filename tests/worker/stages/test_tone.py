"""Colours are pulled back to the original's, and only colours."""

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image

from benchmarks.quality.damage import noisy
from tests.worker.networks import picture
from weights.store import WeightsStore
from worker.engine import Engine
from worker.imaging.photo import Pixels, to_sixteen_bits
from worker.models import load
from worker.stages.tone import colour_error, pull_back


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


@pytest.mark.parametrize(
    "name", ["darkroom-x4", "darkroom-x4-vivid", "darkroom-x4-drawing", "darkroom-denoise"]
)
def test_shipped_models_keep_colours_within_half_a_level(name: str) -> None:
    clean = Image.fromarray(skimage.data.coffee()[60:188, 140:300])
    source = to_sixteen_bits(np.asarray(noisy(clean, 15, np.random.default_rng(0))))
    store = WeightsStore()
    row = store.catalog.find(name)
    made = Engine("cpu").run(load(row, store.path(row)), source)
    before = colour_error(made, source)
    pulled = pull_back(made, source)
    assert colour_error(pulled, source) < min(0.5, before)


def test_error_is_that_of_broad_colours() -> None:
    source = np.full((80, 90, 3), 100 * 257, np.uint16)
    shifted = source.copy()
    shifted[..., 0] += 3 * 257
    assert colour_error(shifted, source) == pytest.approx(1.0, abs=1e-3)
    grown = cv2.resize(shifted, (360, 320), interpolation=cv2.INTER_NEAREST).astype(np.uint16)
    assert colour_error(grown, source) == pytest.approx(1.0, abs=1e-3)
    stripes = source.copy()
    stripes[:, ::2] += 5000
    stripes[:, 1::2] -= 5000
    assert colour_error(stripes, source) < 0.1, "fine detail is no colour"


def _half_white() -> Pixels:
    """A grey wall beside a sky that is clipped to white."""
    source = np.full((100, 160, 3), 40_000, np.uint16)
    source[:, 80:] = 65_535
    return source


def test_clipped_places_stay_and_nothing_bleeds_from_them() -> None:
    source = _half_white()
    made = source.copy()
    made[:, 80:] = 60_000  # What a model made of the sky tells nothing about the wall.
    result = pull_back(made.copy(), source)
    assert (result == made).all()
    assert colour_error(made, source) == 0


def test_a_cast_is_taken_back_up_to_a_clipped_place_and_not_in_it() -> None:
    source = _half_white()
    made = source.copy()
    made[:, :80] += 1200
    result = pull_back(made.copy(), source)
    assert np.abs(result[:, :79].astype(int) - 40_000).max() < 500, "1200 before"
    assert (result[:, 81:] == 65_535).all()


def test_where_all_is_clipped_nothing_is_changed() -> None:
    source = np.zeros((40, 50, 3), np.uint16)
    made = np.full((80, 100, 3), 500, np.uint16)
    assert colour_error(made, source) == 0
    assert (pull_back(made.copy(), source) == made).all()


def test_noise_clipped_to_black_does_not_lift_the_dark() -> None:
    truth = np.full((120, 120, 3), 8 * 257, np.uint16)
    noise = np.random.default_rng(0).normal(0, 20 * 257, truth.shape)
    source = np.clip(np.rint(truth + noise), 0, 65535).astype(np.uint16)
    result = pull_back(truth.copy(), source)
    assert np.abs(result.astype(int) - truth).max() < 257


def test_grey_stays_grey() -> None:
    grey = np.repeat(picture(60, 70)[..., :1], 3, axis=2)
    made = (cv2.resize(grey, (210, 180), interpolation=cv2.INTER_CUBIC) * 0.9).astype(np.uint16)
    result = pull_back(made, grey)
    assert (result == result[..., :1]).all()
