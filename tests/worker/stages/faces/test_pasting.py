"""Restored faces lie where they were, and nobody sees where they begin."""

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.worker.networks import Pixels, picture
from tests.worker.stages.faces.portraits import Matrix, Points, drawn, placed
from worker.stages.faces.alignment import align, cut
from worker.stages.faces.pasting import paste
from worker.stages.faces.restoration import RestoredFace

SPOTS = np.array([(190, 240), (320, 240), (256, 310), (205, 370), (310, 372), (256, 200)], float)


def enlarged(pixels: Pixels, grow: float) -> Pixels:
    levels = cv2.resize(
        pixels.astype(np.float32), None, fx=grow, fy=grow, interpolation=cv2.INTER_CUBIC
    )
    return np.clip(np.rint(levels), 0, 65535).astype(np.uint16)


def cropped(pixels: Pixels, points: Points, side: int = 256) -> RestoredFace:
    """What a restorer that changes nothing makes of a face."""
    to_crop = align(points, side)
    assert to_crop is not None
    return RestoredFace(cut(pixels, to_crop, side), to_crop)


def textured(
    pixels: Pixels, points: Points, side: int = 256, seed: int = 0, force: int = 9000
) -> RestoredFace:
    """A restored crop that differs strongly everywhere: hard texture, other light and colours."""
    plain = cropped(pixels, points, side)
    rng = np.random.default_rng(seed)
    rough = cv2.GaussianBlur(rng.normal(0, 1, (side, side, 1)), (0, 0), 1.5)[..., None]
    change = rough / rough.std() * force + np.array([9000, 2000, -7000])
    crop = np.clip(np.rint(plain.crop + change), 0, 65535).astype(np.uint16)
    return RestoredFace(crop, plain.to_crop)


def spotted(width: int, height: int, matrix: Matrix, spot: float) -> Pixels:
    """A grey photo with bright spots at known places of the face."""
    down, across = np.mgrid[0:height, 0:width].astype(float)
    light = np.full((height, width), 20_000.0)
    for x, y in SPOTS @ matrix[:, :2].T + matrix[:, 2]:
        light += 30_000 * np.exp(-((across - x) ** 2 + (down - y) ** 2) / (2 * spot**2))
    return np.repeat(np.rint(light).astype(np.uint16)[..., None], 3, axis=2)


@pytest.mark.parametrize("side", [256, 512])
@pytest.mark.parametrize(
    ("scale", "degrees", "grow"),
    [(0.16, 12, 1), (0.16, 33, 4), (0.4, -25, 1), (0.4, 15, 2), (0.3, -5, 4), (0.8, 33, 1)],
)
def test_round_trip_within_half_a_pixel(side: int, grow: int, scale: float, degrees: float) -> None:
    """Spots seen in the crop alone come to lie, in an enlarged empty photo, where they were."""
    points, matrix = placed(scale, degrees, 300 * scale, 240 * scale)
    width, height = round(1000 * scale), round(980 * scale)
    face = cropped(spotted(width, height, matrix, 9 * scale), points, side)
    empty = np.full((height * grow, width * grow, 3), 20_000, np.uint16)
    light = paste(empty.copy(), [face], (width, height))[..., 1].astype(float) - 20_000
    for x, y in (SPOTS @ matrix[:, :2].T + matrix[:, 2] + 0.5) * grow - 0.5:
        reach = round(14 * scale * grow) + 2
        top, left = round(y) - reach, round(x) - reach
        seen = np.clip(light[top : top + 2 * reach + 1, left : left + 2 * reach + 1], 2000, None)
        down, across = np.mgrid[top : top + 2 * reach + 1, left : left + 2 * reach + 1]
        weight = (seen - 2000) / (seen - 2000).sum()
        off = np.hypot((across * weight).sum() - x, (down * weight).sum() - y)
        assert off < 0.5 * max(1, grow * 0.5), "pixels of the result"


@pytest.mark.parametrize("scale", [0.1, 0.4, 0.9])
def test_restorer_that_changes_nothing_changes_nothing(scale: float) -> None:
    points, matrix = placed(scale, 14, 130, 40)
    pixels = drawn(600, 620, matrix, noise=6)
    same = paste(pixels.copy(), [cropped(pixels, points)], (600, 620))
    assert np.abs(same.astype(int) - pixels).max() <= 257


@pytest.mark.parametrize("grow", [2, 4])
def test_restorer_that_changes_nothing_in_an_enlarged_photo(grow: int) -> None:
    points, matrix = placed(0.3, 14, 60, 20)
    pixels = drawn(240, 250, matrix, blur=0.6)
    plain = enlarged(pixels, grow)
    same = paste(plain.copy(), [cropped(pixels, points)], (240, 250))
    off = np.abs(same.astype(int) - plain)
    assert off.mean() < 257 / 4
    assert np.percentile(off, 99) < 2 * 257


