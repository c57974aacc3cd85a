"""What JPEG has left in a photo."""

from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from worker.diagnosis.samples import Detail, Luma, brightest, luma, middle
from worker.imaging.origin import luma_steps
from worker.imaging.photo import Photo

__all__ = ["blocking", "quality", "quality_seen"]

_GRID_SIDE: Final = 256 + 7
_LEAST_SIDE = 24
_BIN: Final = 0.25
"""How finely coefficients are counted, in units of one."""
_REACH: Final = 512
"""Larger coefficients are few, and left out."""
_BINS: Final = int(_REACH / _BIN)
_LOW: Final = tuple((down, across) for down in range(6) for across in range(6 - down))
"""The frequencies that are looked at: of the others JPEG leaves little."""
_FLAT: Final = 0.6
"""A block without larger coefficients is one plain level, which tells of no step."""

_LEAST_FIT, _LEAST_FINE_FIT, _FINE, _LEAST_SURENESS = 0.4, 0.15, 88, 8.0
"""Photos that were never JPEG reach a fit of 0.1, and 0.3 for the coarsest tables, of which few
coefficients tell; rounded to 8 bits, a quality of 85 keeps 0.8, 90 0.6 and 95 0.27."""
_MOST_STEP: Final = 8.0
"""A larger step (0–255) is an edge of the picture rather than the border of a block."""
_FEWEST_BORDERS: Final = 6

_NEAR_BEST = 0.8
_NOT_WORSE = 3.0


def quality(told: float | None, detail: Detail) -> float | None:
    """The lowest JPEG quality (1–100, as libjpeg counts) that a photo went through.

    The pixels are asked as well as what the file's own tables `told`, so that a PNG made of a JPEG,
    or a poor JPEG saved anew at a high quality, is known. None where nothing shows that it was ever
    JPEG.
    """
    seen = quality_seen(detail)
    if seen is None or told is None:
        return told if seen is None else seen
    return seen if seen < told - _NOT_WORSE else told


def quality_seen(detail: Detail) -> float | None:
    """The quality (1–99) that the pixels themselves show, None if none.

    The grid of blocks is where most DCT coefficients are zero (T. Nikoukhah et al., "ZERO: a Local
    JPEG Grid Origin Detector Based on the Number of DCT Zeros", IPOL 11, 2021). On it the others
    lie at multiples of the table's steps: each quality's table is held against them (after Z. Fan
    and R. L. de Queiroz, "Identification of Bitmap Compression History", IEEE TIP 12(2), 2003), by
    the mean cosine of their phase. Multiples of a step are multiples of its divisors too, so the
    coarsest table that fits is taken. Exact for libjpeg's tables up to 95; noise or a change
    of size after the compression hides it.
    """
    if min(detail.light.shape) < _LEAST_SIDE:
        return None
    down, across = _origin(detail.light[:_GRID_SIDE, :_GRID_SIDE])
    usable = detail.opaque & (detail.light > 0) & (brightest(detail.pixels) < 65535)
    counts = _counts(detail.light[down:, across:], usable[down:, across:])
    return _coarsest(*_fits(counts))


def blocking(photo: Photo) -> float:
    """The mean step (0–255) at the borders of an 8-pixel grid beyond the steps beside them.

    Looked for along both directions and on each of the eight possible grids, so that a crop does
    not hide it. A step counts as 8 at most and the borders that differ most are left out: an edge
    of the picture that happens to lie on the grid is no block. Below 0.4 for a photo that was never
    JPEG, about 0.6 for a quality of 70, 1 for 50, 2.5 for 10.
    """
    light = luma(middle(photo.pixels))
    found = [_grid_step(light), _grid_step(np.ascontiguousarray(light.T))]
    return max(0.0, min(found))


