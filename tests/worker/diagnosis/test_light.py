"""Exposure as figures."""

import numpy as np
import pytest

from tests.worker.diagnosis.scenes import Levels, leaves, photo_of
from worker.diagnosis import Blank, Light, diagnose


def light(levels: Levels) -> Light:
    return diagnose(photo_of(levels)).light


def grey(value: float, side: int = 128) -> Levels:
    return np.full((side, side, 3), round(value), np.uint8)


def bent(levels: Levels, gamma: float) -> Levels:
    return np.rint((levels / 255.0) ** gamma * 255).astype(np.uint8)


@pytest.mark.parametrize(("level", "expected"), [(0, 0), (119, 50), (255, 100), (20, 6.3)])
def test_lightness_is_that_of_cie(level: int, expected: float) -> None:
    found = light(grey(level))
    assert found.mean == pytest.approx(expected, abs=0.3)
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
    assert found[3] == pytest.approx(neutral / 1.5, rel=0.15)


def test_contrast_is_the_span_of_lightness() -> None:
    flat = np.rint(leaves() * 0.3 + 90).astype(np.uint8)
    assert light(flat).contrast < 0.5 * light(leaves()).contrast


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        (grey(0), Blank.BLACK),
        (grey(12), Blank.BLACK),
        (grey(255), Blank.WHITE),
        (grey(251), Blank.WHITE),
        (grey(128), Blank.PLAIN),
        (leaves(), None),
        (bent(leaves(), 3), None),
        (np.maximum(bent(leaves(), 0.2), 200), None),
    ],
)
def test_what_shows_nothing(levels: Levels, expected: Blank | None) -> None:
    assert light(levels).blank is expected


def test_a_dark_frame_has_grain() -> None:
    grain = np.abs(np.random.default_rng(3).normal(0, 8, (300, 300, 3)))
    assert light(grain.astype(np.uint8)).blank is Blank.BLACK


def test_a_light_at_night_and_a_word_on_paper_are_something() -> None:
    night, paper = grey(3, 256), grey(255, 256)
    night[100:110, 100:110] = 240
    paper[100:104, 60:200] = 40
    assert light(night).blank is None
    assert light(paper).blank is None


def test_a_black_sign_on_nothing_is_something() -> None:
    alpha = np.full((128, 128), 65535, np.uint16)
    alpha[30:60, 20:100] = 0
    assert diagnose(photo_of(grey(0), alpha=alpha)).light.blank is None


def test_transparent_areas_do_not_count() -> None:
    levels = grey(120)
    levels[:64] = 0
    alpha = np.full(levels.shape[:2], 65535, np.uint16)
    alpha[:64] = 0
    found = diagnose(photo_of(levels, alpha=alpha)).light
    assert found.shadows == 0
    assert found.mean == pytest.approx(50, abs=1)


def test_nothing_but_transparency() -> None:
    assert diagnose(photo_of(leaves(), alpha=np.zeros((384, 384), np.uint16))).light == Light()
