"""A face goes out of the photo and back into its place."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from core.errors import Cancelled
from tests.worker.networks import Lab, picture
from weights.catalog import Purpose
from worker.engine import Engine
from worker.faces import Face
from worker.imaging.photo import Box
from worker.models import LoadedModel
from worker.stages.faces import TEMPLATE, RestoredFace, align, cut, paste, restore

Points = NDArray[np.float32]


def placed(
    scale: float, degrees: float, left: float, top: float
) -> tuple[Points, NDArray[np.float64]]:
    """Five points of a face in a photo, and the matrix from the template to them."""
    angle = np.deg2rad(degrees)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = np.hstack([turn, [[left], [top]]])
    return (TEMPLATE @ turn.T + (left, top)).astype(np.float32), matrix


def face(points: Points) -> Face:
    return Face(Box(0, 0, 10, 10), points, 0.9)


@pytest.mark.parametrize("scale", [0.1, 0.4, 1.3])
@pytest.mark.parametrize("degrees", [-40, 0, 15])
def test_known_similarity_comes_back(scale: float, degrees: float) -> None:
    points, matrix = placed(scale, degrees, 37.3, 11.8)
    found = align(points)
    assert found is not None
    back = cv2.invertAffineTransform(found)
    corners = np.array([(0, 0), (511, 0), (0, 511), (511, 511)])
    there, expected = (corners @ m[:, :2].T + m[:, 2] for m in (back, matrix))
    assert np.abs(there - expected).max() < 0.5


def test_one_wrong_point_does_not_move_the_fit() -> None:
    points, matrix = placed(0.5, 10, 30, 40)
    points[4] += (25, -18)
    found = align(points)
    assert found is not None
    assert np.abs(cv2.invertAffineTransform(found) - matrix).max() < 1


def test_points_without_shape_are_no_face() -> None:
    assert align(np.zeros((5, 2), np.float32)) is None


@pytest.mark.parametrize("grow", [1, 2, 4])
@pytest.mark.parametrize(("scale", "degrees"), [(0.35, 12), (0.9, -25)])
def test_round_trip_within_half_a_pixel(grow: int, scale: float, degrees: float) -> None:
    """Cut, set back unchanged: a smooth picture is where it was, to half a pixel of the source."""
    down, across = np.mgrid[0:520, 0:560].astype(np.float32)
    ramp = np.stack([across * 100 + 2000, down * 100 + 2000, (across + down) * 50 + 2000], axis=2)
    pixels = np.rint(ramp).astype(np.uint16)
    points, _ = placed(scale, degrees, 60, 70)
    to_crop = align(points)
    assert to_crop is not None
    crop = cut(pixels, to_crop, 512)
    canvas = cv2.resize(pixels, None, fx=grow, fy=grow, interpolation=cv2.INTER_LINEAR)
    before = canvas.astype(np.uint16)
    after = paste(before.copy(), [RestoredFace(crop, to_crop)], (560, 520), 100)
    inner = np.s_[20 * grow : -20 * grow, 20 * grow : -20 * grow]
    moved = np.abs(after.astype(float) - before)[inner]
    assert moved[..., :2].max() <= 50, "a step of 100 is one pixel of the source"


def test_paste_is_soft_and_stays_inside_the_crop() -> None:
    pixels = np.full((400, 400, 3), 20_000, np.uint16)
    points, matrix = placed(0.5, 0, 60, 50)
    to_crop = align(points)
    assert to_crop is not None
    bright = RestoredFace(np.full((512, 512, 3), 40_000, np.uint16), to_crop)
    result = paste(pixels.copy(), [bright], (400, 400), 100)[..., 0].astype(int)
    left, top = matrix[:, 2]
    outside = np.ones((400, 400), bool)
    outside[int(top) : int(top) + 257, int(left) : int(left) + 257] = False
    assert (result[outside] == 20_000).all()
    eyes_and_mouth = np.rint(points).astype(int)
    assert (result[eyes_and_mouth[:, 1], eyes_and_mouth[:, 0]] > 38_000).all()
    steepest = max(np.abs(np.diff(result, axis=axis)).max() for axis in (0, 1))
    assert steepest < 20_000 / 12, "no box, no hair line"


@pytest.mark.parametrize("strength", [0, 30, 100])
def test_strength_is_a_blend_of_pixels(strength: int) -> None:
    pixels = np.full((400, 400, 3), 20_000, np.uint16)
    points, _ = placed(0.5, 0, 60, 50)
    to_crop = align(points)
    assert to_crop is not None
    bright = RestoredFace(np.full((512, 512, 3), 40_000, np.uint16), to_crop)
    result = paste(pixels.copy(), [bright], (400, 400), strength)
    assert result.max() == 20_000 + 200 * strength


def test_face_over_the_edge_of_the_photo() -> None:
    pixels = picture(150, 150)
    points, _ = placed(0.4, 5, -70, -60)
    restored, skipped = restore(pixels, [face(points)], *_nothing_done())
    assert skipped == ()
    result = paste(pixels.copy(), restored, (150, 150), 100)
    assert np.abs(result.astype(int) - pixels)[:60, :60].mean() < 1500


def _nothing_done() -> tuple[LoadedModel, Engine]:
    module = torch.nn.Conv2d(3, 3, 1)
    model = LoadedModel(
        "still", Purpose.FACES, 1, 3, 1, 1, 0, module, lambda batch: batch, crop=512
    )
    return model, Engine("cpu")


def test_restored_faces_keep_the_colours_of_the_photo(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    model = lab.models.named("tiny-faces")
    assert model.crop == 256
    tinted = replace(model, call=lambda batch: model.call(batch) * 0.8 + 0.1)
    pixels = picture(300, 300)
    points, _ = placed(0.4, 5, 40, 40)
    (restored,), _ = restore(pixels, [face(points)], tinted, lab.engine)
    crop = cut(pixels, restored.to_crop, 256)
    broad = (
        cv2.GaussianBlur(part.astype(np.float32), (0, 0), 16) for part in (crop, restored.crop)
    )
    one, other = broad
    assert np.abs(one - other).mean() < 1000


def test_hopeless_and_perfect_faces_are_skipped_with_a_reason(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    tiny, huge = placed(0.03, 0, 50, 50)[0], placed(8.0, 0, -600, -600)[0]
    restored, skipped = restore(
        picture(200, 200), [face(tiny), face(huge)], lab.models.named("tiny-faces"), lab.engine
    )
    assert restored == ()
    assert skipped == ("too small", "already large and detailed")


def test_cancelling_between_faces(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    told: list[float] = []
    points, _ = placed(0.4, 5, 40, 40)
    with pytest.raises(Cancelled):
        restore(
            picture(300, 300),
            [face(points)] * 4,
            lab.models.named("tiny-faces"),
            lab.engine,
            progress=told.append,
            cancelled=lambda: len(told) == 2,
        )
    assert told == [0.25, 0.5]
