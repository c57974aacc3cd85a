"""Fine texture is told from grain and from edges."""

import numpy as np
import pytest

from benchmarks.diagnosis.planting import blurred, grainy
from tests.worker.diagnosis.scenes import Levels, leaves, photo_of
from worker.diagnosis import diagnose


def texture(levels: Levels) -> float:
    return diagnose(photo_of(levels)).texture


def cloth() -> Levels:
    down, across = np.mgrid[:256, :256]
    weave = 128 + 12 * np.sin(down * 1.3) * np.sin(across * 1.2) * (down > 80)
    return np.repeat(np.rint(weave)[..., None], 3, axis=2).astype(np.uint8)


def smooth() -> Levels:
    return (
        np.repeat(np.linspace(40, 220, 256)[:, None, None], 256, axis=1).repeat(3, 2).astype("u1")
    )


def test_cloth_has_texture_and_a_slope_has_none() -> None:
    assert texture(cloth()) > 4
    assert texture(smooth()) < 0.6
    assert texture(blurred(cloth(), 3)) < 1


@pytest.mark.parametrize("sigma", [5, 20])
def test_grain_is_no_texture(sigma: float) -> None:
    chance = np.random.default_rng(4)
    assert texture(grainy(smooth(), sigma, chance)) < 0.3 * sigma
    found = texture(grainy(leaves(), sigma, chance))
    assert found == pytest.approx(texture(leaves()), abs=0.15 * sigma + 0.5)
