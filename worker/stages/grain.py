"""The original's grain: measured where the photo is flat, and given back to the result."""

import math
import zlib
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from worker.imaging.photo import Pixels
from worker.stages.coarse import Levels, ramp
from worker.tiles import strips

__all__ = ["Grain", "give_back", "measure"]

_LUMA: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)

_SIDE: Final = 16
"""Pixels of a side of the blocks in which grain is measured."""
_MOST_BLOCKS: Final = 4000
_FEWEST_BLOCKS: Final = 6

_DETAIL: Final = 0.5
"""Fine detail that a flat block may have, in standard deviations of what was cleaned away."""

_LEAST: Final = 0.4
"""Standard deviation on the scale 0–255 below which there is no grain to speak of."""

_SPECKLE: Final = 1.7
"""Deviation of colour over that of luma from which on noise is colour speckle; noise that is
independent in the three channels has some 1.2."""

_BLOCKY: Final = 1.3
"""Energy of steps at the borders of JPEG's blocks over that of others, from which on what was
cleaned away are blocks."""

_BANDS: Final = 9
_DARKEST, _BRIGHTEST = (0.01, 0.06), (0.93, 0.99)
"""Luma (0–1) between which grain fades out towards black and towards white."""

_ROWS: Final = 128


@dataclass(frozen=True)
class Grain:
    """The grain of a photo's luma.

    `sigmas` are standard deviations on the scale 0–255 at lumas evenly from black to white; `size`
    is the sigma in pixels of the Gaussian that makes noise without memory as coarse. A photo
    without grain has no sigmas.
    """

    sigmas: tuple[float, ...] = ()
    size: float = 0.0

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.sigmas)

    @property
    def sigma(self) -> float:
        """The mean over all lumas."""
        return sum(self.sigmas) / len(self.sigmas) if self.sigmas else 0.0


def measure(original: Pixels, cleaned: Pixels) -> Grain:
    """The grain that was cleaned away: `original` − `cleaned`, of one size, in flat blocks.

    None where it is colour speckle or the blocks of JPEG, which nobody wants back, and where no
    flat block is in sight.
    """
    before, after = _blocks(original), _blocks(cleaned)
    if len(before) < _FEWEST_BLOCKS:
        return Grain()
    luma = after @ _LUMA
    away = before - after
    rest: Levels = (away @ _LUMA).astype(np.float32)
    rest -= rest.mean((1, 2), keepdims=True)
    sigma = rest.std((1, 2))
    light = luma.mean((1, 2))
    chosen = (_fineness(luma) < _DETAIL * sigma) & (light > 4) & (light < 251)
    if int(chosen.sum()) < _FEWEST_BLOCKS:
        return Grain()
    rest, sigma, light, away = rest[chosen], sigma[chosen], light[chosen], away[chosen]
    colour = away - (away @ _LUMA)[..., None]
    colour -= colour.mean((1, 2), keepdims=True)
    typical = float(np.median(sigma))
    if typical < _LEAST or float(np.median(colour.std((1, 2, 3)))) > _SPECKLE * typical:
        return Grain()
    if _blockiness(rest) > _BLOCKY:
        return Grain()
    return Grain(_by_luma(sigma, light), _size(rest))


def give_back(pixels: Pixels, grain: Grain, amount: int, enlarged: float = 1.0) -> Pixels:
    """The photo with grain like that of the original, `amount` percent (0–100) as strong.

    `enlarged` is how many times larger the photo is than the original, in each direction: its
    grain is as much coarser. The same photo always gets the same grain. It lies on the luma
    alone, so that colours stay and grey stays grey, and fades out towards black and white.
    """
    if not grain or amount == 0:
        return pixels
    width = pixels.shape[1]
    size = math.sqrt((enlarged * grain.size) ** 2 + max(0.0, enlarged**2 - 1) / 12)
    margin = math.ceil(4 * size)
    seed = zlib.crc32(cv2.resize(pixels, (16, 16), interpolation=cv2.INTER_AREA).tobytes())
    strengths = np.array(grain.sigmas) * (257 * amount / 100)
    result = np.empty_like(pixels)
    for read, keep, write in strips(pixels.shape[0], _ROWS, margin):
        noise = _filtered(_white(seed, read, width), size)[keep]
        part = pixels[write].astype(np.float32)
        luma = part @ _LUMA / np.float32(65535)
        strength = np.interp(luma, np.linspace(0, 1, len(strengths)), strengths)
        strength *= ramp(luma, *_DARKEST) * (1 - ramp(luma, *_BRIGHTEST))
        # What is clipped in one channel only would change its colour.
        room = np.minimum(part.min(2), np.float32(65535) - part.max(2))
        added = np.clip(noise * strength.astype(np.float32), -room, room)
        result[write] = np.rint(part + added[..., None])
    return result


