"""Takes grain and compression blocks out of a photo."""

from collections.abc import Callable
from typing import cast

import cv2
import numpy as np

from worker.engine import Engine
from worker.imaging.photo import Pixels
from worker.models import LoadedModel
from worker.tiles import strips

__all__ = ["denoise"]

_WHITE, _BLACK = 254 * 257, 1 * 257
_AROUND = 2
_KERNEL = np.ones((2 * _AROUND + 1, 2 * _AROUND + 1), np.uint8)
"""The pixels around one that have to be clipped, too: single ones are noise."""


def denoise(
    pixels: Pixels,
    model: LoadedModel,
    engine: Engine,
    strength: int,
    *,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Pixels:
    """The photo blended with its cleaned self: `strength` percent of the way, 0 to 100.

    Places that are clipped to white or black all around stay as they are.
    """
    if strength == 0:
        return pixels
    clean = engine.run(model, pixels, progress=progress, cancelled=cancelled)
    share = strength / 100
    mixed = cast("Pixels", cv2.addWeighted(clean, share, pixels, 1 - share, 0, dst=clean))
    return _burnt(mixed, pixels)


def _burnt(result: Pixels, source: Pixels) -> Pixels:
    """`result` with plain white and plain black as they were: networks leave stains on them."""
    for read, keep, write in strips(source.shape[0], 512, _AROUND):
        part = source[read]
        for ends in (part.min(axis=2) >= _WHITE, part.max(axis=2) <= _BLACK):
            plain = cv2.erode(ends.astype(np.uint8), _KERNEL)[keep].astype(bool)
            result[write][plain] = part[keep][plain]
    return result
