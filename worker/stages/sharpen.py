"""Lifts fine detail and undoes a known blur, without halos."""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np

from core.errors import Cancelled
from worker.diagnosis import Blur
from worker.imaging.photo import Pixels
from worker.stages.coarse import Levels, ramp
from worker.stages.deconvolution import CONTEXT, WINDOW, Deconvolution
from worker.tiles import strips

__all__ = ["sharpen"]

_SIGMA: Final = 1.2
_MARGIN: Final = 8
_MOST: Final = 1.5
"""Share of the detail that is added at strength 100."""

_NEAR: Final = 4
"""Pixels around within which the darkest and brightest luma bound an undone blur."""
_BEYOND: Final = 0.2
"""Share of their span by which it may go beyond: small bright things had lost some height."""

_FLAT: Final = (4.5, 9.0)
"""Spans of 5×5 pixels, in standard deviations of the grain, up to which a place is flat and from
which on it has detail; 25 values of pure noise span some 4."""

_LUMA: Final = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
_FULL: Final = np.float32(65535)


def sharpen(
    pixels: Pixels,
    strength: int,
    blur: Blur | None = None,
    noise: float = 0.0,
    *,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Pixels:
    """The photo sharpened by `strength` (0–100) on its luma, so that colours stay.

    Without a known `blur`: an unsharp mask, held between the darkest and brightest luma of the 5×5
    neighbourhood, so that edges get steeper but no halo appears. With one: `strength` percent of
    the way to the photo before the blur, held near the luma around, and halted where there is
    only grain, whose standard deviation `noise` is on the scale 0–255. Raises Cancelled.
    """
    if strength == 0:
        return pixels
    if blur is None:
        return _crisp(pixels, strength)
    return _undone(pixels, strength, blur, noise, progress, cancelled)


def _crisp(pixels: Pixels, strength: int) -> Pixels:
    result = np.empty_like(pixels)
    kernel = np.ones((5, 5), np.uint8)
    for read, keep, write in strips(pixels.shape[0], 512, _MARGIN):
        part = pixels[read].astype(np.float32)
        luma = part @ _LUMA
        detail = luma - cv2.GaussianBlur(luma, (0, 0), _SIGMA)
        wanted = luma + detail * (_MOST * strength / 100)
        held = np.clip(wanted, cv2.erode(luma, kernel), cv2.dilate(luma, kernel))
        result[write] = np.clip(np.rint(part + (held - luma)[..., None]), 0, 65535)[keep]
    return result


def _undone(
    pixels: Pixels,
    strength: int,
    blur: Blur,
    noise: float,
    progress: Callable[[float], None] | None,
    cancelled: Callable[[], bool] | None,
) -> Pixels:
    height, width = pixels.shape[:2]
    result = np.empty_like(pixels)
    way = Deconvolution(blur, noise)
    share = np.float32(strength / 100)
    size = WINDOW - 2 * CONTEXT
    for rows, down, tall in strips(height, size, CONTEXT):
        if cancelled is not None and cancelled():
            raise Cancelled
        for columns, across, wide in strips(width, size, CONTEXT):
            part = pixels[rows, columns].astype(np.float32) / _FULL
            luma: Levels = (part @ _LUMA).astype(np.float32)
            change = _change(luma, way, (down.start, across.start), noise)[down, across]
            wanted = part[down, across] + (share * change)[..., None]
            result[tall, wide] = np.rint(np.clip(wanted, 0, 1) * _FULL)
        if progress is not None:
            progress(tall.stop / height)
    return result


def _change(luma: Levels, way: Deconvolution, origin: tuple[int, int], noise: float) -> Levels:
    """What undoing the blur adds to a part of the photo that begins `origin` before its own."""
    height, width = luma.shape
    top, left = (CONTEXT - begin for begin in origin)
    below, right = WINDOW - height - top, WINDOW - width - left
    window = _mirrored(luma, (top, below), (left, right))
    sharp = way.sharpened(window)[top : top + height, left : left + width]
    # Round and soft bounds: those of a square would show their shape around small lights.
    near = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _NEAR + 1, 2 * _NEAR + 1))
    low, high = (
        cv2.GaussianBlur(extreme(luma, near), (0, 0), _NEAR / 2)
        for extreme in (cv2.erode, cv2.dilate)
    )
    low, high = np.minimum(low, luma), np.maximum(high, luma)
    beyond = np.float32(_BEYOND) * (high - low)
    held = np.clip(sharp, low - beyond, high + beyond)
    kernel = np.ones((5, 5), np.uint8)
    span = cv2.dilate(luma, kernel) - cv2.erode(luma, kernel)
    span = cv2.GaussianBlur(span, (0, 0), 2).astype(np.float32)
    grain = max(noise, 1.0) / 255
    change: Levels = (held - luma) * ramp(span, _FLAT[0] * grain, _FLAT[1] * grain)
    return change


def _mirrored(luma: Levels, down: tuple[int, int], across: tuple[int, int]) -> Levels:
    """The part, with its ends mirrored where the photo has none, to the size of a window."""
    mirrored: Levels = np.pad(luma, (down, across), mode="symmetric")
    return mirrored
