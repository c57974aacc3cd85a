"""Hidden colours never show, and transparency keeps its clean areas."""

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.worker.networks import picture
from worker.stages.alpha import bleed, enlarge

Pixels = NDArray[np.uint16]


def disc(side: int = 64, radius: float = 20) -> Pixels:
    down, across = np.mgrid[0:side, 0:side] - side / 2 + 0.5
    cover = np.clip(radius - np.hypot(down, across) + 0.5, 0, 1)
    return np.asarray(cover * 65535, dtype=np.uint16)


def doubled(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    return cv2.resize(pixels, (2 * width, 2 * height), interpolation=cv2.INTER_CUBIC).astype(
        np.uint16
    )


def test_visible_colours_stay_exactly() -> None:
    pixels, alpha = picture(64, 64), disc()
    result = bleed(pixels, alpha)
    assert (result[alpha == 65535] == pixels[alpha == 65535]).all()


def test_hidden_colour_has_no_say() -> None:
    alpha = disc()
    red = np.zeros((64, 64, 3), np.uint16)
    red[...] = (50_000, 5_000, 5_000)
    for hidden in (0, 65535):
        pixels = np.where(alpha[..., None] == 0, hidden, red).astype(np.uint16)
        assert np.abs(bleed(pixels, alpha).astype(int) - red).max() <= 2


def test_opaque_and_invisible_photos_are_left_alone() -> None:
    pixels = picture(20, 30)
    for value in (0, 65535):
        assert bleed(pixels, np.full((20, 30), value, np.uint16)) is pixels


def test_even_veil_keeps_its_colours() -> None:
    pixels = picture(32, 32)
    result = bleed(pixels, np.full((32, 32), 40_000, np.uint16))
    assert np.abs(result.astype(int) - pixels).max() <= 1


def test_one_value_needs_no_model() -> None:
    def never(pixels: Pixels) -> Pixels:
        raise AssertionError

    result = enlarge(np.full((10, 20), 1234, np.uint16), 40, 20, never)
    assert result.shape == (20, 40)
    assert (result == 1234).all()


def test_solid_and_clear_areas_stay_exactly_so() -> None:
    alpha = disc()
    grown = enlarge(alpha, 128, 128, doubled)
    inner = cv2.resize(cv2.erode(alpha, np.ones((5, 5))), (128, 128), interpolation=0) == 65535
    outer = cv2.resize(cv2.dilate(alpha, np.ones((5, 5))), (128, 128), interpolation=0) == 0
    assert (grown[inner] == 65535).all()
    assert (grown[outer] == 0).all()
    assert grown[64, 20:30].min() + 1 > 0
    assert grown.astype(float).mean() / alpha.astype(float).mean() > 0.98


def test_odd_sizes_fit() -> None:
    assert enlarge(disc(33, 9), 50, 50, doubled).shape == (50, 50)
