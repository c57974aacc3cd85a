"""JPEG's losses as torch operations, so that they are made on the training device, per sample."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["jpeg_round_trip"]

# The example tables of ITU-T T.81, annex K.1, which libjpeg scales by its quality setting.
_LUMA = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMA = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    (99, 99, 99, 99, 99, 99, 99, 99),
    (99, 99, 99, 99, 99, 99, 99, 99),
    (99, 99, 99, 99, 99, 99, 99, 99),
    (99, 99, 99, 99, 99, 99, 99, 99),
)
_TO_YCBCR = (
    (0.299, 0.587, 0.114),
    (-0.168736, -0.331264, 0.5),
    (0.5, -0.418688, -0.081312),
)
_TO_RGB = (
    (1.0, 0.0, 1.402),
    (1.0, -0.344136, -0.714136),
    (1.0, 1.772, 0.0),
)


def jpeg_round_trip(images: Tensor, quality: Tensor, *, subsampled: bool) -> Tensor:
    """Encode and decode `[n, 3, h, w]` images in [0, 1] at libjpeg's `quality` `[n]` (1 to 100).

    Height and width must be multiples of 16. With `subsampled` the chroma is kept at half size
    (4:2:0) and enlarged bilinearly, as libjpeg's default decoder does. The entropy coding is left
    out, being lossless. Returns 8-bit levels divided by 255.
    """
    if images.shape[2] % 16 or images.shape[3] % 16:
        raise ValueError("JPEG needs height and width to be multiples of 16.")
    levels = images * 255
    ycbcr = torch.einsum("ij,njhw->nihw", levels.new_tensor(_TO_YCBCR), levels)
    luma, chroma = ycbcr[:, :1], ycbcr[:, 1:]
    if subsampled:
        chroma = F.avg_pool2d(chroma, 2)
    luma = _quantised(luma - 128, levels.new_tensor(_LUMA), quality) + 128
    chroma = _quantised(chroma, levels.new_tensor(_CHROMA), quality)
    if subsampled:
        chroma = F.interpolate(chroma, scale_factor=2, mode="bilinear", align_corners=False)
    ycbcr = torch.cat([luma, chroma], dim=1)
    decoded = torch.einsum("ij,njhw->nihw", levels.new_tensor(_TO_RGB), ycbcr)
    return decoded.round().clamp(0, 255) / 255


def _quantised(planes: Tensor, table: Tensor, quality: Tensor) -> Tensor:
    """Round the 8 x 8 DCT coefficients of `[n, c, h, w]` planes to the scaled `table`'s steps."""
    quality = quality.clamp(1, 100).view(-1, 1, 1)
    percent = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality)
    steps = ((table * percent + 50) / 100).floor().clamp(1, 255)[:, None, None, :, None, :]
    count, channels, height, width = planes.shape
    blocks = planes.reshape(count, channels, height // 8, 8, width // 8, 8)
    basis = _dct_basis(planes)
    coefficients = torch.einsum("ij,nchjwk,lk->nchiwl", basis, blocks, basis)
    coefficients = (coefficients / steps).round() * steps
    restored = torch.einsum("ji,nchjwk,kl->nchiwl", basis, coefficients, basis)
    return restored.reshape(count, channels, height, width)


def _dct_basis(like: Tensor) -> Tensor:
    """The orthonormal 8-point DCT-II as a matrix `[frequency, position]`."""
    place = torch.arange(8, device=like.device, dtype=like.dtype)
    basis = torch.cos(math.pi / 8 * (place[None] + 0.5) * place[:, None]) * 0.5
    basis[0] /= math.sqrt(2)
    return basis
