import math

import numpy as np
import pytest
import skimage.color
import skimage.data
import skimage.metrics
import torch
from torch import nn

from training.data import Photos
from training.validation import HeldOut, luma, psnr


def test_luma_is_the_y_of_ycbcr() -> None:
    photo = skimage.data.coffee()
    expected = skimage.color.rgb2ycbcr(photo)[..., 0] / 255
    ours = luma(torch.from_numpy(photo.copy()).permute(2, 0, 1).double() / 255)[0]
    assert np.abs(ours.numpy() - expected).max() < 1e-6


def test_psnr_is_that_of_scikit_image() -> None:
    chance = np.random.default_rng(0)
    a, b = chance.random((2, 3, 40, 40))
    expected = skimage.metrics.peak_signal_noise_ratio(a, b, data_range=1)
    assert psnr(torch.from_numpy(a), torch.from_numpy(b)) == pytest.approx(expected)
    inner = (slice(None), slice(4, -4), slice(4, -4))
    expected = skimage.metrics.peak_signal_noise_ratio(a[inner], b[inner], data_range=1)
    assert psnr(torch.from_numpy(a), torch.from_numpy(b), shave=4) == pytest.approx(expected)


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_the_plain_way_scores_the_baseline(photos: Photos, scale: int) -> None:
    class Plain(nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            if scale == 1:
                return image
            return nn.functional.interpolate(
                image, scale_factor=scale, mode="bicubic", antialias=True
            )

    held_out = HeldOut(photos.held_out, scale=scale, device=torch.device("cpu"))
    assert held_out.score(Plain()) == pytest.approx(held_out.baseline)
    assert 15 < held_out.baseline < 45
    assert math.isfinite(held_out.baseline)


def test_sharpness_is_one_for_the_original_and_less_for_the_enlarged(photos: Photos) -> None:
    class Enlarged(nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return nn.functional.interpolate(image, scale_factor=2, mode="bicubic")

    class Again(nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return image

    cpu = torch.device("cpu")
    assert 0.2 < HeldOut(photos.held_out, scale=2, device=cpu).sharpness(Enlarged()) < 0.9
    noisy = HeldOut(photos.held_out, scale=1, device=cpu)
    assert noisy.sharpness(Again()) > 1.5
