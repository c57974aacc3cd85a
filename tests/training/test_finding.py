"""Tests of the finder's objective: batches, judge, export and resuming, at the rehearsal's size."""

import math
from collections.abc import Callable
from pathlib import Path

import torch

from training.finder import Finder, Found, Head
from training.finding import compare
from training.loop import Trainer
from training.scenes import FACE, HIDDEN, Scene
from worker.faces import FaceFinder


def _scene() -> Scene:
    """One picture with a face, and one that hardly shows."""
    boxes = torch.tensor([[[10.0, 10, 50, 50], [60, 60, 90, 90]]])
    points = torch.tensor([[20.0, 25], [40, 25], [30, 32], [22, 40], [38, 40]])
    both = torch.stack([points, points + 45])[None]
    return Scene(torch.zeros(1, 3, 96, 96), boxes, both, torch.tensor([[FACE, HIDDEN]]))


def _found(*boxes: tuple[float, ...], shift: float = 0.0) -> Found:
    points = _scene().points[0, :1].expand(len(boxes), 5, 2) + shift
    return Found(torch.ones(len(boxes)), torch.tensor(boxes).reshape(-1, 4), points)


def test_finds_are_counted_against_the_truth() -> None:
    right, hardly, nowhere = (11, 9, 51, 50), (60, 60, 90, 90), (0, 60, 30, 90)
    assert compare(_found(), _scene(), 0) == (0, 0, 1, [])
    hits, wrong, missed, errors = compare(_found(right, hardly, nowhere, shift=2), _scene(), 0)
    assert (hits, wrong, missed) == (1, 1, 0)
    assert abs(errors[0] - 2 * 2**0.5 / 20) < 1e-5


def test_a_rehearsal_runs_and_leaves_a_file_for_the_worker(
    tiny_trainer: Callable[..., Trainer], tmp_path: Path
) -> None:
    trainer = tiny_trainer("face-find", steps=2)
    trainer.run()
    assert trainer.step == 2
    (row,) = trainer.log
    assert row.loss > 0
    assert 0 <= row.score <= 1
    trainer.objective.export(trainer.average, tmp_path / "finder.onnx", {"model": "test"})
    assert FaceFinder(tmp_path / "finder.onnx")


def test_training_is_repeatable_and_resumable(
    tiny_trainer: Callable[..., Trainer], tmp_path: Path
) -> None:
    whole, again, resumed = (tiny_trainer("face-find", steps=3) for _ in range(3))
    whole.run()
    again.run(until_step=1)
    again.checkpoint(tmp_path / "checkpoint.pt")
    resumed.resume(tmp_path / "checkpoint.pt")
    resumed.run()
    for name, value in whole.network.state_dict().items():
        torch.testing.assert_close(resumed.network.state_dict()[name], value, msg=name)


def test_the_judge_knows_a_blind_network(tiny_trainer: Callable[..., Trainer]) -> None:
    objective = tiny_trainer("face-find", steps=1).objective
    network = objective.network
    assert isinstance(network, Finder)
    with torch.no_grad():
        for head in network.presence:
            assert isinstance(head, Head)
            assert head.within.bias is not None
            head.within.bias.fill_(-40)
    assert objective.score(network) == 0
    assert math.isnan(objective.second(network))
