"""Drawings to train on, made by code alone or from photos: no drawing of anybody's is needed."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from training.drawings.canvas import Levels
from training.drawings.figures import figure
from training.drawings.pages import page
from training.drawings.toons import toon

__all__ = ["SIDE", "drawings", "figure", "page"]

SIDE = 640
"""Pixels across and down."""
_FIGURES, _TOONS = 0.5, 0.25


def drawings(count: int, photos: Sequence[Tensor], seed: int) -> tuple[Tensor, ...]:
    """`count` drawings, uint8 `[3, 640, 640]`, the same for the same seed.

    Half are figures, a quarter redrawn photos (of `photos`, uint8 `[3, height, width]`), a quarter
    pages.
    """
    chance = np.random.default_rng(seed)
    return tuple(_tensor(_drawing(chance, photos)) for _ in range(count))


def _drawing(chance: np.random.Generator, photos: Sequence[Tensor]) -> Levels:
    kind = chance.random()
    if kind < _FIGURES:
        return figure(chance, SIDE)
    if kind < _FIGURES + _TOONS:
        photo = photos[int(chance.integers(len(photos)))]
        return toon(chance, photo.permute(1, 2, 0).numpy(), SIDE)
    return page(chance, SIDE)


def _tensor(levels: Levels) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(levels.transpose(2, 0, 1)))
