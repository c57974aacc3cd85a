"""Faces made small and poor, and restored with and without the face stage."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.quality.damage import FACES
from benchmarks.quality.landmarks import Finder, Points, matched, point_error, template_points
from benchmarks.quality.methods import Bench
from benchmarks.quality.metrics import Figures, compare, mean_figures
from benchmarks.quality.photos import clean_photo
from worker.faces import Face
from worker.imaging.photo import Box, Pixels, to_eight_bits, to_sixteen_bits
from worker.models import LoadedModel
from worker.stages.faces import paste, restore

__all__ = ["FaceRow", "measure_faces"]

_TEMPLATE = "the template"

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class FaceRow:
    """The means over all faces of one way.

    `landmarks` is the mean distance of the five points found in the result from those found in the
    clean face, in percent of its eye distance, over the faces that were found in both; `ratio` is
    that as a share of bicubic's on the faces found in bicubic's result too; `unseen` are faces that
    are found when clean and not in the result. `untouched` are faces that the face stage left as
    they were.
    """

    method: str
    figures: Figures
    landmarks: float | None = None
    ratio: float | None = None
    unseen: int | None = None
    untouched: int | None = None


@dataclass(frozen=True, eq=False)
class _Way:
    """From a poor face to a large one, and whether the face stage did something."""

    name: str
    restore: Callable[[Picture], tuple[Picture, bool]]
    has_face_stage: bool = False


@dataclass(frozen=True, eq=False)
class _Outcome:
    """`error` is the landmarks' in percent of the eye distance, NaN where no face is seen."""

    figures: Figures
    error: float
    touched: bool


def measure_faces(
    files: Sequence[Path], bench: Bench, judge: Finder | None
) -> tuple[list[FaceRow], int]:
    """Measure aligned clean faces, made four times smaller and poor, through every way.

    Returns the rows, bicubic's first, and how many of the clean faces `judge` does not see.
    """
    ways = list(_ways(bench))
    outcomes: dict[str, list[_Outcome]] = {way.name: [] for way in ways}
    seen_when_clean = []
    for file in files:
        clean = np.asarray(clean_photo(file))
        true = _points(judge, clean, template_points(clean.shape[0]))
        seen_when_clean.append(true is not None)
        poor = np.asarray(FACES.poor(Image.fromarray(clean), file.name))
        for way in ways:
            result, touched = way.restore(poor)
            found = None if true is None else _points(judge, result, true)
            error = math.nan if true is None or found is None else point_error(found, true)
            outcomes[way.name].append(_Outcome(compare(result, clean), error, touched))
    seen = np.array(seen_when_clean)
    plain = np.array([outcome.error for outcome in outcomes[ways[0].name]])
    rows = [_row(way, outcomes[way.name], seen, plain) for way in ways]
    if judge is None:
        rows = [replace(row, unseen=None) for row in rows]
    return rows, int((~seen).sum())


def _row(
    way: _Way, outcomes: Sequence[_Outcome], seen: NDArray[np.bool_], plain: NDArray[np.float64]
) -> FaceRow:
    errors = np.array([outcome.error for outcome in outcomes])
    found = np.isfinite(errors)
    both = found & np.isfinite(plain)
    return FaceRow(
        way.name,
        mean_figures([outcome.figures for outcome in outcomes]),
        landmarks=float(errors[found].mean()) if found.any() else None,
        ratio=float(errors[both].sum() / plain[both].sum()) if both.any() else None,
        unseen=int((seen & ~found).sum()),
        untouched=sum(not outcome.touched for outcome in outcomes) if way.has_face_stage else None,
    )


def _ways(bench: Bench) -> Iterator[_Way]:
    """The plain ways, upscalers with and without a denoiser, and these with the face stage.

    The face stage is given the template's points, as if a finder were never wrong; with the
    upscaler that comes first also those of each finder.
    """
    upscalers = bench.upscaling(FACES.scale)
    for method in bench.methods(FACES.scale, with_denoising=True):
        yield _without_stage(method.name, method.restore)
    for restorer in bench.restorers:
        for number, upscaler in enumerate(upscalers):
            yield _with_stage(bench, None, upscaler, restorer)
            for denoiser in bench.denoisers:
                yield _with_stage(bench, denoiser, upscaler, restorer)
                for name in bench.finders if number == 0 else ():
                    yield _with_stage(bench, denoiser, upscaler, restorer, name)


def _without_stage(name: str, restored: Callable[[Picture], Picture]) -> _Way:
    return _Way(name, lambda poor: (restored(poor), False))


def _with_stage(
    bench: Bench,
    denoiser: LoadedModel | None,
    upscaler: LoadedModel,
    restorer: LoadedModel,
    finder: str | None = None,
) -> _Way:
    """The whole way, at full strength; without a `finder` with the template's points."""
    before = [] if denoiser is None else [denoiser]
    names = [model.id for model in (*before, upscaler, restorer)]

    def whole(poor: Picture) -> tuple[Picture, bool]:
        pixels = bench.run(to_sixteen_bits(poor), *before)
        found = _found(bench, finder, pixels)
        faces, _ = restore(pixels, found, restorer, bench.engine, binding=True)
        large = bench.run(pixels, upscaler)
        size = (pixels.shape[1], pixels.shape[0])
        return to_eight_bits(paste(large, faces, size)), bool(faces)

    return _Way(f"{' + '.join(names)}, points of {finder or _TEMPLATE}", whole, True)


def _found(bench: Bench, finder: str | None, pixels: Pixels) -> tuple[Face, ...]:
    if finder is not None:
        return bench.finders[finder].find(pixels)[:1]
    side = pixels.shape[0]
    return (Face(Box(0, 0, side, side), template_points(side), 1.0),)


def _points(judge: Finder | None, picture: Picture, true: Points) -> Points | None:
    """The five points of the face whose points should lie at `true`, None if it is not seen."""
    if judge is None:
        return None
    (pair,) = matched(judge.find(to_sixteen_bits(picture)), [true])
    return None if pair is None else pair[0].points
