"""Where the panels of a collage lie, by the shape of the photo."""

from dataclasses import dataclass
from typing import Final, Literal

from worker.imaging.photo import Box

LONGEST: Final = 2048
_WIDTH: Final = 1600.0
_GUTTER: Final = 14.0
_NARROW, _WIDE = 0.5, 1.4  # width : height where the arrangement changes
_ZOOM_HEIGHT: Final = 0.75  # of the width of a zoomed panel

Side = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture of the collage: which photo, whole or the zoomed region, and its place."""

    side: Side
    zoomed: bool
    place: Box


@dataclass(frozen=True, slots=True)
class Layout:
    """Size of the collage in pixels and its panels."""

    width: int
    height: int
    panels: tuple[Panel, ...]

    @property
    def zoom_shape(self) -> float:
        """Width : height of the zoomed panels."""
        place = next(panel.place for panel in self.panels if panel.zoomed)
        return place.width / place.height


def layout(shape: float) -> Layout:
    """The collage of a photo of width : height `shape`: whole photos side by side for tall ones,
    stacked for wide ones, and the zoomed pair beneath (beside, for very tall ones)."""
    if shape < _NARROW:
        return _columns(shape)
    return _stacked(shape) if shape > _WIDE else _pairs(shape)


def _columns(shape: float) -> Layout:
    inner = _WIDTH - 2 * _GUTTER
    whole = inner * shape
    zoom = (inner - _GUTTER) / 2
    second, third = 2 * _GUTTER + whole, 3 * _GUTTER + 2 * whole
    return _scaled(
        third + zoom + _GUTTER,
        _WIDTH,
        ("before", False, (_GUTTER, _GUTTER, whole, inner)),
        ("after", False, (second, _GUTTER, whole, inner)),
        ("before", True, (third, _GUTTER, zoom, zoom)),
        ("after", True, (third, 2 * _GUTTER + zoom, zoom, zoom)),
    )


def _pairs(shape: float) -> Layout:
    half = (_WIDTH - 3 * _GUTTER) / 2
    whole, zoom = half / shape, half * _ZOOM_HEIGHT
    second, below = 2 * _GUTTER + half, 2 * _GUTTER + whole
    return _scaled(
        _WIDTH,
        below + zoom + _GUTTER,
        ("before", False, (_GUTTER, _GUTTER, half, whole)),
        ("after", False, (second, _GUTTER, half, whole)),
        ("before", True, (_GUTTER, below, half, zoom)),
        ("after", True, (second, below, half, zoom)),
    )


def _stacked(shape: float) -> Layout:
    inner = _WIDTH - 2 * _GUTTER
    half = (inner - _GUTTER) / 2
    whole, zoom = inner / shape, half * _ZOOM_HEIGHT
    second, below = 2 * _GUTTER + whole, 3 * _GUTTER + 2 * whole
    return _scaled(
        _WIDTH,
        below + zoom + _GUTTER,
        ("before", False, (_GUTTER, _GUTTER, inner, whole)),
        ("after", False, (_GUTTER, second, inner, whole)),
        ("before", True, (_GUTTER, below, half, zoom)),
        ("after", True, (2 * _GUTTER + half, below, half, zoom)),
    )


def _scaled(
    width: float,
    height: float,
    *panels: tuple[Side, bool, tuple[float, float, float, float]],
) -> Layout:
    factor = min(1.0, LONGEST / max(width, height))
    placed = []
    for side, zoomed, (left, top, across, down) in panels:
        size = (max(1, round(across * factor)), max(1, round(down * factor)))
        placed.append(Panel(side, zoomed, Box(round(left * factor), round(top * factor), *size)))
    return Layout(round(width * factor), round(height * factor), tuple(placed))
