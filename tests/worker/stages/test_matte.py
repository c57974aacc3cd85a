"""The ground that a cut-out was cut from leaves its rim; whatever is the subject's own stays."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from worker.imaging.photo import Pixels
from worker.stages import matte
from worker.stages.matte import unmix

Levels = NDArray[np.float64]

SIDE = 160
FINE = 6


def small(picture: NDArray[np.uint8]) -> Levels:
    size = (SIDE, SIDE)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float64)


CAT = small(data.chelsea()[:300, 60:360])
COFFEE = small(data.coffee()[:400, 100:500])
GROUNDS = {
    "white": np.full_like(CAT, 255),
    "black": np.zeros_like(CAT),
    "green": np.full_like(CAT, (40, 140, 60)),
    "a photo": small(data.rocket()[:400, 100:500]),
}


def covered(inside: Callable[[Levels, Levels], NDArray[np.bool_]]) -> Levels:
    """The share (0–1) of each pixel that is `inside`, a function of x and y in pixels."""
    down, across = (np.indices((SIDE * FINE, SIDE * FINE)) + 0.5) / FINE
    fine = inside(across, down).astype(np.float32)
    return np.asarray(cv2.resize(fine, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.float64)


def inside_flower(x: Levels, y: Levels) -> NDArray[np.bool_]:
    x, y = x - SIDE / 2, y - SIDE / 2
    return np.asarray(np.hypot(x, y) < 55 + 8 * np.sin(5 * np.arctan2(y, x)))


def inside_leaves(x: Levels, y: Levels) -> NDArray[np.bool_]:
    noise = np.random.default_rng(3).normal(size=(SIDE, SIDE)).astype(np.float32)
    noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), 2), np.float32)
    fine = cv2.resize(noise, x.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray((fine > -0.02) & (np.hypot(x - SIDE / 2, y - SIDE / 2) < 70))


def inside_head(x: Levels, y: Levels) -> NDArray[np.bool_]:
    """A head with nine hairs, a pixel wide."""
    hairs = [np.abs(x - 33 - 12 * n - 4 * np.sin(y / 9 + n)) < 0.6 for n in range(9)]
    return np.asarray((np.hypot(x - 80, y - 110) < 42) | (np.any(hairs, axis=0) & (y < 95)))


FLOWER, LEAVES, HEAD = (covered(shape) for shape in (inside_flower, inside_leaves, inside_head))
SOFT = np.asarray(cv2.GaussianBlur(FLOWER, (0, 0), 0.8))


def sixteen(levels: Levels) -> Pixels:
    return (np.rint(np.clip(levels, 0, 255)) * 257).astype(np.uint16)


def cut_out(subject: Levels, coverage: Levels, ground: Levels) -> tuple[Pixels, Pixels]:
    """Pixels, with the ground left in their straight colours, and alpha, both of 8 bit."""
    share = coverage[..., None]
    return sixteen(subject * share + ground * (1 - share)), sixteen(255 * coverage)


def off(pixels: Pixels, alpha: Pixels, subject: Levels) -> float:
    """Levels of 255 by which the half-covered pixels are not the subject's, by how visible."""
    share = alpha / 65535
    weight = np.where(share < 1, share, 0)
    error = np.abs(pixels / 257 - subject).mean(axis=2)
    return float((error * weight).sum() / weight.sum())


@pytest.mark.parametrize("subject", [CAT, COFFEE], ids=["cat", "coffee"])
@pytest.mark.parametrize(
    "shape", [FLOWER, SOFT, LEAVES, HEAD], ids=["edge", "soft", "leaf", "hair"]
)
@pytest.mark.parametrize("ground", GROUNDS)
def test_a_ground_goes_out_of_the_rim(ground: str, shape: Levels, subject: Levels) -> None:
    pixels, alpha = cut_out(subject, shape, GROUNDS[ground])
    result = unmix(pixels, alpha)
    most = 0.65 if shape is SOFT else 0.5
    assert off(result, alpha, subject) < most * off(pixels, alpha, subject)
    assert off(result, alpha, subject) < 14


@pytest.mark.parametrize("subject", [CAT, COFFEE], ids=["cat", "coffee"])
@pytest.mark.parametrize(
    "shape", [FLOWER, SOFT, LEAVES, HEAD], ids=["edge", "soft", "leaf", "hair"]
)
@pytest.mark.parametrize("hidden", [None, 0, 255])
def test_a_clean_cut_out_stays(hidden: int | None, shape: Levels, subject: Levels) -> None:
    alpha = sixteen(255 * shape)
    pixels = sixteen(subject)
    if hidden is not None:
        pixels[alpha == 0] = hidden * 257
    assert unmix(pixels, alpha) is pixels


