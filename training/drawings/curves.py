"""Curves as a hand draws them: smooth, and thinner at their ends."""

import numpy as np

from training.drawings.canvas import Points

__all__ = ["blob", "ellipse", "smooth", "stroke", "sweep"]

_STEPS = 10


def smooth(points: Points, *, closed: bool) -> Points:
    """A curve through N×2 points (Catmull and Rom 1974), ten places from each to the next."""
    if closed:
        around = np.concatenate([points[-1:], points, points[:2]])
    else:
        around = np.concatenate([points[:1], points, points[-1:]])
    a, b, c, d = (around[first : len(around) - 3 + first, None] for first in range(4))
    t = (np.arange(_STEPS) / _STEPS)[None, :, None]
    curve = 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )
    return np.asarray(curve.reshape(-1, 2))


def blob(chance: np.random.Generator, centre: Points, radius: float, wild: float) -> Points:
    """A closed curve around `centre`; from `wild` 0 (an ellipse) to 1 (a torn rag)."""
    corners = int(chance.integers(5, 12))
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False) + chance.uniform(0, 2 * np.pi)
    reach = radius * chance.uniform(1 - wild, 1 + 0.3 * wild, corners)
    flat = chance.uniform(0.4, 1.0)
    points = np.stack([np.cos(angles), np.sin(angles) * flat], axis=1) * reach[:, None]
    return smooth(_turned(points, chance.uniform(0, np.pi)) + centre, closed=True)


def ellipse(centre: Points, across: float, down: float, turn: float = 0.0) -> Points:
    """An ellipse of the given half axes, turned by radians."""
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    points = np.stack([np.cos(angles) * across, np.sin(angles) * down], axis=1)
    return _turned(points, turn) + centre


def sweep(
    chance: np.random.Generator, start: Points, heading: float, length: float, bend: float
) -> Points:
    """An open curve of `length` that leaves `start` towards `heading` and turns by up to `bend`."""
    knots = int(chance.integers(3, 6))
    turns = heading + np.cumsum(chance.uniform(-bend, bend, knots))
    steps = np.stack([np.cos(turns), np.sin(turns)], axis=1) * length / knots
    return smooth(np.concatenate([start[None], start + np.cumsum(steps, axis=0)]), closed=False)


def stroke(curve: Points, width: float, *, blunt: float = 0.0) -> Points:
    """The outline of a stroke along `curve`, `width` in its middle and `blunt` of that at ends."""
    along = np.gradient(curve, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-9)
    thick = blunt + (1 - blunt) * np.sin(np.linspace(0, np.pi, len(curve)))
    half = across * (thick * width / 2)[:, None]
    return np.concatenate([curve + half, (curve - half)[::-1]])


def _turned(points: Points, angle: float) -> Points:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.asarray(points @ np.array([[cosine, sine], [-sine, cosine]]))
