"""Faces out of the photo, through the face restorer, as far as they stay themselves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.errors import Cancelled
from core.language import _
from worker.diagnosis import blocking, noise_sigma
from worker.engine import Engine
from worker.faces import Face
from worker.imaging.photo import Photo, Pixels
from worker.models import LoadedModel
from worker.stages.faces.alignment import TEMPLATE_SIDE, Matrix, align, cut, seen
from worker.stages.faces.condition import reason_to_leave
from worker.stages.faces.resemblance import kept
from worker.stages.faces.texture import with_texture

__all__ = ["RestoredFace", "restore"]

_UNSEEN_BLOCKING, _GRAIN_OF_BLOCKS = 0.3, 16.0
"""What JPEG blocks count as noise: a photo whose grain was coded hides it in its quiet places. Were
they not counted, grain of sigma 5–20 under JPEG 40–80 would pass for texture, which costs faces
that are restored without a denoiser 0.3–0.7 dB; so it is less than 0.05."""


@dataclass(frozen=True, eq=False)
class RestoredFace:
    """A restored crop and the 2×3 matrix that takes photo coordinates to crop coordinates.

    `strength` percent of the change are to be kept; `drifted` tells that with all that was asked
    for the face begins to look like another.
    """

    crop: Pixels
    to_crop: Matrix
    strength: int = 100
    drifted: bool = False


def restore(
    pixels: Pixels,
    faces: Sequence[Face],
    model: LoadedModel,
    engine: Engine,
    *,
    strength: int = 100,
    binding: bool = False,
    grain: float | None = None,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[tuple[RestoredFace, ...], tuple[str, ...]]:
    """The restored faces, and for each one left alone the reason in words.

    A face that `strength` would make another's is kept at less, unless that is `binding`. Fine
    texture of the photo stays where it is more than `grain`, the standard deviation (0–255) of its
    noise, by default as measured.
    """
    side = model.crop or TEMPLATE_SIDE
    given = side // model.scale
    grain = _grain(pixels) if grain is None else grain
    restored, left_alone = [], []
    for index, face in enumerate(faces):
        if cancelled is not None and cancelled():
            raise Cancelled
        to_crop = align(face.points, side)
        reason = reason_to_leave(pixels, face.points, to_crop, side, given)
        if reason is not None:
            left_alone.append(reason)
        elif to_crop is not None:
            better = engine.run_whole(model, seen(pixels, to_crop, side, given))
            one = _held(pixels, better, to_crop, strength, binding, grain)
            if one.strength:
                restored.append(one)
            else:
                left_alone.append(_("no longer alike when restored"))
        if progress is not None:
            progress((index + 1) / len(faces))
    return tuple(restored), tuple(left_alone)


def _held(
    pixels: Pixels, better: Pixels, to_crop: Matrix, strength: int, binding: bool, grain: float
) -> RestoredFace:
    """A restored crop with the photo's texture, at the strength that leaves the face itself."""
    side = better.shape[0]
    native = side / float(np.hypot(*to_crop[:, 0]))
    source = cut(pixels, to_crop, side)
    crop = with_texture(better, source, native, grain)
    most = kept(source, crop, native, strength)
    return RestoredFace(crop, to_crop, strength if binding else most, drifted=most < strength)


def _grain(pixels: Pixels) -> float:
    photo = Photo(pixels)
    coded = _GRAIN_OF_BLOCKS * max(0.0, blocking(photo) - _UNSEEN_BLOCKING)
    return float(np.hypot(noise_sigma(photo), coded))
