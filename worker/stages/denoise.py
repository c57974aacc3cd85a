"""Takes grain and compression blocks out of a photo."""

from collections.abc import Callable
from typing import cast

import cv2

from worker.engine import Engine
from worker.imaging.photo import Pixels
from worker.models import LoadedModel

__all__ = ["denoise"]


def denoise(
    pixels: Pixels,
    model: LoadedModel,
    engine: Engine,
    strength: int,
    *,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Pixels:
    """The photo blended with its cleaned self: `strength` percent of the way, 0 to 100."""
    if strength == 0:
        return pixels
    clean = engine.run(model, pixels, progress=progress, cancelled=cancelled)
    share = strength / 100
    return cast("Pixels", cv2.addWeighted(clean, share, pixels, 1 - share, 0, dst=clean))
