from collections.abc import Callable

import pytest
import torch

from training.degradations import Draw
from training.discriminator import Discriminator, feature_distance
from training.loop import Trainer
from training.vivid import VividObjective, phase_error


def test_the_adversary_learns_to_tell_soft_from_sharp() -> None:
    torch.manual_seed(0)
    discriminator = Discriminator(8)
    optimiser = torch.optim.Adam(discriminator.parameters(), lr=3e-3)
    chance = torch.Generator().manual_seed(0)

    def batch() -> tuple[torch.Tensor, torch.Tensor]:
        sharp = torch.rand(4, 3, 32, 32, generator=chance)
        return torch.nn.functional.avg_pool2d(sharp, 3, stride=1, padding=1), sharp

    for _ in range(30):
        soft, sharp = (discriminator(images)[0] for images in batch())
        loss = torch.nn.functional.softplus(soft).mean()
        loss = loss + torch.nn.functional.softplus(-sharp).mean()
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    soft, sharp = (discriminator(images)[0].mean() for images in batch())
    assert sharp > soft + 1


def test_equal_features_are_no_distance_apart() -> None:
    torch.manual_seed(0)
    features = [torch.rand(2, 4, 8, 8), torch.rand(2, 8, 4, 4)]
    assert float(feature_distance(features, features)) == 0
    doubled = [2 * value for value in features]
    assert float(feature_distance(doubled, features)) == pytest.approx(1)


def test_the_adversary_speaks_only_after_learning_alone(
    tiny_trainer: Callable[..., Trainer],
) -> None:
    trainer = tiny_trainer("vivid-x2", steps=20)
    objective = trainer.objective
    assert isinstance(objective, VividObjective)
    rises = []
    for _ in range(8):
        draw = Draw(torch.Generator().manual_seed(0), torch.Generator().manual_seed(0))
        rises.append(float(objective.loss(draw).detach()))
        objective.after_step(draw)
    # The network stands still: only the adversary's share, which comes in by and by, adds.
    assert rises[0] == rises[1] == rises[2]
    assert rises[2] < rises[3] < rises[4] < rises[5]


def test_a_grid_of_the_scale_costs_more_than_other_patterns() -> None:
    grid = torch.zeros(2, 3, 96, 96)
    grid[:, :, ::4, ::4] = 0.1
    assert float(phase_error(torch.full_like(grid, 0.3), 4)) == pytest.approx(0, abs=1e-6)
    assert float(phase_error(grid, 4)) > 0.01
    other = torch.zeros(2, 3, 96, 96)
    other[:, :, ::3, ::3] = 0.1
    assert float(phase_error(other, 4)) < 0.5 * float(phase_error(grid, 4))


def test_a_network_with_texture_is_called_sharper(tiny_trainer: Callable[..., Trainer]) -> None:
    objective = tiny_trainer("vivid-x2", steps=1).objective
    assert objective.second_measure is not None
    sharpness = objective.second(objective.network)

    class Grainy(torch.nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            made: torch.Tensor = objective.network(image)
            return made + torch.rand(made.shape) * 0.2

    assert objective.second(Grainy()) > sharpness
