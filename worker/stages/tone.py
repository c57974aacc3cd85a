"""Keeps the colours and the light of the original."""

import math
from typing import NamedTuple, cast

import cv2
import numpy as np

from worker.imaging.photo import Pixels
from worker.stages.coarse import Levels, enlarged
from worker.tiles import strips

__all__ = ["colour_error", "pull_back"]

_SIGMA = 12.0
"""Pixels of the source over which colours are compared; finer differences are the model's work."""

_TOLERATED = 8 * 257
"""A difference of 8/255 counts half; larger ones are new detail rather than a cast."""

_BEYOND_NOISE = 3.0
"""How many times the median difference counts half, where that is more: noise was taken out."""

_UNSEEN = 257
"""What is left of the difference, edges and all, is added up to this: 1/255 is no glow."""

_UNCLIPPED = range(2 * 257, 254 * 257)
"""Levels that say what colour was there."""

_CLIPPED_SIGMA, _CLIPPED_SHARE = 6.0, 0.002
"""Around a pixel, over so many pixels of the source, so few may be clipped for it to tell of
colours: what noise drives into black or white leaves a mean that was never there."""

_FADE = 0.05
"""Share of telling pixels in a neighbourhood at which half of the correction is left."""

_COMPARED_PIXELS = 1_000_000


class _Comparison(NamedTuple):
    """`difference` is source − result, `telling` 1 where it tells of colours and 0 near clipped
    levels, `open` the share (0–1) of unclipped levels; H×W×3, pixels of the source × `shrink`.
    """

    difference: Levels
    telling: Levels
    open: Levels
    shrink: float


def colour_error(result: Pixels, source: Pixels) -> float:
    """How far the broad colours of `result` are from those of `source`, in levels of 255.

    The mean over pixels and channels of the absolute difference at the source's size (a megapixel
    at most) after a Gaussian of 12 pixels, with the places around clipped levels left out; 0 where
    nothing else is left.
    """
    compared = _compared(result, source)
    drift = _averaged(compared.difference, compared.telling, _SIGMA * compared.shrink, 1e-6)
    weight = float(compared.telling.sum(dtype=np.float64))
    drift = np.abs(drift, out=drift) * compared.telling
    return float(drift.sum(dtype=np.float64)) / max(weight, 1.0) / 257


def pull_back(result: Pixels, source: Pixels) -> Pixels:
    """`result`, of the size of `source` or larger, changed in place to have its broad colours.

    Networks trained with an adversarial loss shift colours slowly over areas; the blurred
    difference to the source is added back. Where the two differ much, at edges that were made
    steeper, the difference is the model's work and hardly counts, so that nothing glows. Where the
    source is clipped to black or white it tells no colour: such places do not count and stay as
    they are.
    """
    compared = _compared(result, source)
    drift = _drift(compared)
    for _, _, rows in strips(result.shape[0], 256, 0):
        part = enlarged(compared.open, rows, result.shape)
        part *= enlarged(drift, rows, result.shape)
        part += result[rows]
        result[rows] = np.rint(np.clip(part, 0, 65535, out=part), out=part)
    return result


def _compared(result: Pixels, source: Pixels) -> _Comparison:
    height, width = source.shape[:2]
    shrink = min(1.0, math.sqrt(_COMPARED_PIXELS / (height * width)))
    size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    wanted, made = (_resized(picture, size, cv2.INTER_AREA) for picture in (source, result))
    clipped = np.empty(source.shape, np.uint8)
    for _, _, rows in strips(height, 512, 0):
        part = source[rows]
        clipped[rows] = (part < _UNCLIPPED.start) | (part > _UNCLIPPED.stop)
    share = np.empty_like(wanted)
    for channel in range(3):
        some = clipped[..., channel].astype(np.float32)
        share[..., channel] = cv2.resize(some, size, interpolation=cv2.INTER_AREA)
    telling = _blurred(share, max(1.0, _CLIPPED_SIGMA * shrink)) < _CLIPPED_SHARE
    return _Comparison(wanted - made, telling.astype(np.float32), 1 - share, shrink)


def _drift(compared: _Comparison) -> Levels:
    """What has to be added, smooth, and fading out far from places that tell of colours."""
    largest = np.abs(compared.difference).max(axis=2, keepdims=True)
    tolerated = max(_TOLERATED, _BEYOND_NOISE * float(np.median(largest)))
    weight = compared.telling / (1 + (largest / tolerated) ** 4)
    sigma = _SIGMA * compared.shrink
    drift = _averaged(compared.difference, weight, sigma, _FADE)
    rest = _averaged(compared.difference - drift, compared.telling, sigma, _FADE)
    return drift + np.clip(rest, -_UNSEEN, _UNSEEN, out=rest)


def _averaged(values: Levels, weight: Levels, sigma: float, fade: float) -> Levels:
    """The weighted mean over a neighbourhood; `fade` is the weight at which it is halved."""
    sigma = max(1.0, sigma)
    return _blurred(values * weight, sigma) / (_blurred(weight, sigma) + np.float32(fade))


def _blurred(picture: Levels, sigma: float) -> Levels:
    blurred = cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    return cast("Levels", blurred.reshape(picture.shape))


def _resized(picture: Pixels | Levels, size: tuple[int, int], way: int) -> Levels:
    return cast("Levels", cv2.resize(picture, size, interpolation=way).astype(np.float32))
