"""What is planted is what it says."""

import numpy as np
import pytest

from benchmarks.diagnosis.pictures import drawing, screenshot
from benchmarks.diagnosis.planting import (
    PLANTS,
    Levels,
    Plant,
    blurred,
    enlarged,
    grainy,
    jpegged,
    moved,
    tinted,
)
from tests.worker.diagnosis.scenes import leaves
from worker.diagnosis.colourspace import lab, to_linear


def dot() -> Levels:
    levels = np.zeros((41, 41, 3), np.uint8)
    levels[20, 20] = 255
    return levels


def test_a_motion_has_its_length_and_angle() -> None:
    for angle, slope in ((0, (0, 1)), (90, (1, 0)), (45, (-0.71, 0.71))):
        rows, columns = np.nonzero(moved(dot(), 12, angle)[..., 0] > 8)
        along = (rows - 20) * slope[0] + (columns - 20) * slope[1]
        aside = (rows - 20) * slope[1] - (columns - 20) * slope[0]
        assert np.ptp(along) + 1 == pytest.approx(12, abs=1.5)
        assert np.abs(aside).max() < 1.2


def test_a_blur_has_its_sigma() -> None:
    wide = blurred(dot(), 1.2)[20, :, 0].astype(float)
    place = np.arange(41) - 20
    assert np.sqrt((wide * place**2).sum() / wide.sum()) == pytest.approx(1.2, abs=0.15)


def test_a_tint_is_what_grey_becomes() -> None:
    grey = np.full((8, 8, 3), 140, np.uint8)
    levels, truth = tinted(grey, 0.3, 0.4)
    seen = lab(to_linear(levels.astype(np.float32) / np.float32(255)))[0, 0]
    assert complex(seen[1], seen[2]) == pytest.approx(truth, rel=0.15)
    assert abs(truth) > 5


def test_nothing_planted_is_the_photo() -> None:
    clean = leaves()
    assert np.array_equal(blurred(clean, 0), clean)
    assert np.array_equal(moved(clean, 0, 70), clean)
    assert np.array_equal(enlarged(clean, 1), clean)
    assert np.array_equal(grainy(clean, 0, np.random.default_rng(1)), clean)
    assert not np.array_equal(jpegged(clean, 95), clean)


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_a_size_changes_the_photo_not_its_shape(plant: Plant) -> None:
    clean = leaves(1, 256)
    poor, truth = plant.damage(clean, plant.sizes[-1], np.random.default_rng(1))
    assert poor.dtype == np.uint8
    assert min(poor.shape[:2]) >= 240
    assert poor.shape != clean.shape or not np.array_equal(poor, clean)
    assert abs(truth) > 0


def test_pictures_are_drawn_alike_each_time() -> None:
    assert np.array_equal(drawing(4), drawing(4))
    assert np.array_equal(screenshot(4), screenshot(4))
    assert not np.array_equal(drawing(4), drawing(5))
