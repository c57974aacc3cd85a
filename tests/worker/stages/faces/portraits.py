"""Drawn faces at known places, and a restorer that is any function."""

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tests.worker.networks import Pixels
from weights.catalog import Purpose
from worker.faces import Face
from worker.imaging.photo import Box
from worker.models import LoadedModel
from worker.stages.faces.alignment import TEMPLATE

Points = NDArray[np.float32]
Matrix = NDArray[np.float64]
GROUND = (90, 110, 120)


def placed(scale: float, degrees: float, left: float, top: float) -> tuple[Points, Matrix]:
    """Five points of a face in a photo, and the matrix from the 512-pixel template to them."""
    angle = np.deg2rad(degrees)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = np.hstack([turn, [[left], [top]]])
    return (TEMPLATE @ turn.T + (left, top)).astype(np.float32), matrix


def face(points: Points) -> Face:
    """A find with these points; its box is of no account here."""
    return Face(Box(0, 0, 10, 10), points, 0.9)


def boxed(left: int, top: int, side: int) -> Face:
    """A find with this box; its points are of no account here."""
    return Face(Box(left, top, side, side), TEMPLATE, 0.9)


def drawn(width: int, height: int, matrix: Matrix, *, blur: float = 0, noise: float = 0) -> Pixels:
    """A photo with a drawn face where `matrix` takes the template; `blur` is in photo pixels,
    `noise` of 255."""
    photo = np.full((height, width, 3), GROUND, np.float32)
    reach = np.array([(0, 0), (512, 0), (0, 512), (512, 512)]) @ matrix[:, :2].T + matrix[:, 2]
    left, top = np.clip(reach.min(0).astype(int), 0, (width, height))
    right, bottom = np.clip(reach.max(0).astype(int) + 2, 0, (width, height))
    if right > left and bottom > top:
        moved = matrix - np.array([[0, 0, left], [0, 0, top]])
        photo[top:bottom, left:right] = _face(int(right - left), int(bottom - top), moved)
    if blur:
        photo[...] = cv2.GaussianBlur(photo, (0, 0), blur)
    grainy = photo + np.random.default_rng(0).normal(0, noise, photo.shape)
    return np.clip(np.rint(grainy * 257), 0, 65535).astype(np.uint16)


def _face(width: int, height: int, matrix: Matrix) -> NDArray[np.float32]:
    # Drawn larger and averaged down, so that edges are as soft as a lens leaves them.
    times = min(8, 1 + int(np.ceil(1 / np.hypot(*matrix[:, 0]))))
    large = matrix * times
    large[:, 2] += times / 2 - 0.5
    size = (width * times, height * times)
    canvas = cv2.warpAffine(_template(), large, size, borderMode=cv2.BORDER_REPLICATE)
    small: NDArray[np.float32] = cv2.resize(
        canvas, (width, height), interpolation=cv2.INTER_AREA
    ).astype(np.float32)
    return small


@cache
def _template() -> NDArray[np.float32]:
    canvas = np.full((512, 512, 3), GROUND, np.float32)
    cv2.ellipse(canvas, (256, 290), (150, 200), 0, 0, 360, (205, 160, 135), -1)
    for x, y in TEMPLATE[:2].astype(int).tolist():
        cv2.ellipse(canvas, (x, y), (30, 14), 0, 0, 360, (240, 240, 235), -1)
        cv2.circle(canvas, (x, y), 12, (40, 30, 25), -1)
        cv2.line(canvas, (x - 35, y - 32), (x + 35, y - 36), (60, 40, 30), 9)
    cv2.line(canvas, (250, 300), (262, 318), (150, 105, 90), 7)
    cv2.line(canvas, (201, 371), (313, 371), (150, 50, 50), 14)
    return canvas


def restorer(
    call: Callable[[Tensor], Tensor] = lambda batch: batch, side: int = 256
) -> LoadedModel:
    """A face restorer that does `call`, by default nothing."""
    module = torch.nn.Conv2d(3, 3, 1)
    return LoadedModel("drawn", Purpose.FACES, 1, 3, 1, 1, 0, module, call, crop=side)
