from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from benchmarks.upstream import Row, compared, given_points, line, read_weights
from worker.stages.faces.alignment import align, misfit


def test_differences_are_the_largest_and_the_mean() -> None:
    one = np.full((4, 5, 3), 250, np.uint8)
    other = one.copy()
    other[0, 0] = (10, 250, 255)
    row = compared("what", one, other)
    assert row.largest == 240
    assert row.mean == pytest.approx(245 / 60)


def test_a_line_gives_the_ratio_of_the_times() -> None:
    assert line(Row("a", 1, 0.25, 3.0, 2.0)) == "| a | 1 | 0.250 | 3.00 s | 2.00 s | 1.50 |"
    assert line(Row("a", None, None)) == "| a | – | – | – | – | – |"


def test_the_given_points_are_the_template_turned() -> None:
    points = given_points(np.zeros((300, 400, 3), np.uint8))
    to_crop = align(points)
    assert to_crop is not None
    assert misfit(points, to_crop, 512) < 1e-3
    assert np.hypot(*to_crop[:, 0]) == pytest.approx(512 / 200, rel=1e-4)
    assert np.degrees(np.arctan2(to_crop[0, 1], to_crop[0, 0])) == pytest.approx(12, abs=0.01)


@pytest.mark.parametrize("wrapped", ["params_ema", "params", None])
def test_weights_are_read_in_every_form(tmp_path: Path, wrapped: str | None) -> None:
    state = {"conv.weight": torch.arange(4.0)}
    torch.save({wrapped: state} if wrapped else state, tmp_path / "a.pth")
    save_file(state, tmp_path / "a.safetensors")
    for name in ("a.pth", "a.safetensors"):
        assert torch.equal(read_weights(tmp_path / name)["conv.weight"], state["conv.weight"])
