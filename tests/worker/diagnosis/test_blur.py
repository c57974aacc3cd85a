"""A blur comes out near what was planted, and by its kind."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.diagnosis.planting import blurred, enlarged, grainy, jpegged, moved
from tests.worker.diagnosis.scenes import Levels, leaves, photo_of
from tests.worker.networks import real_picture
from worker.diagnosis import Blur, BlurKind, diagnose
from worker.imaging.photo import to_eight_bits


def blur(levels: Levels) -> Blur:
    return diagnose(photo_of(levels)).blur


def chance() -> np.random.Generator:
    return np.random.default_rng(5)


def test_a_sharp_picture() -> None:
    found = blur(leaves())
    assert (found.kind, found.length, found.factor) == (BlurKind.SHARP, 0, 1)
    assert found.sigma < 1.2


@pytest.mark.parametrize("sigma", [1.5, 2.0, 3.0, 4.0])
def test_out_of_focus(sigma: float) -> None:
    found = blur(blurred(leaves(), sigma))
    assert found.kind is BlurKind.SOFT
    assert found.sigma == pytest.approx(sigma, abs=0.5)


@pytest.mark.parametrize("noise", [5, 12, 25])
def test_grain_does_not_move_it(noise: float) -> None:
    for sigma in (0.0, 2.0):
        soft = blurred(leaves(), sigma)
        found = blur(grainy(soft, noise, chance())).sigma
        assert found == pytest.approx(blur(soft).sigma, abs=0.35)


@pytest.mark.parametrize("quality", [80, 30])
def test_jpeg_does_not_move_it(quality: int) -> None:
    for sigma in (0.0, 2.0):
        soft = blurred(leaves(), sigma)
        found = blur(jpegged(soft, quality))
        assert found.sigma == pytest.approx(blur(soft).sigma, abs=0.35)
        assert found.factor == 1


@pytest.mark.parametrize("angle", [0, 30, 90, 120])
@pytest.mark.parametrize("length", [8, 14])
def test_motion(angle: float, length: float) -> None:
    found = blur(moved(leaves(), length, angle))
    assert found.kind is BlurKind.MOTION
    assert found.length == pytest.approx(length, rel=0.4)
    off = (found.angle - angle + 90) % 180 - 90
    assert abs(off) < 12
    assert found.factor == 1


def test_motion_under_grain() -> None:
    found = blur(grainy(moved(leaves(), 12, 45), 10, chance()))
    assert found.kind is BlurKind.MOTION
    assert abs(found.angle - 45) < 12


@pytest.mark.parametrize("factor", [2.5, 3, 4])
def test_enlarged(factor: float) -> None:
    found = blur(enlarged(leaves(), factor))
    assert found.kind is BlurKind.ENLARGED
    assert found.factor == pytest.approx(factor, rel=0.05)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_enlarged_without_interpolation(factor: int) -> None:
    found = blur(leaves()[:128, :128].repeat(factor, axis=0).repeat(factor, axis=1))
    assert found.kind is BlurKind.ENLARGED
    assert found.factor == pytest.approx(factor, rel=0.1)


def test_the_rhythm_of_jpeg_is_no_enlargement() -> None:
    for quality in (20, 50, 80):
        assert blur(jpegged(blurred(leaves(), 1), quality)).factor == 1


def test_nothing_to_see() -> None:
    assert blur(np.full((300, 300, 3), 90, np.uint8)) == Blur()
    assert blur(grainy(np.full((300, 300, 3), 90, np.uint8), 15, chance())) == Blur()


def test_an_edge_of_transparency_is_none_of_the_photo() -> None:
    soft = blurred(leaves(), 3)
    alpha = np.zeros(soft.shape[:2], np.uint16)
    alpha[:, 150:] = 65535
    hidden = soft.copy()
    hidden[:, :150] = leaves(1)[:, :150]
    found = diagnose(photo_of(hidden, alpha=alpha)).blur
    assert found.kind is BlurKind.SOFT
    assert found.sigma == pytest.approx(3, abs=0.6)


@pytest.mark.shared
@pytest.mark.parametrize("number", [1, 5, 8, 20])
def test_photos(shared: Path, number: int) -> None:
    clean = to_eight_bits(real_picture(shared, number, 512, 512))
    assert blur(clean).kind is BlurKind.SHARP
    found = [blur(blurred(clean, sigma)).sigma for sigma in (0, 1, 2, 3, 4)]
    assert found == sorted(found)
    assert found[2] == pytest.approx(2, abs=0.7)
    assert blur(enlarged(clean, 3)).factor == pytest.approx(3, rel=0.05)
