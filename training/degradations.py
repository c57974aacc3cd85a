"""Poor photos made from good ones: pairs of input and target, computed on the training device."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from training.jpeg import jpeg_round_trip

__all__ = ["Draw", "denoise_pairs", "downscale", "upscale_pairs"]

PHASES = 8  # JPEG's block grid: patches are cut at any of its offsets.
UPSCALE_MARGIN = 16  # In pixels of the small image; keeps its size a multiple of 16.
DENOISE_MARGIN = 16


@dataclass(frozen=True)
class Draw:
    """The two sources of chance: `host` draws choices on the CPU, `device` draws whole fields."""

    host: torch.Generator
    device: torch.Generator

    def uniform(self, count: int, low: float, high: float) -> Tensor:
        """`[count]` floats on the CPU, uniform between `low` and `high`."""
        return torch.rand(count, generator=self.host) * (high - low) + low

    def integer(self, high: int) -> int:
        """One integer from 0 to `high - 1`."""
        return int(torch.randint(0, high, (1,), generator=self.host))

    def normal(self, like: Tensor) -> Tensor:
        """Standard normal values of the shape, type and device of `like`."""
        return torch.randn(like.shape, generator=self.device, device=like.device, dtype=like.dtype)


def downscale(images: Tensor, scale: int, mode: str = "bicubic") -> Tensor:
    """Reduce `[n, 3, h, w]` by `scale` by antialiased `bicubic` (a = -0.5), `bilinear`, `area`."""
    if mode == "area":
        return F.avg_pool2d(images, scale)
    size = (images.shape[2] // scale, images.shape[3] // scale)
    return F.interpolate(images, size=size, mode=mode, align_corners=False, antialias=True)


def upscale_pairs(
    crops: Tensor, *, scale: int, patch: int, leftovers: float, draw: Draw
) -> tuple[Tensor, Tensor]:
    """Small inputs `[n, 3, patch, patch]` and large targets from `(patch + 16) * scale` px crops.

    Most inputs are plain bicubic reductions; a share of `leftovers` of the batch carries what is
    left in a photo after denoising: a slight blur (up to 0.45 of a small pixel), another reduction,
    noise up to sigma 3 and JPEG 80-95, each by chance. Inputs are rounded to 8 bits.
    """
    count = round(len(crops) * leftovers)
    rough, clean = crops[:count], crops[count:]
    parts = []
    if count:
        rough = _blurred(rough, draw.uniform(count, 0.05, 0.45 * scale))
        small = downscale(rough, scale, ("bicubic", "bilinear", "area")[draw.integer(3)])
        sigma = draw.uniform(count, 0, 3) * (draw.uniform(count, 0, 1) < 0.5)
        small = small + draw.normal(small) * _per_sample(sigma / 255, small)
        small = small.clamp(0, 1)
        chosen = _chosen(draw.uniform(count, 0, 1) < 0.5)
        small = _with_jpeg(small, chosen, (80.0, 95.0), draw)
        parts.append(small)
    parts.append(downscale(clean, scale))
    small = torch.cat(parts).clamp(0, 1).mul(255).round().div(255)
    top, left = (4 + draw.integer(PHASES) for _ in range(2))
    target = crops[
        :,
        :,
        top * scale : (top + patch) * scale,
        left * scale : (left + patch) * scale,
    ]
    return small[:, :, top : top + patch, left : left + patch].contiguous(), target.contiguous()


def denoise_pairs(crops: Tensor, *, patch: int, draw: Draw) -> tuple[Tensor, Tensor]:
    """Noisy inputs and clean targets `[n, 3, patch, patch]` from crops of `patch + 16` px.

    About one in eight stays clean. Noise of sigma 0-50 (of 255), half of it 0-15, is white, shared
    between the channels in part, or grows with the light (Poisson-like); a fifth of it is blurred,
    as demosaicing and resizing do. 45 % then go through JPEG of quality 20-95. Inputs are rounded
    to 8 bits.
    """
    count = len(crops)
    noisy = draw.uniform(count, 0, 1) < 0.75
    strong = draw.uniform(count, 0, 1) < 0.5
    sigma = torch.where(strong, draw.uniform(count, 0, 50), draw.uniform(count, 0, 15)) * noisy
    field = _noise_field(crops, draw)
    field = field * _per_sample(sigma / 255, crops)
    light = draw.uniform(count, 0, 1) < 0.3
    growing = (crops.clamp_min(0.004) / 0.5).sqrt()
    field = torch.where(_per_sample(light, crops), field * growing, field)
    degraded = (crops + field).clamp(0, 1)

    share = torch.where(noisy, 0.45, 0.5)
    chosen = _chosen(draw.uniform(count, 0, 1) < share)
    degraded = _with_jpeg(degraded, chosen, (20.0, 95.0), draw)
    degraded = degraded.mul(255).round().div(255)
    top, left = draw.integer(PHASES), draw.integer(PHASES)
    window = (..., slice(top, top + patch), slice(left, left + patch))
    return degraded[window].contiguous(), crops[window].contiguous()


def _noise_field(crops: Tensor, draw: Draw) -> Tensor:
    """Noise of unit variance: white, partly common to the channels (30 %), blurred (20 %)."""
    count = len(crops)
    planes = draw.normal(torch.cat([crops, crops[:, :1]], dim=1))
    common = draw.uniform(count, 0.2, 1.0) * (draw.uniform(count, 0, 1) < 0.3)
    weight = _per_sample(common, crops)
    field = (1 - weight).sqrt() * planes[:, :3] + weight.sqrt() * planes[:, 3:]
    chosen = _chosen(draw.uniform(count, 0, 1) < 0.2)
    if not len(chosen):
        return field
    soft = _blurred(field[chosen.to(field.device)], draw.uniform(len(chosen), 0.35, 1.0))
    soft = soft / soft.std(dim=(1, 2, 3), keepdim=True)
    return field.index_copy(0, chosen.to(field.device), soft)


def _with_jpeg(images: Tensor, chosen: Tensor, quality: tuple[float, float], draw: Draw) -> Tensor:
    """Send the `chosen` samples through JPEG, three in four batches with subsampled chroma."""
    if not len(chosen):
        return images
    levels = draw.uniform(len(chosen), *quality).round().to(images.device)
    index = chosen.to(images.device)
    coded = jpeg_round_trip(images[index], levels, subsampled=draw.integer(4) > 0)
    return images.index_copy(0, index, coded)


def _blurred(images: Tensor, sigma: Tensor) -> Tensor:
    """Blur each of `[n, c, h, w]` by a Gaussian of its own `sigma` `[n]` in pixels."""
    reach = max(1, int(float(sigma.max()) * 3 + 0.5))
    place = torch.arange(-reach, reach + 1, dtype=images.dtype)
    kernel = torch.exp(-0.5 * (place[None] / sigma.to(images.dtype)[:, None]) ** 2)
    kernel = (kernel / kernel.sum(1, keepdim=True)).to(images.device)
    count, channels, height, width = images.shape
    weights = kernel.repeat_interleave(channels, dim=0)[:, None]
    planes = images.reshape(1, count * channels, height, width)
    planes = F.pad(planes, (reach, reach, reach, reach), mode="reflect")
    planes = F.conv2d(planes, weights[:, :, :, None], groups=count * channels)
    planes = F.conv2d(planes, weights[:, :, None, :], groups=count * channels)
    return planes.view(count, channels, height, width)


def _per_sample(values: Tensor, like: Tensor) -> Tensor:
    """`[n]` values of the CPU as `[n, 1, 1, 1]` beside `like`."""
    return values.to(like.device).view(-1, 1, 1, 1)


def _chosen(mask: Tensor) -> Tensor:
    return mask.nonzero().flatten()
