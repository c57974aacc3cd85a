import numpy as np
import pytest
import torch

from training.data import CropPool, Photos
from training.degradations import Draw, downscale
from training.validation import psnr
from training.wear import lifelike_pairs, worn_photos


def draw(seed: int = 0) -> Draw:
    return Draw(torch.Generator().manual_seed(seed), torch.Generator().manual_seed(seed + 1))


@pytest.fixture
def large(photos: Photos) -> torch.Tensor:
    pool = CropPool(photos.training, size=160, device=torch.device("cpu"))
    return pool.crops(32, torch.Generator().manual_seed(3))


def test_worn_photos_are_small_and_still_in_place(large: torch.Tensor) -> None:
    small = worn_photos(large, 40, draw())
    assert small.shape == (32, 3, 40, 40)
    assert 0 <= small.min() <= small.max() <= 1
    plain = downscale(large, 4)
    right = np.median([psnr(small[i], plain[i], shave=4) for i in range(32)])
    for shift in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        moved = plain.roll(shift, dims=(2, 3))
        assert right > np.median([psnr(small[i], moved[i], shave=4) for i in range(32)])
    # Neither lighter nor darker on the whole.
    assert abs(float((small - plain).mean())) < 0.01


def test_the_wear_runs_from_slight_to_strong(large: torch.Tensor) -> None:
    plain = downscale(large, 4)
    small = worn_photos(large, 40, draw())
    likeness = [psnr(small[i], plain[i], shave=4) for i in range(32)]
    assert max(likeness) > min(likeness) + 10


def test_the_stated_share_of_the_pairs_is_clean(large: torch.Tensor) -> None:
    given, target = lifelike_pairs(large, scale=4, patch=24, clean=0.25, sharpen=0.0, draw=draw())
    assert given.shape == (32, 3, 24, 24)
    assert target.shape == (32, 3, 96, 96)
    reduced = downscale(target, 4).clamp(0, 1)
    likeness = [psnr(given[i], reduced[i], shave=4) for i in range(32)]
    assert min(likeness[:8]) > 50 > max(likeness[8:])


def test_a_batch_of_one_works_and_repeats_by_seed(large: torch.Tensor) -> None:
    first = lifelike_pairs(large[:1], scale=4, patch=24, clean=0.25, sharpen=0.0, draw=draw(4))
    again = lifelike_pairs(large[:1], scale=4, patch=24, clean=0.25, sharpen=0.0, draw=draw(4))
    assert torch.equal(first[0], again[0])


def test_sharpened_targets_keep_their_colours_and_gain_contrast(large: torch.Tensor) -> None:
    _, plain = lifelike_pairs(large, scale=4, patch=24, clean=1, sharpen=0.0, draw=draw())
    _, sharp = lifelike_pairs(large, scale=4, patch=24, clean=1, sharpen=0.5, draw=draw())
    assert sharp.diff(dim=3).square().mean() > 1.3 * plain.diff(dim=3).square().mean()
    assert (sharp.mean(dim=(2, 3)) - plain.mean(dim=(2, 3))).abs().max() < 0.02
