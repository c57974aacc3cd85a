"""How good a network is, while it trains: PSNR on the held-out photos against the plain way."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from training.degradations import downscale

__all__ = ["HeldOut", "luma", "psnr"]

_SIDE = 384
_SHAVE = 4
_SIGMA = 25


def luma(images: Tensor) -> Tensor:
    """BT.601 luma `[..., 1, h, w]`, studio range over 255, of RGB `[..., 3, h, w]` in [0, 1]."""
    weights = images.new_tensor([65.481, 128.553, 24.966]).view(3, 1, 1) / 255
    return (images * weights).sum(-3, keepdim=True) + 16 / 255


def psnr(result: Tensor, target: Tensor, *, shave: int = 0) -> float:
    """Peak signal-to-noise ratio in dB of values in [0, 1], a border of `shave` pixels left out."""
    if shave:
        window = (..., slice(shave, -shave), slice(shave, -shave))
        result, target = result[window], target[window]
    error = float(((result - target).double() ** 2).mean())
    return -10 * math.log10(max(error, 1e-12))


class HeldOut:
    """Fixed input and target pairs from photos that are not trained on."""

    def __init__(self, photos: Sequence[Tensor], *, scale: int, device: torch.device) -> None:
        """Cut the middle (at most 384 px) of each photo; upscalers are given bicubic reductions.

        Denoisers are given white noise of sigma 25, rounded to 8 bits, always the same.
        """
        self.measure = "PSNR Y, dB" if scale > 1 else "PSNR RGB, dB"
        self.plain = "bicubic" if scale > 1 else "the input itself"
        self._scale = scale
        self._pairs = [self._pair(photo, seed) for seed, photo in enumerate(photos)]
        self._pairs = [(a.to(device), b.to(device)) for a, b in self._pairs]
        self.baseline = self._mean([self._plain(a) for a, _ in self._pairs])

    def score(self, network: nn.Module) -> float:
        """Mean PSNR in dB of the 8-bit results: luma for upscalers, RGB for denoisers."""
        with torch.no_grad():
            return self._mean([network(given) for given, _ in self._pairs])

    @torch.no_grad()
    def sharpness(self, network: nn.Module) -> float:
        """Mean gradient energy of the results' luma over that of the originals; 1 is as sharp."""
        total = 0.0
        for given, target in self._pairs:
            result = network(given).float().clamp(0, 1)
            total += _gradient_energy(result) / max(_gradient_energy(target), 1e-9)
        return total / len(self._pairs)

    def _mean(self, results: Sequence[Tensor]) -> float:
        total = 0.0
        for result, (_, target) in zip(results, self._pairs, strict=True):
            rounded = result.float().clamp(0, 1).mul(255).round().div(255)
            if self._scale > 1:
                total += psnr(luma(rounded), luma(target), shave=_SHAVE)
            else:
                total += psnr(rounded, target)
        return total / len(results)

    def _plain(self, given: Tensor) -> Tensor:
        if self._scale == 1:
            return given
        return torch.nn.functional.interpolate(
            given, scale_factor=self._scale, mode="bicubic", antialias=True
        )

    def _pair(self, photo: Tensor, seed: int) -> tuple[Tensor, Tensor]:
        step = 8 * self._scale
        side = min(_SIDE, *photo.shape[1:]) // step * step
        top, left = ((length - side) // 2 for length in photo.shape[1:])
        target = photo[:, top : top + side, left : left + side][None].float() / 255
        if self._scale > 1:
            given = downscale(target, self._scale)
        else:
            chance = torch.Generator().manual_seed(seed)
            given = target + torch.randn(target.shape, generator=chance) * _SIGMA / 255
        return given.clamp(0, 1).mul(255).round().div(255), target


def _gradient_energy(images: Tensor) -> float:
    """Mean square of the luma's differences between neighbours."""
    grey = luma(images)
    return float(grey.diff(dim=-1).square().mean() + grey.diff(dim=-2).square().mean())
