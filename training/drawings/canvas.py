"""A sheet that is painted finer than it is handed out, so that its edges are smooth."""

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Canvas", "Colour", "Levels", "Mask", "Points", "Shares"]

Colour = tuple[int, int, int]
"""RGB, 0–255 each."""
Levels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Shares = NDArray[np.float32]
"""0–1, one for each pixel."""
Points = NDArray[np.float64]
"""N×2, x before y, in pixels of the sheet that is handed out."""

_SHIFT = 4  # Fractional bits of OpenCV's coordinates.


class Canvas:
    """A square sheet of `side` pixels, painted `finer` times as large in each direction."""

    def __init__(self, side: int, finer: int, ground: Colour) -> None:
        """An empty sheet in the colour `ground`."""
        self.side, self.finer = side, finer
        self.levels: Levels = np.full((side * finer, side * finer, 3), ground, np.uint8)

    def fill(self, outline: Points, colour: Colour) -> None:
        """Paint the inside of an outline."""
        cv2.fillPoly(self.levels, [self._fixed(outline)], colour, cv2.LINE_8, _SHIFT)

    def line(self, points: Points, width: float, colour: Colour, *, closed: bool = False) -> None:
        """Draw a line of one width in pixels."""
        thickness = max(1, round(width * self.finer))
        fixed = [self._fixed(points)]
        cv2.polylines(self.levels, fixed, closed, colour, thickness, cv2.LINE_8, _SHIFT)

    def inside(self, outline: Points) -> Mask:
        """Which fine pixels an outline holds."""
        mask = np.zeros(self.levels.shape[:2], np.uint8)
        cv2.fillPoly(mask, [self._fixed(outline)], 1, cv2.LINE_8, _SHIFT)
        return mask.astype(np.bool_)

    def paint(self, where: Mask, colour: Colour) -> None:
        """Paint fine pixels."""
        self.levels[where] = colour

    def blend(self, where: Mask, colour: Colour, share: Shares) -> None:
        """Mix a colour into fine pixels, each with its own share (as many as the sheet has)."""
        own = self.levels[where].astype(np.float32)
        part = share[where][:, None]
        mixed = own + (np.asarray(colour, np.float32) - own) * part
        self.levels[where] = np.rint(mixed).astype(np.uint8)

    def finished(self) -> Levels:
        """The sheet at its own size, each pixel the mean of its fine ones."""
        size = (self.side, self.side)
        return cast("Levels", cv2.resize(self.levels, size, interpolation=cv2.INTER_AREA))

    def _fixed(self, points: Points) -> NDArray[np.int32]:
        return np.rint(points * self.finer * (1 << _SHIFT)).astype(np.int32)
