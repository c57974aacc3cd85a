"""A whole diagnosis."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.worker.diagnosis.scenes import Levels, leaves, photo_of
from worker.diagnosis import Blank, BlurKind, Diagnosis, Kind, Use, diagnose
from worker.imaging.decode import decode
from worker.imaging.photo import Photo


def test_defaults_say_that_nothing_is_wrong() -> None:
    found = Diagnosis(640, 480, 0.0, 0.0)
    assert found.blur.kind is BlurKind.SHARP
    assert (found.blank, found.light.gamma, found.light.shadows) == (None, 1, 0)
    assert (found.colour.cast, found.colour.faded, found.jpeg_quality) == (0, False, None)
    assert (found.kind, found.generated, found.long_edge) == (Kind.PHOTO, False, 640)


@pytest.mark.parametrize(
    ("edge", "use"),
    [(100, Use.ICON), (256, Use.MESSAGE), (1280, Use.SCREEN), (2000, Use.PRINT)],
)
def test_what_so_many_pixels_are_enough_for(edge: int, use: Use) -> None:
    assert Diagnosis(edge, 50, 0, 0).use is use
    assert Diagnosis(50, edge, 0, 0).use is use


def test_what_the_file_tells_is_passed_on() -> None:
    found = diagnose(photo_of(leaves(), generated=True, jpeg_quality=97.0))
    assert found.generated
    assert found.jpeg_quality == 97


@pytest.mark.parametrize(
    "shape", [(1, 1), (8, 8), (9, 400), (400, 9), (16, 16), (20, 20), (65, 23), (64, 1500)]
)
@pytest.mark.parametrize("fill", ["black", "noise", "picture"])
@pytest.mark.parametrize("with_alpha", [False, True])
def test_no_shape_is_trouble(shape: tuple[int, int], fill: str, with_alpha: bool) -> None:
    height, width = shape
    chance = np.random.default_rng(1)
    levels = {
        "black": np.zeros((height, width, 3), np.uint8),
        "noise": chance.integers(0, 256, (height, width, 3), np.uint8),
        "picture": np.resize(leaves(), (height, width, 3)),
    }[fill]
    alpha = np.full(shape, 65535, np.uint16)
    alpha[: height // 2] = 0
    found = diagnose(photo_of(levels, alpha=alpha if with_alpha else None))
    for one in _numbers(found):
        assert np.isfinite(one)
    assert 0 <= found.light.median <= 100
    assert found.blur.sigma >= 0
    assert (found.blank is Blank.BLACK) == (fill == "black" and not with_alpha)


def test_sixteen_bits() -> None:
    deep = leaves().astype(np.uint16) * 257 + np.uint16(3)
    found, eight = diagnose(Photo(deep, depth=16)), diagnose(photo_of(leaves()))
    assert found.blur.sigma == pytest.approx(eight.blur.sigma, abs=0.01)
    assert found.light.median == pytest.approx(eight.light.median, abs=0.1)


def test_a_large_photo_is_looked_at_in_parts() -> None:
    small = leaves()
    large: Levels = np.tile(small, (5, 5, 1))
    found, whole = diagnose(photo_of(large)), diagnose(photo_of(small))
    assert found.width == 5 * whole.width
    assert found.noise_sigma == pytest.approx(whole.noise_sigma, abs=0.7)
    assert found.blur.sigma == pytest.approx(whole.blur.sigma, abs=0.3)
    assert found.light.median == pytest.approx(whole.light.median, abs=1.5)


def test_pixels_are_left_alone() -> None:
    photo = photo_of(leaves())
    before = photo.pixels.copy()
    photo.pixels.flags.writeable = False
    diagnose(photo)
    assert np.array_equal(photo.pixels, before)


@pytest.mark.shared
def test_samples(shared: Path) -> None:
    found = {
        file.name: diagnose(decode(file.read_bytes()))
        for file in sorted((shared / "data" / "samples").iterdir())
    }
    assert all(one.kind is Kind.PHOTO and one.blank is None for one in found.values())
    assert found["0014.jpg"].jpeg_quality == 75
    assert found["wolf_gray.jpg"].colour.grey
    assert found["00017_gray.png"].colour.grey
    assert found["00017_gray.png"].blur.kind is BlurKind.SOFT


def _numbers(found: Diagnosis) -> list[float]:
    values = dataclasses.asdict(found)
    flat = [
        *values.values(),
        *(one for part in ("blur", "light", "colour") for one in values[part].values()),
    ]
    return [one for one in flat if isinstance(one, float)]