def _blocks(pixels: Pixels) -> Levels:
    """Blocks spread evenly over the photo, N×16×16×3 on the scale 0–255."""
    tops = range(0, pixels.shape[0] - _SIDE + 1, _SIDE)
    lefts = range(0, pixels.shape[1] - _SIDE + 1, _SIDE)
    places = [(top, left) for top in tops for left in lefts]
    stride = max(1, math.ceil(len(places) / _MOST_BLOCKS))
    blocks = [pixels[y : y + _SIDE, x : x + _SIDE] for y, x in places[::stride]]
    if not blocks:
        return np.empty((0, _SIDE, _SIDE, 3), np.float32)
    stacked: Levels = np.stack(blocks).astype(np.float32) / np.float32(257)
    return stacked


def _fineness(luma: Levels) -> Levels:
    """The deviation of the detail of each block that is finer than some four pixels."""
    smooth = np.stack([cv2.GaussianBlur(block, (0, 0), 2) for block in luma])
    fineness: Levels = (luma - smooth).std((1, 2))
    return fineness


def _blockiness(rest: Levels) -> float:
    """The energy of steps between pixels at the strongest of eight phases, over their median."""
    found = []
    for axis in (1, 2):
        steps = (np.diff(rest, axis=axis) ** 2).mean((0, 3 - axis))
        phases = [float(steps[phase::8].mean()) for phase in range(8)]
        found.append(max(phases) / max(float(np.median(phases)), 1e-6))
    return max(found)


def _by_luma(sigma: Levels, light: Levels) -> tuple[float, ...]:
    """The median deviation around each of nine lumas; where none was seen, that of the nearest."""
    lumas = np.linspace(0, 255, _BANDS)
    near = np.abs(light[:, None] - lumas) < 255 / (_BANDS - 1)
    seen = near.sum(0) >= 3
    if not seen.any():
        return (float(np.median(sigma)),) * _BANDS
    known = [float(np.median(sigma[near[:, band]])) for band in np.flatnonzero(seen)]
    return tuple(float(value) for value in np.interp(lumas, lumas[seen], known))


def _size(rest: Levels) -> float:
    """From the correlation r of neighbours: white noise under a Gaussian has r = e^(−1 / 4σ²)."""
    energy = float((rest**2).mean())
    across = float((rest[:, :, 1:] * rest[:, :, :-1]).mean())
    down = float((rest[:, 1:] * rest[:, :-1]).mean())
    correlation = (across + down) / 2 / max(energy, 1e-6)
    if correlation < 0.02:
        return 0.0
    return math.sqrt(-1 / (4 * math.log(min(correlation, 0.95))))


def _white(seed: int, rows: slice, width: int) -> Levels:
    """Noise of deviation 1 without memory, the same for a row whoever asks."""
    parts = []
    for block in range(rows.start // _ROWS, (rows.stop - 1) // _ROWS + 1):
        draw = np.random.default_rng((seed, block))
        parts.append(draw.standard_normal((_ROWS, width), np.float32))
    first = rows.start // _ROWS * _ROWS
    white: Levels = np.concatenate(parts)[rows.start - first : rows.stop - first]
    return white


def _filtered(white: Levels, size: float) -> Levels:
    """Noise made as coarse as `size` says, its deviation still 1."""
    if size < 0.2:
        return white
    reach = 2 * math.ceil(4 * size) + 1
    kernel = np.asarray(cv2.getGaussianKernel(reach, size), np.float64)
    kernel /= np.sqrt((kernel**2).sum())
    filtered: Levels = cv2.sepFilter2D(white, -1, kernel, kernel).astype(np.float32)
    return filtered
