import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from training.degradations import Draw
from training.loop import Budget, Trainer, TrainingDiverged
from training.networks import published_state


def loss_on_fixed_pairs(trainer: Trainer) -> float:
    """The mean loss on batches that only the seed decides."""
    draw = Draw(torch.Generator().manual_seed(7), torch.Generator().manual_seed(8))
    with torch.no_grad():
        return sum(float(trainer.objective.loss(draw)) for _ in range(8)) / 8


@pytest.mark.parametrize("name", ["upscale-x4", "upscale-x2", "denoise"])
def test_the_loss_falls(tiny_trainer: Callable[..., Trainer], name: str) -> None:
    trainer = tiny_trainer(name, steps=80)
    before = loss_on_fixed_pairs(trainer)
    trainer.run()
    assert trainer.step == 80
    assert loss_on_fixed_pairs(trainer) < 0.95 * before


@pytest.mark.parametrize("name", ["upscale-x2", "denoise", "face-restore", "vivid-x2"])
def test_a_resumed_training_ends_in_the_very_same_weights(
    tiny_trainer: Callable[..., Trainer], tmp_path: Path, name: str
) -> None:
    straight = tiny_trainer(name, steps=12)
    straight.run()

    broken = tiny_trainer(name, steps=12)
    broken.run(until_step=5)
    broken.checkpoint(tmp_path / "checkpoint.pt")
    resumed = tiny_trainer(name, steps=12, seed=99)
    resumed.resume(tmp_path / "checkpoint.pt")
    assert resumed.step == 5
    resumed.run()

    for one, other in ((straight, resumed), (straight, broken)):
        same = [
            torch.equal(a, b)
            for a, b in zip(
                published_state(one.average).values(),
                published_state(other.average).values(),
                strict=True,
            )
        ]
        assert all(same) == (other is resumed)
    assert [row.step for row in resumed.log] == [5, 12]
    assert list(tmp_path.iterdir()) == [tmp_path / "checkpoint.pt"]


def test_the_seed_decides_everything(tiny_trainer: Callable[..., Trainer]) -> None:
    losses = []
    for seed in (1, 1, 2):
        trainer = tiny_trainer("upscale-x2", steps=4, seed=seed)
        trainer.run()
        losses.append(trainer.log[-1].loss)
    assert losses[0] == losses[1]
    assert losses[0] != losses[2]


def test_marks_come_between_and_at_the_end(tiny_trainer: Callable[..., Trainer]) -> None:
    trainer = tiny_trainer("upscale-x2", steps=6)
    marked: list[int] = []
    trainer.run(every_seconds=0, on_mark=lambda trainer: marked.append(trainer.step))
    assert marked == [1, 2, 3, 4, 5, 6, 6]
    assert [row.step for row in trainer.log] == [1, 2, 3, 4, 5, 6]


def test_the_rate_warms_up_and_falls_to_a_hundredth(
    tiny_trainer: Callable[..., Trainer],
) -> None:
    trainer = tiny_trainer("upscale-x2", steps=40)
    trainer.run(every_seconds=0)
    rates = [row.learning_rate for row in trainer.log]
    peak = trainer.setting.learning_rate
    assert rates[0] < rates[2] < peak
    assert all(a > b for a, b in itertools.pairwise(rates[5:]))
    assert rates[-1] == pytest.approx(peak / 100)


def test_a_loss_that_is_no_number_ends_the_training(
    tiny_trainer: Callable[..., Trainer],
) -> None:
    trainer = tiny_trainer("upscale-x2", steps=3)
    with torch.no_grad():
        next(iter(trainer.network.parameters())).fill_(float("nan"))
    with pytest.raises(TrainingDiverged, match="step 3"):
        trainer.run()


def test_budgets_of_minutes_and_steps() -> None:
    assert Budget(minutes=2).progress(10**6, 60) == 0.5
    assert Budget(minutes=2).progress(0, 500) == 1
    assert Budget(minutes=2, steps=10).progress(5, 10**6) == 0.5
