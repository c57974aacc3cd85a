"""Whether a restored face is still that of the photo, seen as coarsely as the photo shows it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.imaging.photo import Pixels
from worker.stages.faces.alignment import TEMPLATE, TEMPLATE_SIDE
from worker.stages.faces.change import Levels, change

__all__ = ["Drift", "drift", "kept"]

_MOST_SHIFT, _MOST_UNLIKENESS, _MOST_PALING = 1 / 6, 8.0, 5.0
"""Of 49 held-out faces made 64 pixels small and poor, set in at full strength, as 95th percentiles:
restored by the shipped model 0.06, 1.8 and 0, by the clean face itself 0.13, 3.6 and 1. As 5th
percentiles: another's face 1.0, 37 and −32; the mouth or an eye moved by 5 % of the eye distance
0.26, 1.0 and −11, by 10 % 0.48, 2.7 and −12; twice as smooth 0.09, 5.4 and 21
(`python -m benchmarks.resemblance`). A sixth of a pixel is 1 % of the eye distance there; in a face
of 25 pixels the clean one lies up to 0.3 beside what noise and JPEG left of it."""

_STEPS = (60, 50, 40, 25, 0)
"""Where a strength backs off to."""

_SIDES = 24, 64
"""Least and most pixels of the crops that are compared: 6 and 16 between the eyes."""

_BLURS = (0, 0.5, 0.8, 1.2, 1.7, 2.4, 3.4)
"""Sigmas, in pixels of these crops, that are tried to make the new face as soft as the old."""

_SOFT, _BROAD = 0.7, 1 / 16
"""The band that counts: above grain, below light and shade. In pixels, in sides of the crop."""

_FEATURES = ((0.4, 0.3), (0.4, 0.3), (0.35, 0.35), (0.5, 0.3))
"""Reach (x, y) of the eyes, the nose and the mouth, in distances of the eyes."""

_LITTLE = 1.0
"""Contrast, in levels of 255, that says nothing of a face."""

_GREY = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Drift:
    """How far a face went from what it was.

    `shift` is how far the eye, nose or mouth that moved most moved, in pixels as coarse as those
    that are compared; `unlikeness` is 1 less the correlation of the one that changed most, in
    percent; `paling` is what the features lost of their contrast, in percent, below 0 where they
    gained.
    """

    shift: float
    unlikeness: float
    paling: float

    @property
    def begun(self) -> bool:
        """Whether it is more than restoring accounts for."""
        return (
            self.shift > _MOST_SHIFT
            or self.unlikeness > _MOST_UNLIKENESS
            or self.paling > _MOST_PALING
        )


def kept(source: Pixels, restored: Pixels, native: float, strength: int) -> int:
    """The strength, at most `strength`, up to which the face of an aligned crop stays itself.

    `native` is how many pixels of the photo a side of the crop covers.
    """
    added = change(restored, source)
    for step in (strength, *(step for step in _STEPS if step < strength)):
        if not drift(source, source + added * np.float32(step / 100), native).begun:
            return step
    return 0


def drift(before: NDArray[np.generic], after: NDArray[np.generic], native: float) -> Drift:
    """The drift from one aligned crop, H×H×3 of 0–65535, to another of the same face.

    Both are seen at the resolution of the photo, `native` pixels a side, and at most at 64. Of the
    blurs of `after` the one counts that makes it most like `before`: a sharper face is no other
    face. The shift is a step of B. Lucas and T. Kanade's registration (1981) for each feature.
    """
    side = round(min(max(native, _SIDES[0]), _SIDES[1]))
    weights = _features(side)
    every = np.sum(weights, axis=0)
    old = _band(_reduced(before, side))
    news = [_band(levels) for levels in _softer(_reduced(after, side))]
    new = max(news, key=lambda levels: _correlation(old, levels, every))
    little = _LITTLE**2 * every.sum()
    contrast = np.sqrt(((every * news[0] ** 2).sum() + little) / ((every * old**2).sum() + little))
    return Drift(
        shift=max(_shift(old, new, weight) for weight in weights),
        unlikeness=max(1 - _correlation(old, new, weight) for weight in weights) * 100,
        paling=float(1 - contrast) * 100,
    )


@cache
def _features(side: int) -> tuple[Levels, ...]:
    """Soft windows over both eyes, nose and mouth."""
    points = (TEMPLATE + 0.5) * (side / TEMPLATE_SIDE) - 0.5
    eyes = float(np.hypot(*(points[1] - points[0])))
    down, across = np.mgrid[:side, :side]
    centres = (*points[:3], points[3:].mean(axis=0))
    return tuple(
        np.exp(
            -(((across - x) / (wide * eyes)) ** 2 + ((down - y) / (high * eyes)) ** 2) / 2
        ).astype(np.float32)
        for (x, y), (wide, high) in zip(centres, _FEATURES, strict=True)
    )


def _reduced(crop: NDArray[np.generic], side: int) -> Levels:
    """The crop's light (0–255) at `side` pixels."""
    light = crop.astype(np.float32) @ _GREY / np.float32(257)
    way = cv2.INTER_AREA if side < crop.shape[0] else cv2.INTER_CUBIC
    small: Levels = cv2.resize(light, (side, side), interpolation=way).astype(np.float32)
    return small


def _softer(light: Levels) -> Iterator[Levels]:
    for sigma in _BLURS:
        yield cv2.GaussianBlur(light, (0, 0), sigma).astype(np.float32) if sigma else light


def _band(light: Levels) -> Levels:
    soft = cv2.GaussianBlur(light, (0, 0), _SOFT)
    band: Levels = soft - cv2.GaussianBlur(soft, (0, 0), light.shape[0] * _BROAD)
    return band


def _correlation(one: Levels, other: Levels, weight: Levels) -> float:
    # Where neither shows more than a little (dark glasses, a beard in the shade), both are alike.
    little = _LITTLE**2 * weight.sum()
    energies = ((weight * one * one).sum() + little) * ((weight * other * other).sum() + little)
    return float(((weight * one * other).sum() + little) / np.sqrt(energies))


def _shift(old: Levels, new: Levels, weight: Levels) -> float:
    """How many pixels the weighted part of `new` lies beside that of `old`."""
    down, across = np.gradient(new)
    slopes = np.stack([across, down])
    grid = np.einsum("ayx,byx,yx->ab", slopes, slopes, weight)
    grid += np.eye(2) * (_LITTLE**2 / 4 * weight.sum())
    seen = np.einsum("ayx,yx,yx->a", slopes, old - new, weight)
    return float(np.hypot(*np.linalg.solve(grid, seen)))
