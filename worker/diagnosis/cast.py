"""The colour of the light, by estimates that have to agree."""

import cv2
import numpy as np
from numpy.typing import NDArray

from worker.diagnosis.colourspace import fast_lab

__all__ = ["cast_of"]

Values = NDArray[np.float32]
Vector = NDArray[np.float64]

_BLACK, _WHITE = 0.02, 0.98
"""Levels (0–1) beyond which a channel is clipped and its colour unknown."""

_FEWEST = 200
"""Pixels of which an estimate can be made."""

_GREY_LIGHT = 0.6

_GLOW_CHROMA, _GLOW_HUES, _GLOW_SHARE = 42.0, (15.0, 95.0), 0.015
"""Of the photo's pixels so many, warm and among its brightest fifth, are the glow of a low sun or
of lamps: its light is coloured, as it was there."""


def cast_of(colours: Values, lab: Values) -> tuple[float, float]:
    """The cast of a small photo as CIE a* and b* of a grey: what four estimates have in common.

    `colours` are RGB levels (0–1), `lab` the same in CIE L*a*b*. The estimates: Shades of Grey
    (Finlayson and Trezzi 2004), Grey-Edge (van de Weijer et al. 2007), the colour of the brightest
    parts, and that of the least colourful ones. The result lies in their mean direction and is as
    small as the smallest of them; a photo in which one thing is neutral has no cast.
    """
    known = (colours.max(2) < _WHITE) & (colours.min(2) > _BLACK)
    if min(known.shape) < 2 or int(known.sum()) < _FEWEST or _glows(lab):
        return 0.0, 0.0
    some, plane = colours[known].astype(np.float64), lab[known].astype(np.float64)
    lightness, chromas = plane[:, 0], plane[:, 1:]
    distance = np.hypot(chromas[:, 0], chromas[:, 1])
    estimates = np.array(
        [
            _plane((some**6).mean(0) ** (1 / 6)),
            _plane(_edges(colours, known)),
            np.median(chromas[lightness >= np.percentile(lightness, 93)], axis=0),
            np.median(chromas[distance <= np.percentile(distance, 30)], axis=0),
        ]
    )
    sizes = np.maximum(np.hypot(estimates[:, 0], estimates[:, 1]), 1.0)
    direction: Vector = (estimates / sizes[:, None]).mean(0)
    length = float(np.hypot(*direction))
    if length < 1e-6:
        return 0.0, 0.0
    direction = direction / length
    common = direction * max(0.0, float((estimates @ direction).min()))
    return float(common[0]), float(common[1])


def _glows(lab: Values) -> bool:
    lightness, chroma = lab[..., 0], np.hypot(lab[..., 1], lab[..., 2])
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1]))
    warm = (chroma > _GLOW_CHROMA) & (hue > _GLOW_HUES[0]) & (hue < _GLOW_HUES[1])
    bright = lightness >= np.percentile(lightness, 80)
    return float((warm & bright).mean()) > _GLOW_SHARE


def _edges(colours: Values, known: NDArray[np.bool_]) -> Vector:
    smooth = cv2.GaussianBlur(colours, (0, 0), 1).astype(np.float64)
    across = np.diff(smooth, axis=1)[:-1]
    down = np.diff(smooth, axis=0)[:, :-1]
    strengths = np.hypot(across, down)[known[:-1, :-1]]
    found: Vector = (strengths**5).mean(0) ** (1 / 5)
    return found


def _plane(colour: Vector) -> Vector:
    """The CIE a* and b* of a colour at the lightness of a middle grey."""
    level = colour / max(float(colour.max()), 1e-6) * _GREY_LIGHT
    lab = fast_lab(level.astype(np.float32).reshape(1, 1, 3))
    plane: Vector = lab[0, 0, 1:].astype(np.float64)
    return plane
