"""How well the faces in a photo can be seen."""

from collections.abc import Sequence
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.diagnosis.samples import Luma, luma
from worker.diagnosis.values import FaceFigures
from worker.faces import Face
from worker.imaging.photo import Pixels

__all__ = ["figures_of"]

_WIDE, _HIGH, _BELOW = 2.0, 2.6, 0.1
"""The oval of a face from forehead to chin, and how far its centre lies below the middle of the
points, in units of the face: the larger of the distances from eye to eye and from eyes to mouth."""
_LARGEST_UNIT = 64.0
_FINE, _COARSE, _FLAT = 0.7, 1.4, 20


def figures_of(faces: Sequence[Face], pixels: Pixels) -> tuple[FaceFigures, ...]:
    """The figures of each face that was found in H×W×3 pixels, in the order of the faces.

    Sharpness is the energy of the gradient after a blur of sigma 0.7 over that after 1.4, each less
    its level in flat skin, where only grain is; seen at the face's own resolution, or at 64 pixels
    from eye to eye where it is larger. Of 30 aligned faces of that size (10th percentile, median,
    90th): clean 1.42 1.52 1.68; blurred with sigma 1 1.29 1.34 1.42, 1.5 1.21 1.25 1.31, 2.5 1.12
    1.14 1.17; noise of sigma 20 moves them by 0.01. Small sharp ones have more, 2 at 32 pixels.
    """
    return tuple(
        FaceFigures(face.eye_distance, _sharpness(face, pixels), _inside(face, pixels))
        for face in faces
    )


def _unit(face: Face) -> float:
    eyes, mouth = face.points[:2].mean(axis=0), face.points[3:].mean(axis=0)
    return max(1.0, face.eye_distance, float(np.hypot(*(mouth - eyes))))


def _sharpness(face: Face, pixels: Pixels) -> float:
    unit = _unit(face)
    scale = min(1.0, _LARGEST_UNIT / unit)
    reach = round(1.5 * unit)
    column, row = (round(float(one)) for one in face.points.mean(axis=0))
    top, left = max(0, row - reach), max(0, column - reach)
    region = pixels[top : row + reach + 1, left : column + reach + 1]
    if min(region.shape[:2]) < 2:
        return 1.0
    size = tuple(max(2, round(side * scale)) for side in region.shape[1::-1])
    light = cv2.resize(luma(region), size, interpolation=cv2.INTER_AREA)
    down, across = np.mgrid[: light.shape[0], : light.shape[1]].astype(np.float64)
    spots = np.stack([across / scale + left, down / scale + top], axis=-1)
    area = _within(face, spots)
    if area.sum() < 16:
        return 1.0
    fine, coarse = (_energy(cast("Luma", light), area, sigma) for sigma in (_FINE, _COARSE))
    return fine / coarse


def _inside(face: Face, pixels: Pixels) -> float:
    """The share of the face's oval that lies in the photo."""
    reach = _HIGH * _unit(face) * np.linspace(-1, 1, 61)
    spots = np.stack(np.meshgrid(reach, reach), axis=-1) + face.points.mean(axis=0)
    oval = spots[_within(face, spots)]
    height, width = pixels.shape[:2]
    return float(((oval > -0.5) & (oval < (width - 0.5, height - 0.5))).all(axis=1).mean())


def _within(face: Face, spots: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of …×2 places (x, y) lie in the oval of the face."""
    turn = np.radians(face.tilt)
    across, down = np.moveaxis(spots - face.points.mean(axis=0), -1, 0) / _unit(face)
    level = across * np.cos(turn) + down * np.sin(turn)
    upright = down * np.cos(turn) - across * np.sin(turn) - _BELOW
    inside: NDArray[np.bool_] = (2 * level / _WIDE) ** 2 + (2 * upright / _HIGH) ** 2 < 1
    return inside


def _energy(light: Luma, area: NDArray[np.bool_], sigma: float) -> float:
    """Mean energy of the gradient in the face beyond its level in the flattest places."""
    down, across = np.gradient(cv2.GaussianBlur(light, (0, 0), sigma))
    energy = down * down + across * across
    level = float(np.percentile(cv2.blur(energy, (9, 9))[area], _FLAT))
    return max(float(energy[area].mean()) - level, 1e-6)
