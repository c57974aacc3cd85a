"""Eyes, nose and corners of the mouth, and how far they lie from where they should."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from worker.faces import Face
from worker.imaging.photo import Pixels
from worker.stages.faces.alignment import TEMPLATE, TEMPLATE_SIDE

__all__ = ["Finder", "Points", "matched", "point_error", "template_points"]

Points = NDArray[np.float32]
"""5×2 (x, y) in pixels, whole numbers at pixel centres."""


class Finder(Protocol):
    """Finds faces in H×W×3 pixels, the largest first, as `worker.faces.FaceFinder` does."""

    def find(self, pixels: Pixels) -> tuple[Face, ...]:
        """The faces with their points."""


def template_points(side: int) -> Points:
    """The five points of the alignment template in a square crop of `side` pixels."""
    points: Points = ((TEMPLATE + 0.5) * (side / TEMPLATE_SIDE) - 0.5).astype(np.float32)
    return points


def point_error(points: Points, true: Points) -> float:
    """The mean distance of 5×2 points from the true ones, in percent of the true eye distance."""
    eyes = float(np.hypot(*(true[1] - true[0])))
    return float(np.hypot(*(points - true).T).mean()) / eyes * 100


def matched(found: Sequence[Face], known: Sequence[Points]) -> list[tuple[Face, float] | None]:
    """For each known face the find that is it with its point error, None if it was not found.

    A find is a known face if the middle of its points lies within half an eye distance of the true
    middle and its eye distance is between half and twice the true one. Each find counts once.
    """
    left = list(found)
    pairs: list[tuple[Face, float] | None] = []
    for true in known:
        eyes = float(np.hypot(*(true[1] - true[0])))
        fitting = [
            face
            for face in left
            if np.hypot(*(face.points.mean(0) - true.mean(0))) < eyes / 2
            and 0.5 < face.eye_distance / eyes < 2
        ]
        pairs.append(None)
        if fitting:
            errors = [point_error(face.points, true) for face in fitting]
            best = int(np.argmin(errors))
            left.remove(fitting[best])
            pairs[-1] = (fitting[best], errors[best])
    return pairs
