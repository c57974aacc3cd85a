"""Crops go through the restorer and come back in order, with a reason for each left alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from core.errors import Cancelled
from tests.worker.networks import Pixels, row, save
from tests.worker.stages.faces.portraits import Points, drawn, face, placed, restorer
from weights.catalog import Purpose
from worker.engine import Engine
from worker.models import load
from worker.stages.faces.alignment import align, cut
from worker.stages.faces.restoration import restore


def _nafnet() -> nn.Module:
    from spandrel.architectures.NAFNet import NAFNet

    network: nn.Module = NAFNet(
        width=8, middle_blk_num=1, enc_blk_nums=[1, 1, 1], dec_blk_nums=[1, 1, 1]
    )
    return network


def _drunet() -> nn.Module:
    from spandrel.architectures.DRUNet import DRUNet

    network: nn.Module = DRUNet(in_nc=4, out_nc=3, nc=[8, 8, 8, 8], nb=2)
    return network


@pytest.mark.parametrize("build", [_nafnet, _drunet])
def test_small_restorers_of_our_own_run_on_their_crop(tmp_path: Path, build: object) -> None:
    """A general restoration network, made a face restorer by its row in the catalog."""
    assert callable(build)
    torch.manual_seed(0)
    known = row("ours.safetensors", Purpose.FACES, crop=256)
    model = load(known, save(build(), tmp_path / "ours.safetensors"))
    assert (model.purpose, model.crop, model.scale) == (Purpose.FACES, 256, 1)
    points, matrix = placed(0.2, 8, 40, 30)
    pixels = drawn(200, 180, matrix)
    (restored,), left = restore(
        pixels, [face(points)], model, Engine("cpu"), binding=True, grain=255
    )
    assert left == ()
    crop = cut(pixels, restored.to_crop, 256)
    batch = torch.from_numpy(crop.astype(np.float32) / 65535).permute(2, 0, 1)[None]
    with torch.inference_mode():
        plainly = model.call(batch).clamp(0, 1)[0].permute(1, 2, 0).numpy()
    assert restored.crop.shape == (256, 256, 3)
    assert np.abs(restored.crop / 65535 - plainly).max() < 1 / 255


def test_a_restorer_that_enlarges_is_given_a_smaller_crop(tmp_path: Path) -> None:
    from spandrel.architectures.Compact import Compact

    torch.manual_seed(0)
    known = row("ours.safetensors", Purpose.FACES, scale=4, crop=256)
    network = Compact(num_feat=8, num_conv=2, upscale=4)
    model = load(known, save(network, tmp_path / "ours.safetensors"))
    points, matrix = placed(0.15, 8, 40, 30)
    pixels = drawn(200, 180, matrix)
    (restored,), left = restore(
        pixels, [face(points)], model, Engine("cpu"), binding=True, grain=255
    )
    assert left == ()
    assert restored.crop.shape == (256, 256, 3)
    to_small = align(points, 64)
    assert to_small is not None
    batch = torch.from_numpy(cut(pixels, to_small, 64).astype(np.float32) / 65535)
    with torch.inference_mode():
        plainly = model.call(batch.permute(2, 0, 1)[None]).clamp(0, 1)[0].permute(1, 2, 0).numpy()
    assert np.abs(restored.crop / 65535 - plainly).max() < 1 / 255


def _three(
    scale: float = 0.2,
) -> tuple[list[Points], Pixels]:
    placings = [placed(0.2, 5, 20, 20), placed(0.04, 0, 260, 40), placed(0.25, -5, 20, 150)]
    pixels = drawn(300, 300, placings[0][1])
    for _, matrix in placings[1:]:
        other = drawn(300, 300, matrix)
        ground = (other == other[0, 0]).all(axis=2)
        pixels[~ground] = other[~ground]
    return [points for points, _ in placings], pixels


def test_each_face_is_restored_or_left_for_a_reason() -> None:
    points, pixels = _three()
    before = pixels.copy()
    told: list[float] = []
    restored, left = restore(
        pixels, [face(p) for p in points], restorer(), Engine("cpu"), progress=told.append
    )
    assert left == ("too small",)
    assert len(restored) == 2
    for found, expected in zip(restored, (points[0], points[2]), strict=True):
        to_crop = align(expected, 256)
        assert to_crop is not None
        assert (found.crop == cut(pixels, to_crop, 256)).all()
    assert told == pytest.approx([1 / 3, 2 / 3, 1])
    assert (pixels == before).all()


def _elsewhere(batch: torch.Tensor) -> torch.Tensor:
    """All features 3 % of the eye distance to the right."""
    return batch.roll(2, dims=3)


def _another(batch: torch.Tensor) -> torch.Tensor:
    """Eyes where the mouth was."""
    return batch.flip(2)


@pytest.mark.parametrize("binding", [False, True])
def test_a_face_that_drifts_is_kept_at_less_unless_that_is_binding(binding: bool) -> None:
    points, matrix = placed(0.25, 5, 40, 30)
    pixels = drawn(240, 240, matrix, blur=0.6)
    wishes: dict[str, Any] = {"strength": 70, "binding": binding}
    faces = [face(points)]
    (steady,), _ = restore(pixels, faces, restorer(), Engine("cpu"), **wishes)
    assert (steady.strength, steady.drifted) == (70, False)
    (moved,), _ = restore(pixels, faces, restorer(_elsewhere), Engine("cpu"), **wishes)
    assert moved.drifted
    assert moved.strength == 70 if binding else 0 < moved.strength < 70
    others, left = restore(pixels, faces, restorer(_another), Engine("cpu"), **wishes)
    if binding:
        assert [(other.strength, other.drifted) for other in others] == [(70, True)]
        assert left == ()
    else:
        assert others == ()
        assert left == ("no longer alike when restored",)


def _blurring(batch: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.avg_pool2d(batch, 5, stride=1, padding=2, count_include_pad=False)


def test_texture_stays_where_it_is_no_noise() -> None:
    """Measured in the photo, unless the level of its noise is given."""
    points, matrix = placed(0.5, 0, 40, 30)
    pixels = drawn(330, 330, matrix, blur=2)
    pores = np.random.default_rng(0).normal(0, 900, (150, 150, 1))
    pixels[110:260, 90:240] = np.clip(pixels[110:260, 90:240] + pores, 0, 65535)

    def rough(**wishes: Any) -> float:
        (restored,), _ = restore(
            pixels, [face(points)], restorer(_blurring), Engine("cpu"), binding=True, **wishes
        )
        return float(np.abs(np.diff(restored.crop[120:180, 130:150].astype(int), axis=0)).mean())

    assert rough() > 3 * rough(grain=20)


def test_cancelling_between_faces() -> None:
    told: list[float] = []
    points, matrix = placed(0.2, 5, 40, 40)
    with pytest.raises(Cancelled):
        restore(
            drawn(200, 200, matrix),
            [face(points)] * 4,
            restorer(),
            Engine("cpu"),
            progress=told.append,
            cancelled=lambda: len(told) == 2,
        )
    assert told == [0.25, 0.5]
