import numpy as np
import pytest

from benchmarks.quality.landmarks import Points, matched, point_error, template_points
from worker.faces import Face
from worker.imaging.photo import Box


def _face(points: Points) -> Face:
    return Face(Box(0, 0, 1, 1), points.astype(np.float32), 0.9)


def test_the_template_has_its_published_places() -> None:
    points = template_points(512)
    assert points[0] == pytest.approx((192.98, 239.95), abs=0.01)
    assert template_points(256) + 0.5 == pytest.approx((points + 0.5) / 2)


def test_the_error_is_in_percent_of_the_eye_distance() -> None:
    true = template_points(512)
    eyes = float(np.hypot(*(true[1] - true[0])))
    moved = true + np.array((0.03 * eyes, 0.04 * eyes), np.float32)
    assert point_error(moved, true) == pytest.approx(5, abs=1e-3)


def test_each_known_face_takes_the_nearest_find_once() -> None:
    one, other = template_points(100), template_points(100) + np.float32(200)
    near, nearer = _face(one + np.float32(3)), _face(one + np.float32(1))
    pairs = matched([near, nearer], [one, other])
    assert pairs[0] is not None
    assert pairs[0][0] is nearer
    assert pairs[1] is None


@pytest.mark.parametrize("size", [0.4, 2.5])
def test_a_find_of_another_size_is_no_match(size: float) -> None:
    true = template_points(100)
    middle = true.mean(0)
    assert matched([_face(middle + (true - middle) * np.float32(size))], [true]) == [None]
    assert matched([_face(middle + (true - middle) * np.float32(1.2))], [true]) != [None]