def _grid_step(light: Luma) -> float:
    # A border of blocks is a step where both sides are smooth: the second difference across it.
    step = np.abs(np.diff(light, axis=1))
    beyond = step[:, 1:-1] - (step[:, :-2] + step[:, 2:]) / 2
    borders = np.clip(beyond, -_MOST_STEP, _MOST_STEP).mean(axis=0)
    borders = np.sort(borders[: borders.size // 8 * 8].reshape(-1, 8), axis=0)
    if len(borders) < _FEWEST_BORDERS:
        return 0.0
    apart = len(borders) // 4
    grids = borders[apart : len(borders) - apart].mean(axis=0)
    return float(grids.max() - np.median(grids))


def _origin(light: Luma) -> tuple[int, int]:
    """The row and column (0–7) at which the grid of blocks begins."""
    rows = sliding_window_view(light, 8, axis=1) @ _basis().T
    both = sliding_window_view(rows, 8, axis=0) @ _basis().T
    zeros = (np.abs(both) < 0.5).sum(axis=(2, 3))
    height, width = (side // 8 * 8 for side in zeros.shape)
    votes = zeros[:height, :width].reshape(height // 8, 8, width // 8, 8).sum(axis=(0, 2))
    down, across = np.unravel_index(int(votes.argmax()), votes.shape)
    return int(down), int(across)


def _counts(light: Luma, usable: NDArray[np.bool_]) -> NDArray[np.float32]:
    """How often each size of a coefficient occurs in whole usable blocks, by frequency.

    A block that comes again, as letters do, counts once.
    """
    height, width = (side // 8 * 8 for side in light.shape)
    shape = (height // 8, 8, width // 8, 8)
    whole = usable[:height, :width].reshape(shape).all(axis=(1, 3)).ravel()
    blocks = (light[:height, :width] - 128).reshape(shape).swapaxes(1, 2).reshape(-1, 64)
    distinct = {block.tobytes(): block for block in blocks[whole]}
    blocks = np.reshape([*distinct.values()], (-1, 8, 8))
    sizes = np.abs(_basis() @ blocks @ _basis().T)
    flat = sizes.reshape(-1, 64)[:, 1:].max(axis=1, initial=0) < _FLAT
    bins = np.minimum(np.rint(sizes[~flat] / _BIN), _BINS).astype(np.intp)
    return np.stack(
        [np.bincount(bins[:, down, across], minlength=_BINS + 1)[:_BINS] for down, across in _LOW]
    ).astype(np.float32)


def _fits(counts: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """For each quality of 1–99 how well its steps fit, −1–1, and how sure that is, in sigmas."""
    frequency, steps = np.arange(len(_LOW)), _steps()
    # Not by a matrix product: for so few numbers its threads take longer to meet than to count.
    cosines = np.einsum("fb,sb->fs", counts, _rhythms())
    beyond = np.cumsum(counts[:, ::-1], axis=1)[:, ::-1]
    fit = cosines[frequency, steps].sum(axis=1)
    number = np.maximum(beyond[frequency, _first_bin(steps)].sum(axis=1), 1)
    return fit / number, fit * np.sqrt(2 / number)


def _coarsest(fit: NDArray[np.float32], sureness: NDArray[np.float32]) -> float | None:
    least = np.where(np.arange(1, 100) < _FINE, _LEAST_FIT, _LEAST_FINE_FIT)
    convincing = (fit >= least) & (sureness >= _LEAST_SURENESS)
    if not convincing.any():
        return None
    at = int(np.flatnonzero(convincing & (fit >= _NEAR_BEST * fit[convincing].max()))[0])
    while at + 1 < fit.size and fit[at + 1] >= fit[at]:
        at += 1
    return float(at + 1)


@cache
def _basis() -> NDArray[np.float32]:
    """The eight rows of the orthonormal DCT-II of eight samples."""
    return np.ascontiguousarray(cv2.dct(np.eye(8, dtype=np.float32), flags=cv2.DCT_ROWS).T)


@cache
def _steps() -> NDArray[np.intp]:
    """The step of each low frequency, for each quality of 1–99."""
    return np.array(
        [[luma_steps(one)[8 * down + across] for down, across in _LOW] for one in range(1, 100)]
    )


@cache
def _rhythms() -> NDArray[np.float32]:
    """For each step and counted size of a coefficient the cosine of its phase, or 0 where it would
    have been rounded to zero."""
    sizes = np.arange(_BINS) * _BIN
    steps = np.arange(256)
    cosines = np.cos(2 * np.pi * sizes / np.maximum(steps, 1)[:, None])
    return np.where(np.arange(_BINS) >= _first_bin(steps)[:, None], cosines, 0).astype(np.float32)


def _first_bin(steps: NDArray[np.intp]) -> NDArray[np.intp]:
    """The first bin of which nothing is rounded to zero."""
    return np.ceil(steps / (2 * _BIN)).astype(np.intp)