def test_solid_and_clear_pixels_stay_where_alpha_is_right() -> None:
    pixels, alpha = cut_out(CAT, FLOWER, GROUNDS["white"])
    sure = (alpha == 0) | (alpha == 65535)
    assert (unmix(pixels, alpha)[sure] == pixels[sure]).all()


@pytest.mark.parametrize("shape", [FLOWER, SOFT], ids=["edge", "soft"])
def test_a_rim_within_an_alpha_that_is_too_wide_goes_as_well(shape: Levels) -> None:
    subject_only = np.asarray(cv2.erode(shape, np.ones((2, 2), np.uint8)), np.float64)
    pixels, _ = cut_out(CAT, subject_only, GROUNDS["white"])
    alpha = sixteen(255 * shape)
    result = unmix(pixels, alpha)
    assert off(result, alpha, CAT) < 0.4 * off(pixels, alpha, CAT)
    inner = cv2.erode(alpha, np.ones((7, 7), np.uint8)) == 65535
    assert (result[inner] == pixels[inner]).all()


def test_glass_in_a_cut_out_keeps_its_own_colours() -> None:
    glass = covered(lambda x, y: (abs(x - 80) < 22) & (abs(y - 80) < 18))
    pixels, alpha = cut_out(COFFEE, FLOWER * (1 - 0.6 * glass), GROUNDS["white"])
    result = unmix(pixels, alpha)
    within = cv2.erode(glass, np.ones((3, 3), np.uint8)) == 1
    assert (result[within] == pixels[within]).all()
    assert off(result, alpha, COFFEE) < off(pixels, alpha, COFFEE)


def test_a_veil_stays() -> None:
    pixels = sixteen(CAT)
    veils = [np.full((SIDE, SIDE), 30_000, np.uint16)]
    veils.append(np.rint(np.linspace(0, 65535, SIDE)[None].repeat(SIDE, axis=0)).astype(np.uint16))
    assert all(unmix(pixels, veil) is pixels for veil in veils)


@pytest.mark.parametrize("blur", [1.5, 3])
def test_a_soft_shadow_stays(blur: float) -> None:
    shadow = 0.5 * cv2.GaussianBlur(np.roll(FLOWER, 3, axis=0), (0, 0), blur)
    coverage = FLOWER + (1 - FLOWER) * shadow
    pixels = sixteen(CAT * (FLOWER / np.maximum(coverage, 1e-6))[..., None])
    assert unmix(pixels, sixteen(255 * coverage)) is pixels


@pytest.mark.parametrize("width", [2, 4])
@pytest.mark.parametrize("ink", [0, 255])
def test_the_outline_of_a_drawing_stays(ink: int, width: int) -> None:
    def inside(x: Levels, y: Levels, radius: float = 60) -> NDArray[np.bool_]:
        return np.asarray(np.hypot(x - SIDE / 2, y - SIDE / 2) < radius)

    filled = covered(lambda x, y: inside(x, y, 60 - width))[..., None]
    pixels = sixteen(np.array((230, 180, 40)) * filled + ink * (1 - filled))
    assert unmix(pixels, sixteen(255 * covered(inside))) is pixels


def test_grey_stays_grey() -> None:
    grey = CAT.mean(axis=2, keepdims=True).repeat(3, axis=2)
    pixels, alpha = cut_out(grey, FLOWER, GROUNDS["white"])
    result = unmix(pixels, alpha).astype(int)
    assert off(unmix(pixels, alpha), alpha, grey) < 10
    assert np.ptp(result, axis=2).max() <= 1


def test_tiles_leave_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = np.asarray(cv2.dilate(HEAD, np.ones((2, 2), np.uint8)), np.float64)
    pixels = cut_out(COFFEE, HEAD, GROUNDS["white"])[0]
    for coverage in (HEAD, wide):
        alpha = sixteen(255 * coverage)
        whole = unmix(pixels, alpha)
        with monkeypatch.context() as patch:
            patch.setattr(matte, "_TILE", 33)
            assert np.abs(unmix(pixels, alpha).astype(int) - whole).max() <= 1


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (3, 2), (40, 1)])
def test_tiny_pictures_pass(size: tuple[int, int]) -> None:
    random = np.random.default_rng(0)
    pixels = random.integers(0, 65535, (*size, 3), np.uint16)
    alpha = random.integers(0, 65535, size, np.uint16)
    assert unmix(pixels, alpha).shape == pixels.shape
