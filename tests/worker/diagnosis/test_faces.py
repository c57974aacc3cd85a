"""Size, sharpness and place of a face."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from benchmarks.diagnosis.planting import blurred, grainy
from tests.worker.diagnosis.scenes import Levels, leaves
from worker.diagnosis import figures_of
from worker.faces import Face
from worker.imaging.photo import Box, to_sixteen_bits

# Eyes, nose and corners of the mouth in a frontal face, in distances of the eyes about their mean.
FRONTAL = np.array([(-0.5, -0.6), (0.5, -0.6), (0, 0), (-0.44, 0.44), (0.44, 0.44)])


def face(x: float, y: float, eyes: float, tilt: float = 0) -> Face:
    turn = np.radians(tilt)
    across, down = FRONTAL.T * eyes
    points = np.stack(
        [
            x + across * np.cos(turn) - down * np.sin(turn),
            y + across * np.sin(turn) + down * np.cos(turn),
        ],
        axis=1,
    )
    box = Box(round(x - eyes), round(y - 1.2 * eyes), round(2 * eyes), round(2.4 * eyes))
    return Face(box, points.astype(np.float32), 0.9)


def sharpness(levels: Levels, one: Face) -> float:
    (found,) = figures_of([one], to_sixteen_bits(levels))
    return found.sharpness


def test_each_face_in_its_order() -> None:
    faces = [face(200, 200, 60), face(80, 90, 20, tilt=30)]
    first, second = figures_of(faces, to_sixteen_bits(leaves()))
    assert first.eye_distance == pytest.approx(60)
    assert second.eye_distance == pytest.approx(20)
    assert first.inside == second.inside == 1
    assert figures_of([], to_sixteen_bits(leaves())) == ()


@pytest.mark.parametrize("tilt", [0, 40])
def test_inside(tilt: float) -> None:
    pixels = to_sixteen_bits(leaves())
    places = [(200, 200), (0, 200), (200, 383), (-200, 200)]
    found = [figures_of([face(x, y, 60, tilt)], pixels)[0].inside for x, y in places]
    assert found[0] == 1
    assert found[1] == pytest.approx(0.5, abs=0.1)
    assert 0.3 < found[2] < 0.7
    assert found[3] == 0


@pytest.mark.parametrize("eyes", [20, 50, 120])
def test_sharpness_falls_with_blur(eyes: float) -> None:
    one = face(190, 190, eyes)
    found = [sharpness(blurred(leaves(), sigma), one) for sigma in (0, 1, 2.5, 5)]
    assert found == sorted(found, reverse=True)
    assert found[0] > 1.2 * found[-1]


def test_only_the_face_counts() -> None:
    levels = blurred(leaves(), 3)
    inner = sharpness(levels, face(190, 190, 40))
    levels[:60] = leaves()[:60]
    levels[-60:] = leaves()[-60:]
    assert sharpness(levels, face(190, 190, 40)) == pytest.approx(inner, abs=0.02)


def test_a_face_of_a_few_pixels_and_one_outside() -> None:
    pixels = to_sixteen_bits(leaves())
    tiny, outside = figures_of([face(100, 100, 1), face(-900, -900, 40)], pixels)
    assert tiny.sharpness > 0
    assert (outside.sharpness, outside.inside) == (1, 0)


def aligned(shared: Path) -> list[Levels]:
    files = sorted((shared / "data" / "val" / "faces").iterdir())[:6]
    return [np.asarray(Image.open(file).convert("RGB")) for file in files]


@pytest.mark.shared
def test_real_faces(shared: Path) -> None:
    one = face(128, 155, 63)
    for levels in aligned(shared):
        soft = sharpness(blurred(levels, 2), one)
        assert sharpness(levels, one) > soft + 0.1
        grain = grainy(levels, 10, np.random.default_rng(1))
        assert sharpness(grain, one) > soft
        small: NDArray[np.uint8] = np.asarray(
            cv2.resize(levels, (64, 64), interpolation=cv2.INTER_AREA), np.uint8
        )
        large = cv2.resize(small, (256, 256), interpolation=cv2.INTER_CUBIC)
        assert sharpness(np.asarray(large, np.uint8), one) < sharpness(levels, one) - 0.1
