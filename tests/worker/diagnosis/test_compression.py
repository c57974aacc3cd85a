"""The quality of a JPEG is read from its pixels."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import skimage
from PIL import Image

from benchmarks.diagnosis.pictures import drawing, screenshot
from benchmarks.diagnosis.planting import blurred, grainy, jpegged
from tests.worker.diagnosis.scenes import Levels, leaves, photo_of
from tests.worker.networks import real_picture
from worker.diagnosis import blocking, diagnose
from worker.diagnosis.compression import quality, quality_seen
from worker.diagnosis.samples import detail
from worker.imaging.photo import to_eight_bits


def seen(levels: Levels) -> float | None:
    return quality_seen(detail(photo_of(levels)))


@pytest.mark.parametrize("number", [10, 30, 50, 75, 90, 95])
@pytest.mark.parametrize("offset", [(0, 0), (3, 5)])
def test_quality_without_tables(number: int, offset: tuple[int, int]) -> None:
    top, left = offset
    assert seen(jpegged(leaves(), number)[top:, left:]) == pytest.approx(number, abs=1)


@pytest.mark.parametrize("levels", [leaves(), blurred(leaves(), 2), drawing(1)])
def test_what_was_never_jpeg(levels: Levels) -> None:
    assert seen(levels) is None


def test_grain_alone_is_no_jpeg() -> None:
    assert seen(grainy(leaves(), 15, np.random.default_rng(1))) is None


@pytest.mark.parametrize(
    "pixels", [np.zeros((200, 200, 3), np.uint8), np.full((9, 300, 3), 7, np.uint8)]
)
def test_where_nothing_can_be_seen(pixels: Levels) -> None:
    assert seen(pixels) is None


def test_a_poor_life_before_a_good_one() -> None:
    assert seen(jpegged(jpegged(leaves(), 40), 92)) == pytest.approx(40, abs=1)


@pytest.mark.parametrize(
    ("told", "pixels", "expected"),
    [
        (92.0, jpegged(jpegged(leaves(), 40), 92), 40),
        (60.0, jpegged(leaves(), 60), 60),
        (97.0, leaves(), 97),
        (None, jpegged(leaves(), 70), 70),
        (None, leaves(), None),
    ],
)
def test_pixels_and_tables_together(
    told: float | None, pixels: Levels, expected: float | None
) -> None:
    found = quality(told, detail(photo_of(pixels)))
    assert found == (expected if expected is None else pytest.approx(expected, abs=1))
    assert diagnose(photo_of(pixels, jpeg_quality=told)).jpeg_quality == found


def test_what_is_transparent_does_not_count() -> None:
    clean, poor = leaves(), jpegged(leaves(), 30)
    half = clean.shape[1] // 2 // 8 * 8
    both = np.concatenate([poor[:, :half], clean[:, half:]], axis=1)
    alpha = np.zeros(both.shape[:2], np.uint16)
    alpha[:, :half] = 65535
    photo = photo_of(both, alpha=alpha)
    assert quality_seen(detail(photo)) == pytest.approx(30, abs=1)


@pytest.mark.shared
@pytest.mark.parametrize("number", [1, 5, 8])
def test_photos(shared: Path, number: int) -> None:
    clean = to_eight_bits(real_picture(shared, number, 400, 400))
    assert seen(clean) is None
    for planted in (20, 55, 85):
        assert seen(jpegged(clean, planted)) == planted


@pytest.mark.parametrize("offset", [(0, 0), (3, 5)])
def test_blocking_grows_as_jpeg_quality_falls(offset: tuple[int, int]) -> None:
    clean = leaves()
    top, left = offset
    found = [blocking(photo_of(jpegged(clean, one)[top:, left:])) for one in (95, 60, 20)]
    assert found == sorted(found)
    assert found[0] < 0.5 < found[-1]
    assert blocking(photo_of(clean)) < 0.3


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("draw", [drawing, screenshot])
def test_edges_on_a_grid_are_no_blocks(draw: Callable[[int, int], Levels], seed: int) -> None:
    small = Image.fromarray(draw(seed, 512)).resize((128, 128), Image.Resampling.BICUBIC)
    assert blocking(photo_of(np.asarray(small))) < 0.4


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_small_photo_without_blocks(times: int) -> None:
    picture = Image.fromarray(skimage.data.coffee())
    small = picture.resize((picture.width // 4 // times, picture.height // 4 // times))
    assert blocking(photo_of(np.asarray(small))) < 0.4
