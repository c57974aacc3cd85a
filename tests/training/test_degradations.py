import numpy as np
import pytest
import torch
from PIL import Image

from training.data import CropPool, Photos
from training.degradations import (
    Draw,
    coded_anywhere,
    denoise_pairs,
    downscale,
    upscale_pairs,
)
from training.jpeg import jpeg_round_trip
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
    given, target = upscale_pairs(large, scale=scale, patch=24, leftovers=0, rough=0, draw=draw())
    assert given.shape == (16, 3, 24, 24)
    assert target.shape == (16, 3, 24 * scale, 24 * scale)
    inner = (..., slice(4, -4), slice(4, -4))
    reduced = downscale(target, scale).clamp(0, 1)
    assert (reduced[inner] - given[inner]).abs().max() < 1 / 255


def test_only_the_stated_shares_of_upscale_inputs_are_worn(photos: Photos) -> None:
    large = crops(photos, 192, count=64)
    given, target = upscale_pairs(large, scale=4, patch=32, leftovers=0.25, rough=0.5, draw=draw())
    reduced = downscale(target, 4).clamp(0, 1)
    likeness = [psnr(given[i], reduced[i], shave=4) for i in range(len(given))]
    mild, rough, plain = likeness[:16], likeness[16:48], likeness[48:]
    assert min(plain) > 50 > max(mild + rough)
    assert np.median(rough) < np.median(mild) - 4


def test_the_grid_of_jpeg_lies_anywhere(photos: Photos) -> None:
    photo = crops(photos, 96, count=1)
    quality = torch.tensor([30.0])
    coded = [coded_anywhere(photo, quality, draw(seed)) for seed in range(6)]
    assert all(result.shape == photo.shape for result in coded)
    assert len({psnr(result, coded[0]) for result in coded}) > 3
    plain = psnr(jpeg_round_trip(photo, quality, subsampled=True), photo)
    assert all(abs(psnr(result, photo) - plain) < 2 for result in coded)
    odd = photo[:, :, :45, :71]
    assert coded_anywhere(odd, quality, draw()).shape == odd.shape


def test_denoise_inputs_are_noisy_eight_bit_versions_of_their_targets(photos: Photos) -> None:
    clean = crops(photos, 80, count=400)
    given, target = denoise_pairs(clean, patch=64, draw=draw())
    assert given.shape == target.shape == (400, 3, 64, 64)
    assert torch.equal(given, given.mul(255).round().div(255))
    assert given.min() >= 0
    assert given.max() <= 1
    errors = (given - target).std(dim=(1, 2, 3)) * 255
    untouched = (errors < 0.01).float().mean()
    assert 0.05 < float(untouched) < 0.15
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
