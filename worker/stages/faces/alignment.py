"""The way from a face in a photo to the upright crop that face restorers expect."""

from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.imaging.photo import Pixels

__all__ = [
    "TEMPLATE",
    "TEMPLATE_SIDE",
    "Matrix",
    "align",
    "corners",
    "cut",
    "inverse",
    "misfit",
    "seen",
    "warp",
]

TEMPLATE_SIDE = 512
TEMPLATE = np.array(
    [
        (192.98138, 239.94708),
        (318.90277, 240.1936),
        (256.63416, 314.01935),
        (201.26117, 371.41043),
        (313.08905, 371.15118),
    ],
    dtype=np.float32,
)
"""Eyes, nose and corners of the mouth in a 512-pixel crop, as FFHQ aligns and GFPGAN, CodeFormer
and RestoreFormer expect (facexlib, `face_restoration_helper.py`)."""

Matrix = NDArray[np.float64]
"""A 2×3 affine map (x, y) → (x, y) between pixel centres."""

_SHRINKING = 0.75


def align(points: NDArray[np.float32], side: int = TEMPLATE_SIDE) -> Matrix | None:
    """The similarity from five points in the photo to the template at `side` pixels.

    A least-median fit, which one wrong point does not move; None if the points have no shape.
    """
    matrix: Any = cv2.estimateAffinePartial2D(points, _target(side), method=cv2.LMEDS)[0]
    if matrix is None or not np.isfinite(matrix).all() or np.hypot(*matrix[:, 0]) < 1e-3:
        return None
    return cast("Matrix", matrix)


def misfit(points: NDArray[np.float32], to_crop: Matrix, side: int) -> float:
    """How far the points lie from the template (root mean square), in distances of its eyes."""
    target = _target(side)
    off = points @ to_crop[:, :2].T + to_crop[:, 2] - target
    return float(np.sqrt((off**2).sum(axis=1).mean()) / np.hypot(*(target[1] - target[0])))


def inverse(matrix: Matrix) -> Matrix:
    """The way back."""
    return cast("Matrix", cv2.invertAffineTransform(matrix))


def cut(pixels: Pixels, to_crop: Matrix, side: int) -> Pixels:
    """The aligned crop, side×side; what lies outside the photo is its mirror image."""
    reach = corners(inverse(to_crop), side)
    # Cubic interpolation looks two pixels around, and that after what `warp` shrinks.
    margin = 4 + int(4 / np.hypot(*to_crop[:, 0]))
    height, width = pixels.shape[:2]
    left, top = np.clip(np.floor(reach.min(0)).astype(int) - margin, 0, (width - 1, height - 1))
    right, bottom = np.clip(np.ceil(reach.max(0)).astype(int) + margin, 1, (width, height))
    moved = to_crop.copy()
    moved[:, 2] += to_crop[:, :2] @ (left, top)
    region = pixels[top:bottom, left:right]
    return cast("Pixels", warp(region, moved, side, side, cv2.BORDER_REFLECT_101))


def seen(pixels: Pixels, to_crop: Matrix, side: int, wanted: int) -> Pixels:
    """The crop that `to_crop` describes at `side` pixels, at `wanted` pixels instead."""
    factor = wanted / side
    way = to_crop * factor
    way[:, 2] += factor / 2 - 0.5
    return cut(pixels, way, wanted)


def corners(to_photo: Matrix, side: int) -> NDArray[np.float64]:
    """Where the outer corners of a crop come to lie, 4×2 (x, y)."""
    low, high = -0.5, side - 0.5
    square = np.array([(low, low), (high, low), (low, high), (high, high)])
    found: NDArray[np.float64] = square @ to_photo[:, :2].T + to_photo[:, 2]
    return found


def warp(
    image: NDArray[Any], matrix: Matrix, width: int, height: int, border: int = cv2.BORDER_CONSTANT
) -> NDArray[Any]:
    """`image` through `matrix`, averaged down first where it shrinks, so that nothing aliases.

    `border` is what lies outside the image: black, or another of OpenCV's ways.
    """
    factor = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if factor < _SHRINKING:
        size = tuple(max(1, round(side * factor)) for side in image.shape[1::-1])
        ratio = np.array([size[0] / image.shape[1], size[1] / image.shape[0]])
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        matrix = matrix.copy()
        matrix[:, :2] /= ratio
        matrix[:, 2] += matrix[:, :2] @ (0.5 - ratio / 2)
    return cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=border)


def _target(side: int) -> NDArray[np.float32]:
    """The template at `side` pixels; pixel centres move by half a pixel."""
    points: NDArray[np.float32] = (TEMPLATE + 0.5) * np.float32(side / TEMPLATE_SIDE) - 0.5
    return points
