"""Exposure as figures."""

import numpy as np
import pytest

from tests.worker.diagnosis.scenes import Levels, bent, grey, leaves, photo_of
from worker.diagnosis import Light, diagnose


def light(levels: Levels) -> Light:
    return diagnose(photo_of(levels)).light


@pytest.mark.parametrize(("level", "expected"), [(0, 0), (119, 50), (255, 100), (20, 6.3)])
def test_lightness_is_that_of_cie(level: int, expected: float) -> None:
    found = light(grey(level))
    assert found.median == pytest.approx(expected, abs=0.3)
    assert found.contrast == pytest.approx(0, abs=0.01)


def test_clipped_shares() -> None:
    levels = leaves().copy()
    levels[:96] = 0
    levels[-48:] = 255
    found = light(levels)
    assert found.shadows == pytest.approx(0.25, abs=0.01)
    assert found.highlights == pytest.approx(0.125, abs=0.01)
    one = levels.copy()
    one[-48:, :, 2] = 100
    assert light(one).highlights < 0.01  # a channel alone at its end is a colour


def test_gamma_takes_a_planted_one_back() -> None:
    neutral = light(leaves()).gamma
    found = [light(bent(leaves(), one)).gamma for one in (0.5, 0.75, 1, 1.5, 2.2)]
    assert found == sorted(found, reverse=True)
    assert found[2] == pytest.approx(1, abs=0.35)
    assert found[4] < neutral / 1.2
    assert found[0] > neutral * 1.2


def test_contrast_is_the_span_of_lightness() -> None:
    flat = np.rint(leaves() * 0.3 + 90).astype(np.uint8)
    assert light(flat).contrast < 0.5 * light(leaves()).contrast


def test_transparent_areas_do_not_count() -> None:
    levels = grey(120)
    levels[:64] = 0
    alpha = np.full(levels.shape[:2], 65535, np.uint16)
    alpha[:64] = 0
    found = diagnose(photo_of(levels, alpha=alpha)).light
    assert found.shadows == 0
    assert found.highlights == 0


def test_nothing_but_transparency() -> None:
    found = diagnose(photo_of(grey(255), alpha=np.zeros((128, 128), np.uint16))).light
    assert (found.shadows, found.highlights) == (0, 0)
