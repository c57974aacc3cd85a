"""Photos that show nothing, and those that show little."""

import numpy as np
import pytest

from tests.worker.diagnosis.scenes import Levels, bent, grey, leaves, photo_of
from worker.diagnosis import Blank, diagnose


def blank(levels: Levels) -> Blank | None:
    return diagnose(photo_of(levels)).blank


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
    assert blank(levels) is expected


def test_a_dark_frame_has_grain() -> None:
    grain = np.abs(np.random.default_rng(3).normal(0, 8, (300, 300, 3)))
    assert blank(grain.astype(np.uint8)) is Blank.BLACK


def test_a_light_at_night_and_a_word_on_paper_are_something() -> None:
    night, paper = grey(3, 256), grey(255, 256)
    night[100:110, 100:110] = 240
    paper[100:104, 60:200] = 40
    assert blank(night) is None
    assert blank(paper) is None


def test_a_black_sign_on_nothing_is_something() -> None:
    alpha = np.full((128, 128), 65535, np.uint16)
    alpha[30:60, 20:100] = 0
    assert diagnose(photo_of(grey(0), alpha=alpha)).blank is None


def test_what_is_transparent_all_over_is_not_judged() -> None:
    assert diagnose(photo_of(grey(255), alpha=np.zeros((128, 128), np.uint16))).blank is None
