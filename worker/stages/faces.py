"""Restores faces on an aligned crop and sets them back into the enlarged photo."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import Cancelled
from worker.engine import Engine
from worker.faces import Face
from worker.imaging.photo import Pixels
from worker.models import LoadedModel

__all__ = ["TEMPLATE", "RestoredFace", "align", "cut", "paste", "restore"]

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

_TEMPLATE_SIDE = 512
_LEAST_EYE_DISTANCE = 6.0
_MOST_SHRINK = 0.6
"""Faces that the crop would have to shrink below this hold more detail than the crop can."""

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RestoredFace:
    """A restored crop and the 2×3 matrix that takes photo coordinates to crop coordinates."""

    crop: Pixels
    to_crop: Matrix


def restore(
    pixels: Pixels,
    faces: Sequence[Face],
    model: LoadedModel,
    engine: Engine,
    *,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[tuple[RestoredFace, ...], tuple[str, ...]]:
    """The restored faces, and for each one left alone the reason in words."""
    side = model.crop or _TEMPLATE_SIDE
    restored, skipped = [], []
    for index, face in enumerate(faces):
        if cancelled is not None and cancelled():
            raise Cancelled
        to_crop = align(face.points, side)
        if to_crop is None or face.eye_distance < _LEAST_EYE_DISTANCE:
            skipped.append("too small")
        elif np.hypot(to_crop[0, 0], to_crop[1, 0]) < _MOST_SHRINK:
            skipped.append("already large and detailed")
        else:
            crop = cut(pixels, to_crop, side)
            better = engine.run_whole(model, crop)
            restored.append(RestoredFace(_with_colours_of(crop, better), to_crop))
        if progress is not None:
            progress((index + 1) / len(faces))
    return tuple(restored), tuple(skipped)


def align(points: NDArray[np.float32], side: int = _TEMPLATE_SIDE) -> Matrix | None:
    """The 2×3 similarity from five points in the photo to the template at `side` pixels.

    A least-median fit, which one wrong point does not move; None if the points have no shape.
    """
    factor = side / _TEMPLATE_SIDE
    target = (TEMPLATE + 0.5) * factor - 0.5
    matrix: Any = cv2.estimateAffinePartial2D(points, target, method=cv2.LMEDS)[0]
    if matrix is None or not np.isfinite(matrix).all() or np.hypot(*matrix[:, 0]) < 1e-3:
        return None
    return cast("Matrix", matrix)


def cut(pixels: Pixels, to_crop: Matrix, side: int) -> Pixels:
    """The aligned crop, side×side; what lies outside the photo is its mirror image."""
    back = cv2.invertAffineTransform(to_crop)
    corners = np.array([(0, 0), (side, 0), (0, side), (side, side)]) @ back[:, :2].T + back[:, 2]
    height, width = pixels.shape[:2]
    left, top = np.clip(np.floor(corners.min(0)).astype(int) - 4, 0, (width - 1, height - 1))
    right, bottom = np.clip(np.ceil(corners.max(0)).astype(int) + 4, 1, (width, height))
    region = np.ascontiguousarray(pixels[top:bottom, left:right])
    return _warp(region, _after_shift(to_crop, left, top), side, side)


def paste(
    pixels: Pixels, faces: Sequence[RestoredFace], source_size: tuple[int, int], strength: int
) -> Pixels:
    """`pixels` with the faces set in through a soft oval, `strength` percent of the way.

    The faces' matrices belong to a photo of `source_size` (width, height), of which `pixels` is
    an enlargement. Changes `pixels` in place.
    """
    height, width = pixels.shape[:2]
    grow = np.array([width / source_size[0], height / source_size[1]])
    for face in faces:
        side = face.crop.shape[0]
        back = cv2.invertAffineTransform(face.to_crop)
        to_photo = back * grow[:, None]
        to_photo[:, 2] += grow / 2 - 0.5  # Pixel centres: (x + ½)·s − ½.
        corners = np.array([(0, 0), (side, 0), (0, side), (side, side)], float)
        corners = corners @ to_photo[:, :2].T + to_photo[:, 2]
        left, top = np.clip(np.floor(corners.min(0)).astype(int), 0, (width, height))
        right, bottom = np.clip(np.ceil(corners.max(0)).astype(int) + 1, 0, (width, height))
        if right <= left or bottom <= top:
            continue
        moved = to_photo - np.array([[0, 0, left], [0, 0, top]])
        region = pixels[top:bottom, left:right]
        size = (int(right - left), int(bottom - top))
        coming = _warp(face.crop, moved, *size).astype(np.float32)
        oval = cv2.warpAffine(_oval(side), moved, size, flags=cv2.INTER_LINEAR)
        weight = oval[..., None] * (strength / 100)
        region[...] = np.rint(region + (coming - region) * weight)
    return pixels


def _warp(image: Pixels, matrix: Matrix, width: int, height: int) -> Pixels:
    """`image` through `matrix`, averaged down first where it shrinks, so that nothing aliases."""
    factor = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if factor < 0.75:
        size = tuple(max(1, round(side * factor)) for side in image.shape[1::-1])
        ratio = np.array([size[0] / image.shape[1], size[1] / image.shape[0]])
        image = cast("Pixels", cv2.resize(image, size, interpolation=cv2.INTER_AREA))
        matrix = matrix.copy()
        matrix[:, :2] /= ratio
        matrix[:, 2] += matrix[:, :2] @ (0.5 - ratio / 2)
    warped = cv2.warpAffine(
        image,
        matrix,
        (width, height),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    return cast("Pixels", warped)


def _after_shift(matrix: Matrix, left: int, top: int) -> Matrix:
    moved = matrix.copy()
    moved[:, 2] += matrix[:, :2] @ (left, top)
    return moved


def _oval(side: int) -> NDArray[np.float32]:
    """The share of the restored face: 1 over the features, 0 well before the crop's edge."""
    line = (np.arange(side, dtype=np.float32) + 0.5) / side * 2 - 1
    across, down = np.meshgrid(line, line - 0.04)
    reach = ((np.abs(across) / 0.86) ** 3 + (np.abs(down) / 0.92) ** 3) ** (1 / 3)
    fade = np.clip((1 - reach) / 0.35, 0, 1)
    smooth: NDArray[np.float32] = (fade * fade * (3 - 2 * fade)).astype(np.float32)
    return smooth


def _with_colours_of(original: Pixels, restored: Pixels) -> Pixels:
    """The restored crop with the broad colours and light of the original."""
    sigma = original.shape[0] / 16
    drift = cv2.GaussianBlur(
        original.astype(np.float32) - restored.astype(np.float32), (0, 0), sigma
    )
    result: Pixels = np.clip(np.rint(restored + drift), 0, 65535).astype(np.uint16)
    return result
