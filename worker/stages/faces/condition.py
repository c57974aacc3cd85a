"""Whether a face is worth restoring, and if not, why in words."""

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from core.language import _
from worker.imaging.photo import Pixels
from worker.stages.faces.alignment import (
    TEMPLATE,
    TEMPLATE_SIDE,
    Matrix,
    cut,
    inverse,
    misfit,
    seen,
)

__all__ = ["fineness", "hope", "reason_to_leave", "surplus"]

_LEAST_EYE_DISTANCE = 6.0
_TEMPLATE_EYES = float(np.hypot(*(TEMPLATE[1] - TEMPLATE[0]))) / TEMPLATE_SIDE

_MOST_MISFIT = 0.2
"""Of the eye distance. Frontal faces in photos lie at 0.03–0.11, three-quarter views at up to
0.17, profiles from 0.22 on."""

_LEAST_INSIDE = 0.6
"""Of the face's oval: with less, more than an eye and half of the mouth are not in the photo."""

_HOPELESS = 1.75
"""`hope` of 25 held-out faces at 256 pixels (10th percentile, median, 90th): clean 4.0 5.9 8.1;
blurred with sigma 4 2.2 2.7 3.5, sigma 6 1.9 2.2 2.5, sigma 8 1.6 1.8 2.2, sigma 10 1.4 1.7 2.0;
made ten times smaller 2.3 2.7 3.5; noise of sigma 20 or JPEG 50 on top moves a median by at most
0.15. At sigma 8 eyes and mouth are smears, though still found."""

_SHARP = 1.5
"""`fineness` of the same faces: clean 1.44 1.58 1.90, with noise of sigma 20 1.45 1.61 1.90;
halved and enlarged again 1.36 1.45 1.65; blurred with sigma 1 1.29 1.36 1.50, sigma 1.5 1.21 1.25
1.35; made four times smaller 1.21 1.25 1.33. Sharp faces in real photos have 1.5–2.0."""

_MOST_GRAIN = 0.4
"""Of the fine energy: with more, what is left after taking it off says nothing. Reached from noise
of sigma 20 on a slightly blurred face; sharp ones with that noise are at 0.2–0.4."""

_DETAILED = 1.18
"""`surplus` of the same faces over 64 pixels: clean at 256 pixels 1.24 1.31 1.41, at 90 1.19 1.22
1.29, at 64 1.14 1.17 1.20; blurred with sigma 2.5 1.07 1.09 1.11, sigma 5 1.01 1.02 1.02. Noise of
sigma 20 moves them by at most 0.01."""

_HOPE_SIDE = 256
_FILLED = 1.33
"""A face that the crop enlarges by more cannot fill it with detail, however crisp its pixels."""

_COARSE = 0.6
"""Where the crop shrinks a face below this, the photo holds much more than the crop."""

_NATIVE_SIDE = 1024
_GREY = np.array([0.299, 0.587, 0.114], np.float32)


def reason_to_leave(
    pixels: Pixels,
    points: NDArray[np.float32],
    to_crop: Matrix | None,
    side: int,
    given: int,
) -> str | None:
    """Why a restorer with crops of `side` pixels should leave a face alone, None if it should not.

    `to_crop` is what `align` made of the face's points, `given` the side at which the restorer
    sees the crop, for those that enlarge it.
    """
    if to_crop is None or misfit(points, to_crop, side) > _MOST_MISFIT:
        return _("seen from the side")
    scale = float(np.hypot(*to_crop[:, 0]))
    if _TEMPLATE_EYES * side / scale < _LEAST_EYE_DISTANCE:
        return _("too small")
    height, width = pixels.shape[:2]
    if _inside(to_crop, side, width, height) < _LEAST_INSIDE:
        return _("cut off by the edge of the photo")
    if hope(seen(pixels, to_crop, side, _HOPE_SIDE)) < _HOPELESS:
        return _("too blurred to restore")
    if given < side and side / scale > given * _FILLED:
        crop = seen(pixels, to_crop, side, _HOPE_SIDE)
        return _("already detailed") if surplus(crop, given) > _DETAILED else None
    if scale > _FILLED or not _sharp(cut(pixels, to_crop, side)):
        return None
    native = min(_NATIVE_SIDE, round(side / scale))
    if scale < _COARSE and not _sharp(seen(pixels, to_crop, side, native)):
        return _("too large for the face model")
    return _("already sharp")


def hope(crop: Pixels) -> float:
    """How much a 256-pixel crop shows of features: fine over coarse edges, 1 for none at all.

    Energies of the gradient after blurs of sigma 2 and 5.6, each less its level in flat skin,
    where only noise is. Independent of contrast.
    """
    fine, coarse = (_edges(crop, sigma, 10)[0] for sigma in (2.0, 5.6))
    return fine / coarse


def fineness(crop: Pixels) -> tuple[float, float]:
    """How sharp a crop is at its own resolution, and the share of grain in its fine detail.

    The first is the energy of the gradient after a blur of sigma 0.7 over that after 1.4, each less
    its level in flat skin: 1.0–1.2 for soft faces, above 1.5 for sharp ones.
    """
    (fine, grain), (coarse, _) = (_edges(crop, sigma, 20) for sigma in (0.7, 1.4))
    return fine / coarse, grain / (fine + grain)


def surplus(crop: Pixels, side: int) -> float:
    """How much finer a 256-pixel crop is than its own copy at `side` pixels, 1 for not at all.

    The ratio of the gradients' energies after a blur of sigma 1.4, each less its level in flat
    skin.
    """
    small = cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA)
    coarse = cast("Pixels", cv2.resize(small, crop.shape[1::-1], interpolation=cv2.INTER_CUBIC))
    return _edges(crop, 1.4, 20)[0] / _edges(coarse, 1.4, 20)[0]


def _sharp(crop: Pixels) -> bool:
    sharpness, grain = fineness(crop)
    return sharpness > _SHARP and grain < _MOST_GRAIN


def _edges(crop: Pixels, sigma: float, flat: int) -> tuple[float, float]:
    """Mean energy of the gradient in the face, and its level in the flattest `flat` percent."""
    face = _face_area(crop.shape[0])
    light = cv2.GaussianBlur(crop.astype(np.float32) @ _GREY / 257, (0, 0), sigma)
    down, across = np.gradient(light)
    energy = down * down + across * across
    width = 2 * max(4, round(3 * sigma)) + 1
    level = float(np.percentile(cv2.blur(energy, (width, width))[face], flat))
    return max(float(energy[face].mean()) - level, 1e-6), level + 1e-6


def _face_area(side: int) -> NDArray[np.bool_]:
    """Where forehead, cheeks and chin lie in the crop."""
    line = (np.arange(side) + 0.5) / side * 2 - 1
    across, down = np.meshgrid(line, line - 0.08)
    area: NDArray[np.bool_] = (across / 0.5) ** 2 + (down / 0.62) ** 2 < 1
    return area


def _inside(to_crop: Matrix, side: int, width: int, height: int) -> float:
    """The share of the face that lies in the photo."""
    rows, columns = np.nonzero(_face_area(64))
    spots = (np.stack([columns, rows], axis=1) + 0.5) * (side / 64) - 0.5
    back = inverse(to_crop)
    there = spots @ back[:, :2].T + back[:, 2]
    return float(((there > -0.5) & (there < (width - 0.5, height - 0.5))).all(axis=1).mean())
