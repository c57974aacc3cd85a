"""Enlarges a photo through one or more networks to an exact size."""

from collections.abc import Callable, Sequence
from typing import cast

import cv2

from worker.engine import Engine
from worker.imaging.photo import Pixels
from worker.models import LoadedModel
from worker.stages.tone import pull_back

__all__ = ["resize", "upscale"]


def upscale(
    pixels: Pixels,
    models: Sequence[LoadedModel],
    engine: Engine,
    width: int,
    height: int,
    *,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Pixels:
    """The photo through `models` in turn, then resized to `width` × `height` where they differ.

    Each pass keeps the broad colours of what it was given. Progress is weighed by the pixels and
    parameters of each pass.
    """
    work = []
    area = pixels.shape[0] * pixels.shape[1]
    for model in models:
        work.append(area * model.parameters)
        area *= model.scale**2
    done, total = 0, sum(work)
    for model, share in zip(models, work, strict=True):

        def tell(fraction: float, done: int = done, share: int = share) -> None:
            if progress is not None:
                progress((done + fraction * share) / total)

        grown = engine.run(model, pixels, progress=tell, cancelled=cancelled)
        pixels = pull_back(grown, pixels)
        done += share
    return resize(pixels, width, height)


def resize(pixels: Pixels, width: int, height: int) -> Pixels:
    """Area averaging where the photo shrinks, Lanczos where it grows."""
    if pixels.shape[:2] == (height, width):
        return pixels
    shrinks = width <= pixels.shape[1] and height <= pixels.shape[0]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LANCZOS4
    return cast("Pixels", cv2.resize(pixels, (width, height), interpolation=way))
