"""Faces out of the photo, through the face restorer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.errors import Cancelled
from worker.engine import Engine
from worker.faces import Face
from worker.imaging.photo import Pixels
from worker.models import LoadedModel
from worker.stages.faces.alignment import TEMPLATE_SIDE, Matrix, align, seen
from worker.stages.faces.condition import reason_to_leave

__all__ = ["RestoredFace", "restore"]


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
    side = model.crop or TEMPLATE_SIDE
    given = side // model.scale
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
            restored.append(RestoredFace(better, to_crop))
        if progress is not None:
            progress((index + 1) / len(faces))
    return tuple(restored), tuple(left_alone)
