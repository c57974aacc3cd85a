"""Drawings that code makes."""

import numpy as np
import pytest
import skimage.data
import torch

from training.drawings import SIDE, drawings, figure, page
from training.drawings.canvas import Canvas
from training.drawings.curves import ellipse, smooth, stroke
from training.drawings.toons import toon


def test_the_same_seed_draws_the_same_and_another_something_else() -> None:
    photos = [torch.from_numpy(skimage.data.coffee()).permute(2, 0, 1)]
    first, again, other = (drawings(3, photos, seed) for seed in (1, 1, 2))
    assert all(one.shape == (3, SIDE, SIDE) and one.dtype is torch.uint8 for one in first)
    assert all(bool((a == b).all()) for a, b in zip(first, again, strict=True))
    assert not any(bool((a == b).all()) for a, b in zip(first, other, strict=True))


@pytest.mark.parametrize("seed", range(4))
def test_pages_and_figures_are_drawn_to_their_edges(seed: int) -> None:
    for make in (figure, page):
        levels = make(np.random.default_rng(seed), 160)
        assert levels.shape == (160, 160, 3)
        assert levels.dtype == np.uint8
        assert len(np.unique(levels.reshape(-1, 3), axis=0)) > 8


def test_a_redrawn_photo_has_its_colours_in_few_flat_areas() -> None:
    source = skimage.data.astronaut()
    drawn = toon(np.random.default_rng(0), source, 256)
    step = np.abs(np.diff(drawn.astype(int), axis=1)).max(axis=2)
    assert (step == 0).mean() > 0.5
    assert abs(float(drawn.mean()) - float(source.mean())) < 60


def test_edges_are_smooth_by_as_much_as_a_pixel_is_covered() -> None:
    canvas = Canvas(20, 4, (0, 0, 0))
    square = np.array([[4.5, 4], [15.5, 4], [15.5, 16], [4.5, 16]])
    canvas.fill(square - 0.125, (200, 200, 200))
    levels = canvas.finished()
    assert levels[10, 10, 0] == 200
    assert levels[10, 2, 0] == 0
    assert 60 < levels[10, 4, 0] < 140


def test_a_blend_keeps_what_has_no_share() -> None:
    canvas = Canvas(4, 1, (100, 100, 100))
    share = np.zeros((4, 4), np.float32)
    share[:, 2:] = 0.5
    canvas.blend(np.ones((4, 4), np.bool_), (200, 0, 100), share)
    assert canvas.levels[0].tolist() == [[100] * 3] * 2 + [[150, 50, 100]] * 2


def test_curves_pass_their_points_and_strokes_are_thin_at_their_ends() -> None:
    points = np.array([[0.0, 0], [10, 5], [20, 0], [10, -5]])
    assert np.allclose(smooth(points, closed=True)[::10], points)
    outline = stroke(np.stack([np.linspace(0, 100, 51), np.zeros(51)], axis=1), 8)
    assert outline[25, 1] == pytest.approx(4)
    assert outline[0, 1] == pytest.approx(0, abs=1e-9)
    assert np.ptp(ellipse(np.zeros(2), 3, 7), axis=0) == pytest.approx((6, 14), rel=0.01)
