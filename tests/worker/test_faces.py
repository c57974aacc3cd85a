"""Faces are found where they are."""

from pathlib import Path

import cv2
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


@pytest.mark.shared
@pytest.mark.parametrize("side", [32, 96, 512, 1280])
@pytest.mark.parametrize("part", [1.0, 0.6])
def test_portrait_of_any_size_has_one_face(
    shared: Path, finder: FaceFinder, side: int, part: float
) -> None:
    """Tiny ones are enlarged first, and a face may fill the whole photo."""
    sides = round(side / part)
    margin = (sides - side) // 2
    off = []
    for number in range(0, 12, 6):
        pixels = face(shared, number, sides)[margin : margin + side, margin : margin + side]
        (found,) = finder.find(pixels)
        off.append(np.abs(found.points[:2] - TEMPLATE_EYES * sides / 512 + margin).max() / sides)
    assert np.median(off) < 0.05


@pytest.mark.shared
@pytest.mark.parametrize("degrees", [-40, 30])
def test_rotated_faces(shared: Path, finder: FaceFinder, degrees: float) -> None:
    off = []
    for number in range(0, 48, 8):
        turn = cv2.getRotationMatrix2D((127.5, 127.5), degrees, 0.8)
        pixels = cv2.warpAffine(
            face(shared, number, 256), turn, (256, 256), borderMode=cv2.BORDER_REPLICATE
        )
        (found,) = finder.find(pixels.astype(np.uint16))
        eyes = ((TEMPLATE_EYES + 0.5) / 2 - 0.5) @ turn[:, :2].T + turn[:, 2]
        off.append(np.abs(found.points[:2] - eyes).max())
    assert np.median(off) < 8, "of 50 pixels between the eyes"


@pytest.mark.shared
def test_large_and_small_faces_in_one_photo(shared: Path, finder: FaceFinder) -> None:
    """Each is seen in another copy of the photo, the middle one in both, and all are told once."""
    photo = np.full((1000, 1800, 3), 30_000, np.uint16)
    places = {(20, 20): 960, (300, 1050): 300, (200, 1500): 90, (600, 1500): 60}
    for (top, left), side in places.items():
        photo[top : top + side, left : left + side] = face(shared, 0, side)
    found = finder.find(photo)
    eyes = [float(one.points[:2, 0].mean()) for one in found]
    expected = [left + side / 2 for (_, left), side in places.items()]
    assert eyes == pytest.approx(expected, abs=25)
    assert [one.eye_distance for one in found] == pytest.approx(
        [side * 0.246 for side in places.values()], rel=0.2
    )


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "count"),
    [("people_00.jpg", 4), ("people_01.jpg", 4), ("00017_gray.png", 2), ("OST_009.png", 0)],
)
def test_photos_as_people_send_them(
    shared: Path, finder: FaceFinder, name: str, count: int
) -> None:
    with Image.open(shared / "data" / "samples" / name) as file:
        levels = np.asarray(file.convert("RGB"))
    assert len(finder.find(levels.astype(np.uint16) * np.uint16(257))) == count
