"""Poor photos made from good ones: pairs of input and target, computed on the training device."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from training.jpeg import jpeg_round_trip

__all__ = [
    "Draw",
    "blurred",
    "coded_anywhere",
    "cut_pairs",
    "denoise_pairs",
    "downscale",
    "noise_field",
    "upscale_pairs",
]

PHASES = 8  # JPEG's block grid: patches are cut at any of its offsets.
UPSCALE_MARGIN = 16  # In pixels of the small image; keeps its size a multiple of 16.
DENOISE_MARGIN = 16
_JPEG_BLOCK = 16  # With halved chroma.


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
    crops: Tensor, *, scale: int, patch: int, leftovers: float, rough: float, draw: Draw
) -> tuple[Tensor, Tensor]:
    """Small inputs `[n, 3, patch, patch]` and large targets from `(patch + 16) * scale` px crops.

    Most inputs are plain bicubic reductions. A share of `leftovers` of the batch carries what is
    left in a photo after denoising: a slight blur (up to 0.45 of a small pixel), another reduction,
    noise up to sigma 3 and JPEG 80-95, each by chance. A share of `rough` looks as photos come:
    blur up to 0.7 of a small pixel, noise up to sigma 25, JPEG 30-95. Inputs are rounded to 8 bits.
    """
    count = len(crops)
    mild, wild = round(count * leftovers), round(count * rough)
    small = torch.cat(
        [
            _worn(crops[:mild], scale, _LEFTOVERS, draw),
            _worn(crops[mild : mild + wild], scale, _ROUGH, draw),
            downscale(crops[mild + wild :], scale),
        ]
    )
    return cut_pairs(small, crops, scale=scale, patch=patch, draw=draw)


def cut_pairs(
    small: Tensor, large: Tensor, *, scale: int, patch: int, draw: Draw
) -> tuple[Tensor, Tensor]:
    """The same window of `patch` small px at any of 64 places, 4 px or more from the borders.

    The small one is rounded to 8 bits.
    """
    top, left = (4 + draw.integer(PHASES) for _ in range(2))
    window = (..., slice(top, top + patch), slice(left, left + patch))
    above = (
        ...,
        slice(top * scale, (top + patch) * scale),
        slice(left * scale, (left + patch) * scale),
    )
    given = small[window].clamp(0, 1).mul(255).round().div(255)
    return given.contiguous(), large[above].contiguous()


@dataclass(frozen=True)
class _Wear:
    """Ranges: `blur` in small pixels, `noise` sigma of 255 and its chance, `jpeg` likewise."""

    blur: tuple[float, float]
    noise: tuple[float, float]
    noise_chance: float
    jpeg: tuple[float, float]
    jpeg_chance: float


_LEFTOVERS = _Wear((0.05, 0.45), (0, 3), 0.5, (80, 95), 0.5)
_ROUGH = _Wear((0.05, 0.7), (0, 25), 0.85, (30, 95), 0.85)


def _worn(crops: Tensor, scale: int, wear: _Wear, draw: Draw) -> Tensor:
    """`crops` made small by `scale` with the given wear, not rounded."""
    count = len(crops)
    if not count:
        return downscale(crops, scale)
    low, high = wear.blur
    soft = blurred(crops, draw.uniform(count, low * scale, high * scale))
    small = downscale(soft, scale, ("bicubic", "bilinear", "area")[draw.integer(3)])
    sigma = draw.uniform(count, *wear.noise) * (draw.uniform(count, 0, 1) < wear.noise_chance)
    small = (small + draw.normal(small) * _per_sample(sigma / 255, small)).clamp(0, 1)
    chosen = _chosen(draw.uniform(count, 0, 1) < wear.jpeg_chance)
    return _with_jpeg(small, chosen, wear.jpeg, draw)


def denoise_pairs(crops: Tensor, *, patch: int, draw: Draw) -> tuple[Tensor, Tensor]:
    """Noisy inputs and clean targets `[n, 3, patch, patch]` from crops of `patch + 16` px.

    One in ten stays clean, three in ten go through JPEG of quality 10-80 alone. The rest carries
    noise of sigma 0-50 (of 255), half of it 0-15: white, shared between the channels in part, or
    growing with the light (Poisson-like); a fifth of it is blurred, as demosaicing and resizing do.
    40 % of the noisy ones then go through JPEG of quality 20-95. Inputs are rounded to 8 bits.
    """
    count = len(crops)
    noisy = draw.uniform(count, 0, 1) < 0.6
    strong = draw.uniform(count, 0, 1) < 0.5
    sigma = torch.where(strong, draw.uniform(count, 0, 50), draw.uniform(count, 0, 15)) * noisy
    field = noise_field(crops, draw)
    field = field * _per_sample(sigma / 255, crops)
    light = draw.uniform(count, 0, 1) < 0.3
    growing = (crops.clamp_min(0.004) / 0.5).sqrt()
    field = torch.where(_per_sample(light, crops), field * growing, field)
    degraded = (crops + field).clamp(0, 1)

    coded = draw.uniform(count, 0, 1)
    degraded = _with_jpeg(degraded, _chosen((coded < 0.4) & noisy), (20.0, 95.0), draw)
    degraded = _with_jpeg(degraded, _chosen((coded < 0.75) & ~noisy), (10.0, 80.0), draw)
    degraded = degraded.mul(255).round().div(255)
    top, left = draw.integer(PHASES), draw.integer(PHASES)
    window = (..., slice(top, top + patch), slice(left, left + patch))
    return degraded[window].contiguous(), crops[window].contiguous()


def noise_field(crops: Tensor, draw: Draw) -> Tensor:
    """Noise of unit variance: white, partly common to the channels (30 %), blurred (20 %)."""
    count = len(crops)
    planes = draw.normal(torch.cat([crops, crops[:, :1]], dim=1))
    common = draw.uniform(count, 0.2, 1.0) * (draw.uniform(count, 0, 1) < 0.3)
    weight = _per_sample(common, crops)
    field = (1 - weight).sqrt() * planes[:, :3] + weight.sqrt() * planes[:, 3:]
    chosen = _chosen(draw.uniform(count, 0, 1) < 0.2)
    if not len(chosen):
        return field
    soft = blurred(field[chosen.to(field.device)], draw.uniform(len(chosen), 0.35, 1.0))
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


def coded_anywhere(images: Tensor, quality: Tensor, draw: Draw) -> Tensor:
    """JPEG at `quality` `[n]` with its block grid anywhere; three in four with subsampled chroma.

    Any height and width from 32 on will do.
    """
    top, left = draw.integer(_JPEG_BLOCK), draw.integer(_JPEG_BLOCK)
    height, width = images.shape[2:]
    bottom, right = (-height - top) % _JPEG_BLOCK, (-width - left) % _JPEG_BLOCK
    padded = F.pad(images, (left, right, top, bottom), mode="reflect")
    levels = quality.round().to(images.device)
    coded = jpeg_round_trip(padded, levels, subsampled=draw.integer(4) > 0)
    return coded[:, :, top : top + height, left : left + width]


def blurred(images: Tensor, sigma: Tensor) -> Tensor:
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
