"""Faces are left alone where restoring would not help, and for the right reason."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.worker.networks import Pixels
from tests.worker.stages.faces.portraits import drawn, placed
from tests.worker.test_faces import face
from worker.stages.faces.alignment import TEMPLATE, align
from worker.stages.faces.condition import fineness, hope, reason_to_leave


def reason(
    scale: float,
    degrees: float = 0,
    left: float = 80,
    top: float = 60,
    *,
    side: int = 256,
    given: int | None = None,
    blur: float = 0,
    noise: float = 0,
) -> str | None:
    """Why a drawn face in a photo of 500 × 500 would be left alone."""
    points, matrix = placed(scale, degrees, left, top)
    pixels = drawn(500, 500, matrix, blur=blur, noise=noise)
    return reason_to_leave(pixels, points, align(points, side), side, given or side)


@pytest.mark.parametrize("noise", [0, 12])
@pytest.mark.parametrize("side", [256, 512])
def test_poor_faces_are_restored(side: int, noise: float) -> None:
    assert reason(0.15, 10, side=side, noise=noise) is None
    assert reason(0.5, -20, side=side, blur=1.5, noise=noise) is None


def test_size_is_that_of_the_head() -> None:
    assert reason(0.046) == "too small", "5.8 pixels between the eyes"
    assert reason(0.055) is None


@pytest.mark.parametrize("noise", [0, 12])
def test_sharp_faces(noise: float) -> None:
    """What is sharp for a small crop is not for a large one."""
    assert reason(0.5, noise=noise) == "already sharp"
    assert reason(0.5, side=512, noise=noise) is None


def test_noise_is_no_sharpness() -> None:
    assert reason(0.5, blur=2, noise=25) is None


def test_face_larger_than_the_crop() -> None:
    assert reason(0.9, left=20, top=10) == "already sharp"
    assert reason(0.9, left=20, top=10, blur=1.5) == "too large for the face model"
    assert reason(0.9, left=20, top=10, blur=5) is None


@pytest.mark.parametrize("noise", [0, 12])
def test_face_finer_than_a_restorer_that_enlarges_can_see(noise: float) -> None:
    assert reason(0.4, given=64, noise=noise) == "already detailed"
    assert reason(0.4, given=64, blur=3, noise=noise) is None
    assert reason(0.12, given=64, noise=noise) is None


@pytest.mark.parametrize("noise", [0, 12])
def test_faces_beyond_hope(noise: float) -> None:
    assert reason(0.5, blur=14, noise=noise) == "too blurred to restore"


def test_faces_at_the_edge() -> None:
    assert reason(0.15, left=-18) is None
    assert reason(0.15, left=-45) == "cut off by the edge of the photo"
    assert reason(0.15, top=465) == "cut off by the edge of the photo"


def test_faces_from_the_side() -> None:
    points, _ = placed(0.5, 0, 60, 60)
    middle = points[:, :1].mean()
    points[:, 0] = middle + (points[:, 0] - middle) * 0.1
    points[2, 0] += 40
    pixels = drawn(500, 500, np.eye(2, 3))
    assert reason_to_leave(pixels, points, align(points, 256), 256, 256) == "seen from the side"
    assert reason_to_leave(pixels, points * 0, None, 256, 256) == "seen from the side"


def _degraded(levels: Pixels, *, blur: float = 0, noise: float = 0, down: int = 1) -> Pixels:
    photo: Any = levels.astype(np.float32) / 257
    if blur:
        photo = cv2.GaussianBlur(photo, (0, 0), blur)
    if down > 1:
        photo = cv2.resize(photo, None, fx=1 / down, fy=1 / down, interpolation=cv2.INTER_AREA)
    photo = photo + np.random.default_rng(1).normal(0, noise, photo.shape)
    photo = cv2.resize(photo, (256, 256), interpolation=cv2.INTER_CUBIC)
    pixels: Pixels = np.clip(np.rint(photo * 257), 0, 65535).astype(np.uint16)
    return pixels


@pytest.mark.shared
def test_measures_of_real_looking_faces(shared: Path) -> None:
    """The figures in the module, on a part of the faces they were found with."""
    faces = [face(shared, number, 256) for number in range(0, 24, 4)]

    def median(measure: int, **harm: float) -> float:
        crops = [_degraded(levels, **harm) for levels in faces]  # type: ignore[arg-type]
        return float(np.median([fineness(crop)[0] if measure else hope(crop) for crop in crops]))

    assert median(1) == pytest.approx(median(1, noise=10), abs=0.05)
    assert median(1) > 1.5 > median(1, down=4)
    assert median(1, blur=1.5, noise=5) < 1.3
    assert median(0) > 4 > median(0, down=8) > 2.5 > median(0, blur=8, noise=10)
    assert median(0, blur=4, noise=20) > 2 > median(0, blur=10, noise=10)


@pytest.mark.shared
def test_held_out_faces_are_sharp_until_they_are_made_poor(shared: Path) -> None:
    points = ((TEMPLATE + 0.5) / 2 - 0.5).astype(np.float32)
    to_crop = align(points, 256)

    def told(**harm: float) -> list[str | None]:
        crops = [_degraded(face(shared, n, 256), **harm) for n in range(0, 48, 4)]  # type: ignore[arg-type]
        return [reason_to_leave(crop, points, to_crop, 256, 256) for crop in crops]

    assert told().count("already sharp") >= 8
    assert set(told(blur=2, noise=8)) == {None}
    assert set(told(down=4)) == {None}
    assert told(blur=14).count("too blurred to restore") >= 7
