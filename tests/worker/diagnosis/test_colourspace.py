"""Lightness and colours as CIE defines them."""

import numpy as np
import pytest

from worker.diagnosis.colourspace import fast_lab, lab, lightness, to_linear


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        # http://www.brucelindbloom.com, sRGB against D65.
        ((1, 1, 1), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((1, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 0, 1), (32.30, 79.19, -107.86)),
    ],
)
def test_known_colours(levels: tuple[float, ...], expected: tuple[float, ...]) -> None:
    linear = to_linear(np.array(levels, np.float32))
    assert lab(linear) == pytest.approx(expected, abs=0.02)
    assert lightness(linear) == pytest.approx(expected[0], abs=0.02)


def test_the_fast_way_is_near() -> None:
    levels = np.random.default_rng(0).random((200, 300, 3)).astype(np.float32)
    away = np.abs(fast_lab(levels) - lab(to_linear(levels))).max((0, 1))
    assert (away <= (0.3, 0.7, 0.7)).all()
