"""Crops are cut where the face is."""

import numpy as np
import pytest

from tests.worker.stages.faces.portraits import drawn, placed
from worker.stages.faces.alignment import TEMPLATE, align, cut, inverse, misfit


@pytest.mark.parametrize("side", [256, 512])
@pytest.mark.parametrize("scale", [0.1, 0.4, 1.3])
@pytest.mark.parametrize("degrees", [-40, 0, 15, 170])
def test_known_similarity_comes_back(side: int, scale: float, degrees: float) -> None:
    points, matrix = placed(scale, degrees, 37.3, 11.8)
    found = align(points, side)
    assert found is not None
    corners = np.array([(0, 0), (511, 0), (0, 511), (511, 511)])
    in_crop = (corners + 0.5) * (side / 512) - 0.5
    back = inverse(found)
    there = in_crop @ back[:, :2].T + back[:, 2]
    assert np.abs(there - (corners @ matrix[:, :2].T + matrix[:, 2])).max() < 0.5
    assert misfit(points, found, side) < 0.01


def test_one_wrong_point_does_not_move_the_fit() -> None:
    points, matrix = placed(0.5, 10, 30, 40)
    points[4] += (25, -18)
    found = align(points)
    assert found is not None
    assert np.abs(inverse(found) - matrix).max() < 1
    assert misfit(points, found, 512) > 0.1


def test_points_without_shape_are_no_face() -> None:
    assert align(np.zeros((5, 2), np.float32)) is None


@pytest.mark.parametrize("side", [256, 512])
@pytest.mark.parametrize(("scale", "degrees"), [(0.15, 12), (0.5, -25), (1.2, 40)])
def test_crop_is_the_upright_face(side: int, scale: float, degrees: float) -> None:
    """Also where it enlarges a small face or shrinks a large one."""
    points, matrix = placed(scale, degrees, 420 * scale, 150 * scale)
    to_crop = align(points, side)
    assert to_crop is not None
    photo = drawn(round(900 * scale) + 20, round(950 * scale) + 20, matrix)
    crop = cut(photo, to_crop, side)[..., 0].astype(float)
    grown = max(1, side / 512 / scale)
    for x, y in (TEMPLATE[:2].astype(int) + 0.5) * (side / 512) - 0.5:
        reach = 20 * side // 512
        down, across = np.mgrid[
            round(y) - reach : round(y) + reach, round(x) - reach : round(x) + reach
        ]
        dark = 255 * 257 - crop[down, across]
        dark = np.clip(dark - dark.mean(), 0, None)
        pupil = np.array([(across * dark).sum(), (down * dark).sum()]) / dark.sum()
        assert np.abs(pupil - (x, y)).max() < 0.5 * grown, "pixels of the photo or the crop"


def test_outside_of_the_photo_is_its_mirror_image() -> None:
    points, matrix = placed(0.5, 0, -60, 40)
    to_crop = align(points, 256)
    assert to_crop is not None
    crop = cut(drawn(300, 300, matrix), to_crop, 256).astype(int)
    assert np.abs(crop[:, :60] - crop[:, 61:121][:, ::-1]).mean() < 300
    assert crop.min() > 0


def test_template_is_the_usual_one() -> None:
    assert TEMPLATE.shape == (5, 2)
    assert np.hypot(*(TEMPLATE[1] - TEMPLATE[0])) == pytest.approx(125.9, abs=0.1)
