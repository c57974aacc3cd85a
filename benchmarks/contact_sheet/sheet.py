"""The contact sheet of one photo: a row for each way, before and after."""

import textwrap
from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.contact_sheet.pair import Pair
from benchmarks.contact_sheet.trials import Trial
from worker.imaging.photo import Box, Pixels, to_eight_bits

__all__ = ["CELL", "MARK", "draw"]

CELL: Final = 320
"""Pixels of a side of each picture; the cropped ones show pixels of the result one to one."""

MARK: Final = (200, 30, 30)
"""The colour, RGB, of the bar beside a row with a flaw and of its words."""

_PAPER, _INK = (246, 246, 244), (30, 30, 30)
_GAP, _LINE, _LETTERS, _CHARACTERS = 12, 20, 15, 165
_TEXT = 4 * _LINE
_FIELD: Final = 8
_LIGHT, _DARK = 210, 170
_PLACED: Final = 8
"""The search for the place that changed most goes by so many pixels."""

Picture = NDArray[np.uint8]


def draw(name: str, trials: Sequence[Trial]) -> Picture:
    """All trials of the photo called `name`: H×W×3 RGB.

    Each row has the photo before and after, whole, and the same part of both, where the first flaw
    lies or else where most was changed. A row with a flaw has a bar in `MARK` and says it.
    """
    height, width = CELL + _TEXT + _GAP, 4 * CELL + 5 * _GAP
    sheet = np.full((_TEXT + height * len(trials), width, 3), _PAPER, np.uint8)
    _write(sheet, (_GAP, _GAP), [name], _INK)
    for row, trial in enumerate(trials):
        own = sheet[_TEXT + row * height :][:height]
        if trial.flaws:
            own[: CELL + _TEXT, : _GAP // 2] = MARK
        words = textwrap.wrap(f"{trial.way}: {trial.words}", _CHARACTERS)[:3]
        _write(own, (_GAP, CELL), words, _INK)
        told = "; ".join(f"{flaw} (allowed {flaw.limit:g})" for flaw in trial.flaws)
        _write(own, (_GAP, CELL + len(words) * _LINE), [told], MARK)
        for column, picture in enumerate(_pictures(trial)):
            left = _GAP + column * (CELL + _GAP)
            own[: picture.shape[0], left : left + picture.shape[1]] = picture
    return sheet


def _pictures(trial: Trial) -> list[Picture]:
    pair = trial.pair
    if pair is None:
        return []
    places = [flaw.place for flaw in trial.flaws if flaw.place is not None]
    part = _part(pair, places[0] if places else None)
    before = [part.left / pair.scale, part.top / pair.scale]
    across = np.array([[1 / pair.scale, 0, before[0]], [0, 1 / pair.scale, before[1]]])
    across[:, 2] += 0.5 / pair.scale - 0.5  # Pixel centres.
    size = (part.width, part.height)
    inverse = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP

    def plain(values: Pixels) -> Pixels:
        mirrored = cv2.BORDER_REFLECT_101
        return np.asarray(
            cv2.warpAffine(values, across, size, flags=inverse, borderMode=mirrored), np.uint16
        )

    rows, columns = (
        slice(part.top, part.top + part.height),
        slice(part.left, part.left + part.width),
    )
    own, result = pair.source.alpha, pair.result.alpha
    return [
        _whole(pair.source.pixels, own),
        _whole(pair.result.pixels, result),
        _shown(plain(pair.source.pixels), None if own is None else plain(own)),
        _shown(
            pair.result.pixels[rows, columns], None if result is None else result[rows, columns]
        ),
    ]


def _part(pair: Pair, place: Box | None) -> Box:
    """A part of the result, `CELL` at most on each side, around a place or the greatest change."""
    width, height = (min(CELL, side) for side in pair.size)
    if place is None:
        small = (max(1, pair.size[0] // _PLACED), max(1, pair.size[1] // _PLACED))
        change = cv2.resize(np.abs(pair.residual), small, interpolation=cv2.INTER_AREA)
        kernel = (max(1, width // _PLACED), max(1, height // _PLACED))
        change = cv2.blur(change, kernel, borderType=cv2.BORDER_CONSTANT)
        row, column = np.unravel_index(int(change.argmax()), change.shape)
        place = Box(int(column) * _PLACED, int(row) * _PLACED, 1, 1)
    left = place.left + place.width // 2 - width // 2
    top = place.top + place.height // 2 - height // 2
    left, top = max(0, min(left, pair.size[0] - width)), max(0, min(top, pair.size[1] - height))
    return Box(left, top, width, height)


def _whole(pixels: Pixels, alpha: Pixels | None) -> Picture:
    height, width = pixels.shape[:2]
    factor = min(1.0, CELL / max(height, width))
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    values: list[Any] = [pixels] if alpha is None else [pixels, alpha]
    return _shown(*(cv2.resize(value, size, interpolation=cv2.INTER_AREA) for value in values))


def _shown(pixels: Pixels, alpha: Pixels | None = None) -> Picture:
    """8-bit RGB, over a checkered ground where it is transparent."""
    picture = to_eight_bits(pixels)
    if alpha is None:
        return picture
    down, across = np.indices(alpha.shape) // _FIELD
    ground = np.where((down + across) % 2, _LIGHT, _DARK)[..., None]
    share = (alpha / np.float32(65535))[..., None]
    return np.rint(picture * share + ground * (1 - share)).astype(np.uint8)


def _write(sheet: Picture, place: tuple[int, int], lines: Sequence[str], ink: Any) -> None:
    # Pillow's own font knows neither accents nor σ; OpenCV's Rubik does.
    font = cv2.FontFace("sans")
    for number, text in enumerate(lines):
        at = (place[0], place[1] + (number + 1) * _LINE - 4)
        cv2.putText(sheet, text, at, ink, font, _LETTERS, 400)
