"""How near a result is to the clean photo, in several figures."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from weights.torchvision_ops import declare_missing_operators

__all__ = ["SHAVE", "Figures", "compare", "mean_figures", "sharpness"]

SHAVE = 4
"""Pixels of border that no figure looks at."""

Picture = NDArray[np.uint8]
Levels = NDArray[np.float64]


@dataclass(frozen=True)
class Figures:
    """`psnr_y` and `psnr_rgb` in dB, 100 for equal pictures; `ssim` and `haarpsi` from 0 to 1, 1
    for equal pictures; `sharpness` as `sharpness` gives it.
    """

    psnr_y: float
    psnr_rgb: float
    ssim: float
    haarpsi: float
    sharpness: float


def compare(result: Picture, clean: Picture) -> Figures:
    """Two H×W×3 pictures of one size, compared without a border of four pixels.

    PSNR Y, SSIM (Wang et al. 2004, Gaussian window of sigma 1.5) and the sharpness are those of the
    BT.601 luma. HaarPSI (Reisenhofer et al. 2018) stands for the eye: among the measures that need
    no trained network it agrees best with people over the sets TID2013, KADID-10k and PIPAL.
    """
    window = (slice(SHAVE, -SHAVE), slice(SHAVE, -SHAVE))
    a, b = (picture[window] for picture in (result, clean))
    luma_a, luma_b = _luma(a), _luma(b)
    ssim = structural_similarity(
        luma_a,
        luma_b,
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    colours = _psnr(a.astype(np.float64), b.astype(np.float64))
    return Figures(
        _psnr(luma_a, luma_b), colours, float(ssim), _haarpsi(a, b), sharpness(luma_a, luma_b)
    )


def mean_figures(figures: list[Figures]) -> Figures:
    """The mean of each figure."""
    names = Figures.__dataclass_fields__
    return Figures(*(float(np.mean([getattr(one, name) for one in figures])) for name in names))


def sharpness(luma: Levels, clean: Levels) -> float:
    """The energy of the gradient as a share of the clean photo's: 1 is as sharp, less is softer.

    Noise and ringing count as sharpness too, so it says something only beside another figure.
    """
    return _gradient_energy(luma) / max(_gradient_energy(clean), 1e-9)


def _luma(levels: Picture) -> Levels:
    """BT.601 luma, 16 to 235, of RGB levels from 0 to 255."""
    weights = np.array([65.481, 128.553, 24.966]) / 255
    luma: Levels = levels.astype(np.float64) @ weights + 16
    return luma


def _psnr(a: Levels, b: Levels) -> float:
    """PSNR in dB of 8-bit levels; 100 for equal pictures, so that means stay finite."""
    error = float(np.mean((a - b) ** 2))
    return 100.0 if error == 0 else float(10 * np.log10(255**2 / error))


def _gradient_energy(luma: Levels) -> float:
    down, across = np.gradient(luma)
    return float(np.mean(down**2 + across**2))


def _haarpsi(a: Picture, b: Picture) -> float:
    one, two = (
        torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float() / 255
        for picture in (a, b)
    )
    with torch.inference_mode():
        return float(_piq().haarpsi(one, two, data_range=1.0))


@cache
def _piq() -> Any:
    # piq imports torchvision, which wants its operators declared where they do not fit the torch.
    declare_missing_operators()
    import piq

    return piq
