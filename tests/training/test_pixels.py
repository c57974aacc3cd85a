import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity
from torch import nn

from training.degradations import Draw
from training.pixels import PixelObjective, charbonnier, similarity


class Judge:
    measure, baseline, plain = "PSNR, dB", 0.0, "nothing"

    def score(self, network: nn.Module) -> float:
        return 1.0


def images(seed: int, count: int = 2) -> torch.Tensor:
    return torch.rand(count, 3, 32, 40, generator=torch.Generator().manual_seed(seed))


def test_similarity_is_that_of_scikit_image() -> None:
    clean = images(1)
    poor = (clean + 0.1 * images(2)).clamp(0, 1)
    for index, ours in enumerate(similarity(poor, clean).tolist()):
        a, b = (image[index].mean(0).double().numpy() for image in (poor, clean))
        _, whole = structural_similarity(
            a,
            b,
            data_range=1.0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            full=True,
        )
        assert ours == pytest.approx(float(np.mean(whole[5:-5, 5:-5])), abs=1e-4)


def test_equal_images_are_fully_similar_and_cost_next_to_nothing() -> None:
    clean = images(3)
    assert similarity(clean, clean).tolist() == pytest.approx([1, 1])
    assert float(charbonnier(clean, clean).max()) == pytest.approx(1e-3, rel=1e-3)


def test_structure_counts_beside_the_pixels() -> None:
    given, target = images(4), images(5)
    draw = Draw(torch.Generator(), torch.Generator())

    def loss(structure: float) -> float:
        objective = PixelObjective(
            nn.Identity(), lambda _: (given, target), Judge(), structure=structure
        )
        return float(objective.loss(draw))

    expected = 0.5 * float((1 - similarity(given, target)).mean())
    assert loss(0.5) - loss(0.0) == pytest.approx(expected, rel=1e-4)
