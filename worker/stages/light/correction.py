"""Brings a photo to a usual light, place by place."""

from collections.abc import Sequence
from functools import cache
from typing import Final

import cv2
import numpy as np

from worker.diagnosis import Fault, LightNeed
from worker.diagnosis.colourspace import fast_lab
from worker.diagnosis.samples import reduced
from worker.imaging.photo import Box, Pixels
from worker.stages.coarse import Levels, enlarged, ramp
from worker.stages.light.surroundings import Surroundings, surroundings
from worker.tiles import strips

__all__ = ["light"]

_SIDE: Final = 384
_STRIP_PIXELS: Final = 500_000
_STEPS: Final = 2048
"""Pieces of a tone curve, drawn straight between them."""

_LUMINANCE: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)
_FACE_BRIGHTEST, _FACE_DIMMED = 0.72, 0.65
"""L*/100 to which a face is brightened at most, and the share of its own to which it is darkened at
most, whatever its complexion."""

_SLACK: Final = 1e-6


def light(pixels: Pixels, found: LightNeed, strength: int, faces: Sequence[Box] = ()) -> Pixels:
    """The photo with `strength` percent (0–100) of what its light was `found` to need.

    A photo that needs nothing is returned as it is, the very same array. Lightness is changed in
    CIE L* by a curve whose effect a base layer steers (it keeps the photo's edges: no halos), so
    that highlights keep their relief; colours follow as ratios to luminance, so that hues stay,
    grey stays exactly grey, and clipped black and white stay black and white. Skin and sky get
    no more local contrast, leaves and skin no stronger colour. `faces` are boxes in pixels.
    """
    if not found or strength == 0:
        return pixels
    lab = fast_lab(reduced(pixels, _SIDE))
    around = surroundings(lab, faces, pixels.shape[1])
    work = _Work(found, _spared(found, lab, faces, pixels.shape[1]) * strength / 100)
    result = np.empty_like(pixels)
    height, width = pixels.shape[:2]
    for _, _, rows in strips(height, max(1, _STRIP_PIXELS // width), 0):
        result[rows] = work.strip(pixels[rows], _Maps(around, rows, pixels.shape))
    return result


class _Maps:
    """The maps of the surroundings for some rows of the photo."""

    def __init__(self, around: Surroundings, rows: slice, shape: tuple[int, ...]) -> None:
        self.slope = enlarged(around.slope, rows, shape)
        self.offset = enlarged(around.offset, rows, shape)
        self.skin = enlarged(around.skin, rows, shape)
        self.sky = enlarged(around.sky, rows, shape)
        self.leaves = enlarged(around.leaves, rows, shape)


class _Work:
    """The curves of one photo."""

    def __init__(self, found: LightNeed, share: float) -> None:
        self.share = np.float32(share)
        steps = np.linspace(0, 1, _STEPS + 1)
        curve = found.curve(steps)
        self.brightens = float(curve.mean()) > 0.5
        self.curve = curve.astype(np.float32)
        self.slope = np.gradient(curve, steps).clip(0.2, 4).astype(np.float32)
        self.gains = _gains(found)
        # A veil took colour as it took contrast, and from skin and leaves as well.
        veiled = Fault.FLAT in found.faults
        self.by_contrast = np.float32(0.8 if veiled else 0.5)
        self.calming = np.float32(0.3 if veiled else 1)

    def strip(self, pixels: Pixels, maps: _Maps) -> Levels:
        """Some rows in their new light, on the scale of 16 bits."""
        colours = _decoded()[pixels]
        if self.gains is not None:
            colours = self._neutral(colours, self.gains, maps)
        luminance = np.maximum(colours @ _LUMINANCE, np.float32(_SLACK))
        lightness = _lightness(luminance)
        base = np.clip(maps.slope * lightness + maps.offset, 0, 1)
        wanted, slope = self._toned(lightness, base, maps)
        made = _luminance(wanted)
        # By exposure colour grows with the light, by contrast with the slope of the curve.
        ratio = wanted / np.maximum(lightness, np.float32(1e-3))
        more = slope / np.maximum(ratio, np.float32(1e-3))
        vivid = (np.clip(more, 0.25, 4) ** self.by_contrast).astype(np.float32)
        calm = np.maximum(maps.skin, np.maximum(maps.leaves, maps.sky) * np.float32(0.7))
        vivid -= np.maximum(vivid - 1, 0) * self.calming * calm
        return _encoded(_coloured(colours * (made / luminance)[..., None], made, vivid))

    def _toned(self, lightness: Levels, base: Levels, maps: _Maps) -> tuple[Levels, Levels]:
        """The new L*/100, and the slope of the curve that led to it."""
        drawn, slope = _drawn(self.curve, lightness), _drawn(self.slope, base)
        if self.brightens:
            # What is bright around needs less light, and a sky would fade.
            spared = (1 - 0.3 * ramp(base, 0.6, 0.95)) * (1 - 0.4 * maps.sky)
        else:
            spared = 1 - 0.3 * (1 - ramp(base, 0.05, 0.4))
        share = self.share * spared
        detail = (lightness - base) * np.clip(1 - slope, 0, 0.5)
        detail *= 1 - np.maximum(maps.skin, maps.sky)
        detail *= np.minimum(1, 6 * lightness * (1 - lightness))
        wanted = lightness + share * (drawn + detail - lightness)
        return np.clip(wanted, 0, 1), 1 + share * (slope - 1)

    def _neutral(self, colours: Levels, gains: Levels, maps: _Maps) -> Levels:
        """Linear colours without the cast; clipped white stays white, skin keeps some warmth."""
        part = self.share * (1 - 0.3 * maps.skin) * (1 - ramp(colours.min(2), 0.88, 0.99))
        neutral: Levels = colours * (1 + (gains - 1) * part[..., None])
        return neutral


def _spared(found: LightNeed, lab: Levels, faces: Sequence[Box], width: int) -> float:
    """The share (0–1) of the correction that no face is the worse for."""
    shrink, share = lab.shape[1] / width, 1.0
    for face in faces:
        top, left = max(0, round(face.top * shrink)), max(0, round(face.left * shrink))
        high, wide = (max(1, round(side * shrink)) for side in (face.height, face.width))
        part = lab[top : top + high, left : left + wide, 0]
        if part.size == 0:
            continue
        now = float(np.median(part)) / 100
        then = float(found.curve(np.array([now]))[0])
        limit = max(now, _FACE_BRIGHTEST) if then > now else now * _FACE_DIMMED
        if abs(then - now) > abs(limit - now):
            share = min(share, abs(limit - now) / abs(then - now))
    return share


def _gains(found: LightNeed) -> Levels | None:
    """What linear channels are multiplied by, so that a grey with the cast is neutral as bright."""
    if not (found.cast_a or found.cast_b):
        return None
    lab = np.array([[[60, found.cast_a, found.cast_b]]], np.float32)
    level = cv2.cvtColor(lab, cv2.COLOR_Lab2RGB)[0, 0]
    colour = _decoded()[np.rint(np.clip(level, 0.01, 1) * 65535).astype(int)]
    gains = float(colour @ _LUMINANCE) / colour
    held: Levels = np.clip(gains, 0.4, 2.5).astype(np.float32)
    return held


@cache
def _decoded() -> Levels:
    """Linear light (0–1) of each of the 65536 levels of sRGB (IEC 61966-2-1)."""
    level = np.arange(65536) / 65535
    linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    return linear.astype(np.float32)


def _encoded(linear: Levels) -> Levels:
    curved = np.float32(1.055) * np.power(linear, np.float32(1 / 2.4)) - np.float32(0.055)
    level = np.where(linear <= np.float32(0.0031308), linear * np.float32(12.92), curved)
    return np.rint(np.clip(level, 0, 1) * np.float32(65535))


def _lightness(luminance: Levels) -> Levels:
    """CIE L*/100 of a luminance from 0 to 1."""
    curved = np.float32(1.16) * np.cbrt(luminance) - np.float32(0.16)
    return np.where(luminance > np.float32(0.008856), curved, luminance * np.float32(9.033))


def _luminance(lightness: Levels) -> Levels:
    curved = ((lightness + np.float32(0.16)) / np.float32(1.16)) ** 3
    return np.where(lightness > np.float32(0.08), curved, lightness / np.float32(9.033))


def _coloured(colours: Levels, luminance: Levels, vivid: Levels) -> Levels:
    """Colours with `vivid` times their distance from grey, drawn in where a channel would clip."""
    grey = luminance[..., None]
    over = colours.max(2) - luminance
    room = (1 - luminance) / np.maximum(over, np.float32(_SLACK))
    # Never below what they had: what was clipped in one channel stays as full.
    amount = np.minimum(vivid, np.maximum(room, 0))
    coloured: Levels = grey + (colours - grey) * amount[..., None]
    return np.clip(coloured, 0, 1)


def _drawn(curve: Levels, at: Levels) -> Levels:
    """A curve over [0, 1] at some places, straight between its steps."""
    place = np.clip(at, 0, 1) * np.float32(_STEPS)
    below = np.minimum(place.astype(np.int32), _STEPS - 1)
    low = curve[below]
    drawn: Levels = low + (curve[below + 1] - low) * (place - below.astype(np.float32))
    return drawn