@pytest.mark.parametrize("grow", [1, 3])
def test_strength_is_a_blend_of_pixels(grow: int) -> None:
    points, matrix = placed(0.3, -7, 40, 30)
    pixels = drawn(260, 240, matrix)
    plain = enlarged(pixels, grow)
    face = textured(pixels, points)
    at = {
        strength: paste(plain.copy(), [replace(face, strength=strength)], (260, 240)).astype(int)
        for strength in (0, 1, 25, 50, 75, 100)
    }
    assert (at[0] == plain).all()
    change = at[100] - plain
    kept = (at[100] > 0) & (at[100] < 65535)
    assert np.abs(change).max() > 15_000
    for strength, result in at.items():
        assert np.abs(result - plain - change * strength / 100)[kept].max() <= 1
    far = [np.abs(result - plain) for result in at.values()]
    assert all((less <= more).all() for less, more in pairwise(far))


def _rise(pixels: Pixels, where: NDArray[np.bool_]) -> float:
    """How steep the steepest places there are."""
    light = pixels.astype(np.float32).mean(axis=2)
    steps = np.hypot(*np.gradient(light))
    return float(np.percentile(steps[where], 99))


@pytest.mark.parametrize(("left", "top"), [(120, 60), (-70, 40), (330, 260)])
@pytest.mark.parametrize("grow", [1, 2])
def test_no_seam(grow: int, left: float, top: float) -> None:
    """Where the oval ends the photo is no steeper than it was; also at the photo's own edges."""
    points, _ = placed(0.5, 9, left, top)
    pixels = picture(420, 460)
    plain = enlarged(pixels, grow)
    face = textured(pixels, points)
    result = paste(plain.copy(), [face], (460, 420))
    change = np.abs(result.astype(int) - plain).max(axis=2)
    rim = (cv2.dilate((change > 0).astype(np.uint8), np.ones((9, 9))) > 0) & (change < 400)
    assert rim.sum() > 300
    assert _rise(result, rim) < 1.1 * _rise(plain, rim)
    back = cv2.warpAffine(
        np.pad(np.zeros((252, 252), np.uint8), 2, constant_values=1),
        cv2.invertAffineTransform(face.to_crop),
        (460, 420),
    )
    box = cv2.resize(back, None, fx=grow, fy=grow, interpolation=cv2.INTER_NEAREST) > 0
    assert not change[box].any(), "nothing is left at the edge of the crop"
    assert change.max() > 15_000


def test_colours_and_light_stay_those_of_the_photo() -> None:
    points, matrix = placed(0.5, 0, 60, 50)
    pixels = drawn(400, 400, matrix)
    result = paste(pixels.copy(), [textured(pixels, points)], (400, 400))
    one, other = (
        cv2.GaussianBlur(part.astype(np.float32), (0, 0), 16) for part in (pixels, result)
    )
    assert np.abs(one - other).mean() < 257


def test_detail_finer_than_the_crop_stays() -> None:
    """A crop of 256 pixels in a face of 900 leaves it no softer than it was."""
    points, matrix = placed(900 / 512, 4, 90, 20)
    pixels = drawn(1000, 1000, matrix)
    result = paste(pixels.copy(), [cropped(pixels, points)], (1000, 1000))
    everywhere = np.ones((1000, 1000), bool)
    assert _rise(result, everywhere) > 0.99 * _rise(pixels, everywhere)


def _two() -> tuple[Pixels, list[RestoredFace]]:
    pixels = picture(300, 400) // 4 + 24_000  # Nothing reaches black or white.
    places = placed(0.4, 20, 60, 30)[0], placed(0.4, -10, 130, 60)[0]
    return pixels, [textured(pixels, p, seed=seed, force=3000) for seed, p in enumerate(places)]


def test_overlapping_faces_share_and_do_not_add_up() -> None:
    pixels, faces = _two()
    one, other = (paste(pixels.copy(), [face], (400, 300)).astype(int) for face in faces)
    both = paste(pixels.copy(), faces, (400, 300)).astype(int)
    turned = paste(pixels.copy(), faces[::-1], (400, 300)).astype(int)
    assert np.abs(both - turned).max() <= 2, "in whatever order"
    shared = (one != pixels) & (other != pixels)
    assert shared.any()
    most = np.abs(one - pixels) + np.abs(other - pixels)
    assert (np.abs(both - pixels)[shared] <= most[shared] + 257).all()
    strongest = np.abs(both - pixels).max()
    assert strongest < 1.3 * max(np.abs(one - pixels).max(), np.abs(other - pixels).max())


def test_nothing_to_paste() -> None:
    pixels = picture(20, 30)
    assert (paste(pixels.copy(), [], (30, 20)) == pixels).all()


@pytest.mark.parametrize(("scale", "grow", "stays"), [(0.3, 1, 0.55), (0.3, 2, 0.1)])
def test_grain_goes_where_the_restorer_took_it(scale: float, grow: int, stays: float) -> None:
    points, _ = placed(scale, 0, 20, 20)
    grain = np.random.default_rng(0).normal(0, 2500, (200, 200, 3))
    pixels = np.clip(30_000 + grain, 0, 65535).astype(np.uint16)
    plain = enlarged(pixels, grow)
    smooth = RestoredFace(
        np.full((256, 256, 3), 30_000, np.uint16), cropped(pixels, points).to_crop
    )
    result = paste(plain.copy(), [smooth], (200, 200))
    middle = np.s_[90 * grow : 110 * grow, 85 * grow : 108 * grow]
    assert result[middle].std() < stays * plain[middle].std()
