from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.quality.faces import measure_faces
from benchmarks.quality.landmarks import template_points
from benchmarks.quality.methods import Bench
from tests.benchmarks.quality.conftest import astronaut
from weights.catalog import Purpose
from worker.engine import Engine
from worker.faces import Face
from worker.imaging.photo import Box, Pixels, to_sixteen_bits
from worker.models import LoadedModel


class Template:
    """A finder that sees a face at the template, off by some pixels, in sharp pictures only."""

    def __init__(self, least_contrast: float = 0) -> None:
        self.least_contrast = least_contrast
        self.seen: list[tuple[int, ...]] = []

    def find(self, pixels: Pixels) -> tuple[Face, ...]:
        self.seen.append(pixels.shape)
        contrast = _contrast(pixels)
        if contrast < self.least_contrast:
            return ()
        side = pixels.shape[0]
        off = np.float32(1e4 / contrast / 100)
        return (Face(Box(0, 0, side, side), template_points(side) + off, 0.9),)


def _contrast(pixels: Pixels) -> float:
    return float(np.abs(np.diff(pixels.astype(float), axis=0)).mean())


def _model(name: str, purpose: Purpose, scale: int, shift: float = 0) -> LoadedModel:
    """A network that enlarges by repeating pixels and makes everything lighter by `shift`."""
    return LoadedModel(
        id=name,
        purpose=purpose,
        scale=scale,
        channels=3,
        multiple=1,
        minimum=1,
        pad=1,
        module=torch.nn.Identity(),
        call=lambda batch: torch.nn.functional.interpolate(batch, scale_factor=scale) + shift,
        crop=64 if purpose is Purpose.FACES else None,
    )


def _bench(**parts: object) -> Bench:
    bench = Bench(Engine("cpu"), (_model("up", Purpose.UPSCALE, 4),), (), (), {})
    return replace(bench, **parts)  # type: ignore[arg-type]


def test_without_a_judge_there_are_figures_and_no_landmarks(faces: Path) -> None:
    rows, unseen = measure_faces(sorted(faces.iterdir()), _bench(), None)
    assert [row.method for row in rows] == ["bicubic", "Lanczos", "up"]
    assert unseen == 1
    assert all(row.landmarks is row.ratio is row.unseen is row.untouched is None for row in rows)
    assert rows[0].figures.psnr_y > rows[2].figures.psnr_y


def test_landmarks_are_compared_with_those_of_the_clean_face(faces: Path) -> None:
    rows, unseen = measure_faces(sorted(faces.iterdir()), _bench(), Template())
    assert unseen == 0
    bicubic, lanczos = rows[0], rows[1]
    assert bicubic.landmarks is not None
    assert bicubic.ratio == pytest.approx(1)
    assert lanczos.landmarks is not None
    assert lanczos.ratio == pytest.approx(lanczos.landmarks / bicubic.landmarks)
    assert lanczos.landmarks < bicubic.landmarks  # Lanczos is sharper, so this judge errs less.


def test_faces_that_are_no_longer_found_are_counted(faces: Path) -> None:
    judge = Template(least_contrast=0.95 * _contrast(to_sixteen_bits(astronaut())))
    rows, unseen = measure_faces(sorted(faces.iterdir()), _bench(), judge)
    assert unseen == 0
    assert rows[0].unseen == 1
    assert rows[0].landmarks is None


def test_the_whole_way_is_measured_with_template_and_finder(faces: Path) -> None:
    seer, blind = Template(), Template(least_contrast=1e9)
    bench = _bench(
        denoisers=(_model("clean", Purpose.DENOISE, 1),),
        restorers=(_model("faces", Purpose.FACES, 1),),
        finders={"seer": seer, "blind": blind},
    )
    rows, _ = measure_faces(sorted(faces.iterdir()), bench, None)
    untouched = {row.method: row.untouched for row in rows if row.untouched is not None}
    assert untouched == {
        "up + faces, points of the template": 0,
        "clean + up + faces, points of the template": 0,
        "clean + up + faces, points of seer": 0,
        "clean + up + faces, points of blind": 1,
    }
    assert seer.seen == [(32, 32, 3)]
    named = {row.method: row.figures for row in rows}
    assert named["clean + up + faces, points of blind"] == named["clean + up"]
