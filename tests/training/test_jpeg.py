import io

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image
from torch import Tensor

from training.jpeg import jpeg_round_trip
from training.validation import psnr


def as_tensor(image: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255


@pytest.mark.parametrize("quality", [20, 50, 80, 95])
@pytest.mark.parametrize("subsampled", [True, False])
def test_it_loses_what_libjpeg_loses(quality: int, subsampled: bool) -> None:
    photo = Image.fromarray(skimage.data.astronaut()[:256, :256])
    coded = io.BytesIO()
    photo.save(coded, "JPEG", quality=quality, subsampling=2 if subsampled else 0)
    with Image.open(coded) as opened:
        expected = as_tensor(opened.convert("RGB"))
    given = as_tensor(photo)
    ours = jpeg_round_trip(given, torch.tensor([float(quality)]), subsampled=subsampled)
    assert psnr(ours, expected) > psnr(expected, given) + 4
    assert psnr(ours, given) == pytest.approx(psnr(expected, given), abs=0.4)


def test_each_sample_has_its_own_quality() -> None:
    photo = as_tensor(Image.fromarray(skimage.data.coffee()[:128, :128]))
    both = jpeg_round_trip(
        photo.expand(2, -1, -1, -1), torch.tensor([10.0, 90.0]), subsampled=False
    )
    assert psnr(both[1:], photo) > psnr(both[:1], photo) + 5
    alone = jpeg_round_trip(photo, torch.tensor([90.0]), subsampled=False)
    assert (both[1:] - alone).abs().max() < 1.5 / 255


def test_sizes_off_the_block_grid_are_refused() -> None:
    with pytest.raises(ValueError, match="multiples of 16"):
        jpeg_round_trip(torch.zeros(1, 3, 24, 32), torch.tensor([50.0]), subsampled=True)
