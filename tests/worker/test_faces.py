"""Faces are found where they are."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.worker.networks import Pixels
from worker.faces import FaceFinder

TEMPLATE_EYES = np.array([(192.98, 239.95), (318.90, 240.19)])


def face(shared: Path, number: int, side: int) -> Pixels:
    path = sorted((shared / "data" / "val" / "faces").iterdir())[number]
    with Image.open(path) as file:
        levels = np.asarray(file.convert("RGB").resize((side, side), Image.Resampling.LANCZOS))
    return levels.astype(np.uint16) * np.uint16(257)


@pytest.fixture(scope="module")
def finder(shared: Path) -> FaceFinder:
    return FaceFinder(shared / "weights" / "face_detection_yunet_2026may.onnx")


@pytest.mark.shared
@pytest.mark.parametrize("side", [128, 256])
def test_points_of_an_aligned_face(shared: Path, finder: FaceFinder, side: int) -> None:
    off = []
    for number in range(6):
        (found,) = finder.find(face(shared, number, side))
        off.append(np.abs(found.points[:2] - TEMPLATE_EYES * side / 512).max() / side)
        assert 0 <= found.box.left < found.box.left + found.box.width <= side
    assert np.median(off) < 0.03


@pytest.mark.shared
def test_largest_face_comes_first_and_points_follow_a_large_photo(
    shared: Path, finder: FaceFinder
) -> None:
    """Two faces in a photo above the bounded size at which faces are looked for."""
    photo = np.full((1400, 2200, 3), 30_000, np.uint16)
    photo[100:484, 150:534] = face(shared, 0, 384)
    photo[300:1068, 1200:1968] = face(shared, 1, 768)
    large, small = finder.find(photo)
    assert abs(large.points[0] - (TEMPLATE_EYES[0] * 1.5 + (1200, 300))).max() < 30
    assert abs(small.points[0] - (TEMPLATE_EYES[0] * 0.75 + (150, 100))).max() < 15
    assert large.eye_distance == pytest.approx(2 * small.eye_distance, rel=0.15)


@pytest.mark.shared
@pytest.mark.parametrize("size", [(8, 8), (8, 900), (3000, 16)])
def test_nothing_is_found_in_nothing(finder: FaceFinder, size: tuple[int, int]) -> None:
    assert finder.find(np.full((*size, 3), 20_000, np.uint16)) == ()
