"""Photos, drawings and screenshots."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.diagnosis.pictures import drawing, screenshot
from benchmarks.diagnosis.planting import blurred, grainy, jpegged
from tests.worker.diagnosis.scenes import Levels, leaves, photo_of
from tests.worker.networks import real_picture
from worker.diagnosis import Kind, diagnose
from worker.imaging.decode import decode
from worker.imaging.photo import to_eight_bits


def kind(levels: Levels) -> Kind:
    return diagnose(photo_of(levels)).kind


@pytest.mark.parametrize("seed", range(3))
def test_drawings(seed: int) -> None:
    assert kind(drawing(seed)) is Kind.DRAWING
    assert kind(jpegged(drawing(seed), 75)) is Kind.DRAWING


@pytest.mark.parametrize("seed", range(3))
def test_screenshots(seed: int) -> None:
    assert kind(screenshot(seed)) is Kind.SCREENSHOT
    assert kind(jpegged(screenshot(seed), 80)) is Kind.SCREENSHOT


def test_photos_sharp_soft_noisy_and_compressed() -> None:
    noisy = grainy(leaves(), 15, np.random.default_rng(1))
    for levels in (leaves(), blurred(leaves(), 2), noisy, jpegged(leaves(), 25)):
        assert kind(levels) is Kind.PHOTO


def test_a_plain_picture_is_no_drawing() -> None:
    assert kind(np.full((100, 100, 3), 80, np.uint8)) is Kind.PHOTO


@pytest.mark.shared
@pytest.mark.parametrize("name", ["0014.jpg", "0030.jpg"])
def test_small_coded_drawings_are_doubtful(shared: Path, name: str) -> None:
    found = diagnose(decode((shared / "data" / "samples" / name).read_bytes()))
    assert (found.kind, found.doubtful) == (Kind.PHOTO, True)


def test_what_is_plainly_a_photo_or_drawn_is_not_doubtful() -> None:
    for levels in (leaves(), jpegged(leaves(), 40), drawing(1), screenshot(1)):
        assert not diagnose(photo_of(levels)).doubtful


@pytest.mark.shared
def test_real_photos(shared: Path) -> None:
    for number in range(0, 40, 5):
        clean = to_eight_bits(real_picture(shared, number, 512, 512))
        assert kind(clean) is Kind.PHOTO
        assert kind(jpegged(clean, 40)) is Kind.PHOTO
