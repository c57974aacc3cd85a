import numpy as np
import pytest
import torch
from PIL import Image

from training.data import CropPool, Photos
from training.degradations import Draw, denoise_pairs, downscale, upscale_pairs
from training.validation import psnr

CPU = torch.device("cpu")


def draw(seed: int = 0) -> Draw:
    return Draw(torch.Generator().manual_seed(seed), torch.Generator().manual_seed(seed + 1))


def crops(photos: Photos, size: int, count: int = 16) -> torch.Tensor:
    pool = CropPool(photos.training, size=size, device=CPU)
    return pool.crops(count, torch.Generator().manual_seed(3))


@pytest.mark.parametrize("scale", [2, 4])
def test_bicubic_reduction_is_that_of_pillow(photos: Photos, scale: int) -> None:
    photo = photos.faces[0]
    image = Image.fromarray(photo.permute(1, 2, 0).numpy())
    small = image.resize((256 // scale, 256 // scale), Image.Resampling.BICUBIC)
    ours = downscale(photo[None].float() / 255, scale).clamp(0, 1).mul(255).round()[0]
    assert np.abs(ours.permute(1, 2, 0).numpy() - np.asarray(small, dtype=float)).max() <= 1


@pytest.mark.parametrize("scale", [2, 4])
def test_upscale_targets_lie_exactly_over_their_inputs(photos: Photos, scale: int) -> None:
    large = crops(photos, 40 * scale)
    given, target = upscale_pairs(large, scale=scale, patch=24, leftovers=0, draw=draw())
    assert given.shape == (16, 3, 24, 24)
    assert target.shape == (16, 3, 24 * scale, 24 * scale)
    inner = (..., slice(4, -4), slice(4, -4))
    reduced = downscale(target, scale).clamp(0, 1)
    assert (reduced[inner] - given[inner]).abs().max() < 1 / 255


def test_only_the_stated_share_of_upscale_inputs_is_rough(photos: Photos) -> None:
    large = crops(photos, 192)
    given, target = upscale_pairs(large, scale=4, patch=32, leftovers=0.25, draw=draw())
    reduced = downscale(target, 4).clamp(0, 1)
    likeness = [psnr(given[i], reduced[i], shave=4) for i in range(len(given))]
    assert max(likeness[:4]) < 50
    assert min(likeness[4:]) > 50


def test_denoise_inputs_are_noisy_eight_bit_versions_of_their_targets(photos: Photos) -> None:
    clean = crops(photos, 80, count=400)
    given, target = denoise_pairs(clean, patch=64, draw=draw())
    assert given.shape == target.shape == (400, 3, 64, 64)
    assert torch.equal(given, given.mul(255).round().div(255))
    assert given.min() >= 0
    assert given.max() <= 1
    errors = (given - target).std(dim=(1, 2, 3)) * 255
    untouched = (errors < 0.01).float().mean()
    assert 0.05 < float(untouched) < 0.16
    assert 35 < float(errors.max()) < 75
    # The error averages out: no shift of colour or of place.
    assert (given - target).mean().abs() < 0.01


def test_the_same_seed_gives_the_same_pairs(photos: Photos) -> None:
    clean = crops(photos, 80)
    first = denoise_pairs(clean, patch=64, draw=draw(1))
    again = denoise_pairs(clean, patch=64, draw=draw(1))
    other = denoise_pairs(clean, patch=64, draw=draw(2))
    assert torch.equal(first[0], again[0])
    assert not torch.equal(first[0], other[0])
