"""What befalls a photo between the lens and the chat: two rounds of blur, resizing, noise, JPEG.

A simple form of Real-ESRGAN's second-order degradation (Wang et al. 2021), on the training device.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from training.degradations import Draw, blurred, coded_anywhere, cut_pairs, downscale, noise_field

__all__ = ["DRAWINGS", "PHOTOS", "Rounds", "lifelike_pairs", "worn_photos"]

_GROUPS = 8


@dataclass(frozen=True)
class _Round:
    """Upper ends, at full strength: `blur` in pixels, `noise` sigma of 255; JPEG's lowest."""

    blur: float
    blur_chance: float
    noise: float
    noise_chance: float
    quality: float


@dataclass(frozen=True)
class Rounds:
    """The two rounds of one kind of picture, the share of groups that ring, ways to resize."""

    first: _Round
    second: _Round
    ringing: float
    filters: tuple[str, ...] = ("bicubic", "bilinear", "area")


PHOTOS = Rounds(
    _Round(blur=2.4, blur_chance=0.8, noise=18, noise_chance=0.7, quality=45),
    _Round(blur=1.2, blur_chance=0.5, noise=10, noise_chance=0.5, quality=45),
    ringing=0.4,
)
DRAWINGS = Rounds(
    _Round(blur=1.6, blur_chance=0.6, noise=8, noise_chance=0.4, quality=20),
    _Round(blur=1.0, blur_chance=0.5, noise=8, noise_chance=0.4, quality=20),
    ringing=0.6,
    filters=("bicubic", "bilinear", "area", "nearest-exact"),
)
"""Drawings are coded again and again rather than noisy, and enlarged pixel by pixel: lines ring and
have stairs, and no grain hides it."""


def lifelike_pairs(
    crops: Tensor,
    *,
    scale: int,
    patch: int,
    clean: float,
    sharpen: float,
    draw: Draw,
    rounds: Rounds = PHOTOS,
) -> tuple[Tensor, Tensor]:
    """Inputs and targets as `upscale_pairs` gives them, worn in two rounds as photos in chats are.

    A share of `clean` of the batch are plain bicubic reductions. Targets are sharpened by an
    unsharp mask of the amount `sharpen`, as Real-ESRGAN's are.
    """
    plain = round(len(crops) * clean)
    side = crops.shape[-1] // scale
    small = downscale(crops[:plain], scale)
    if plain < len(crops):
        small = torch.cat([small, worn_photos(crops[plain:], side, draw, rounds)])
    if sharpen:
        soft = blurred(crops, torch.full((len(crops),), scale / 2))
        crops = (crops + sharpen * (crops - soft)).clamp(0, 1)
    return cut_pairs(small, crops, scale=scale, patch=patch, draw=draw)


def worn_photos(photos: Tensor, side: int, draw: Draw, rounds: Rounds = PHOTOS) -> Tensor:
    """`[n, 3, h, h]` in [0, 1] after two rounds, at `[n, 3, side, side]`, in place on the grid.

    Each group of samples shares its sizes and its strength, uniform between nothing and all.
    """
    groups = torch.split(photos, max(1, -(-len(photos) // _GROUPS)))
    return torch.cat([_two_rounds(group, side, draw, rounds) for group in groups])


def _two_rounds(photos: Tensor, side: int, draw: Draw, rounds: Rounds) -> Tensor:
    strength, up, down, last = draw.uniform(4, 0, 1).tolist()
    scale = photos.shape[-1] / side
    images = _blurred(photos, rounds.first, strength, scale / 2, draw)
    between = photos.shape[-1] * (1 + 0.4 * up if draw.integer(5) == 0 else scale ** (-1.2 * down))
    images = _noisy(
        _resized(images, round(between), rounds.filters, draw), rounds.first, strength, draw
    )
    images = _coded(images, rounds.first, strength, draw)

    images = _blurred(images, rounds.second, strength, images.shape[-1] / side / 2 + 0.5, draw)
    images = _resized(images, round(side * (0.8 + 0.7 * last)), rounds.filters, draw)
    images = _noisy(images, rounds.second, strength, draw)
    if draw.integer(2):
        images = _rung(_resized(images, side, PHOTOS.filters, draw), rounds.ringing, draw)
        return _coded(images, rounds.second, strength, draw)
    images = _coded(images, rounds.second, strength, draw)
    return _rung(_resized(images, side, PHOTOS.filters, draw), rounds.ringing, draw)


def _resized(images: Tensor, side: int, filters: Sequence[str], draw: Draw) -> Tensor:
    if images.shape[-1] == side:
        return images
    mode = filters[draw.integer(len(filters))]
    if mode in ("area", "nearest-exact"):
        return F.interpolate(images, size=side, mode=mode)
    resized = F.interpolate(images, size=side, mode=mode, align_corners=False, antialias=True)
    return resized.clamp(0, 1)


def _blurred(images: Tensor, step: _Round, strength: float, pixel: float, draw: Draw) -> Tensor:
    """Gaussian blur of each sample, round or stretched at any angle; `pixel` scales its sigma."""
    count = len(images)
    reach = max(1, math.ceil(2.5 * step.blur * strength * pixel))
    wide = draw.uniform(count, 0, step.blur * strength * pixel)
    wide = wide * (draw.uniform(count, 0, 1) < step.blur_chance) + 0.15
    stretched = draw.uniform(count, 0, 1) < 0.4
    narrow = torch.where(stretched, wide * draw.uniform(count, 0.3, 1), wide)
    angle = draw.uniform(count, 0, math.pi).view(-1, 1, 1)
    rows, columns = _offsets(reach)
    along = columns * angle.cos() + rows * angle.sin()
    across = rows * angle.cos() - columns * angle.sin()
    kernel = torch.exp(
        -0.5 * ((along / wide.view(-1, 1, 1)) ** 2 + (across / narrow.view(-1, 1, 1)) ** 2)
    )
    return _filtered(images, kernel)


def _rung(images: Tensor, share: float, draw: Draw) -> Tensor:
    """A share of the groups passes a sinc filter, which leaves ringing and overshoot."""
    cutoff = float(draw.uniform(1, math.pi / 2, math.pi))
    if float(draw.uniform(1, 0, 1)) >= share:
        return images
    rows, columns = _offsets(6)
    radius = (rows**2 + columns**2).sqrt().clamp_min(1e-3)
    kernel = cutoff * torch.special.bessel_j1(cutoff * radius) / (2 * math.pi * radius)
    return _filtered(images, kernel.expand(len(images), -1, -1)).clamp(0, 1)


def _noisy(images: Tensor, step: _Round, strength: float, draw: Draw) -> Tensor:
    """White, grey, blotchy noise, or noise that grows with the light (Poisson-like)."""
    count = len(images)
    sigma = draw.uniform(count, 0, step.noise * strength) / 255
    sigma = sigma * (draw.uniform(count, 0, 1) < step.noise_chance)
    field = noise_field(images, draw)
    growing = (draw.uniform(count, 0, 1) < 0.4).to(images.device).view(-1, 1, 1, 1)
    field = torch.where(growing, field * (images.clamp_min(0.004) / 0.5).sqrt(), field)
    return (images + field * sigma.to(images.device).view(-1, 1, 1, 1)).clamp(0, 1)


def _coded(images: Tensor, step: _Round, strength: float, draw: Draw) -> Tensor:
    """JPEG between 95 and the round's lowest; one group in four goes without."""
    quality = draw.uniform(len(images), 95 - (95 - step.quality) * strength, 95)
    return coded_anywhere(images, quality, draw) if draw.integer(4) else images


def _offsets(reach: int) -> tuple[Tensor, Tensor]:
    place = torch.arange(-reach, reach + 1, dtype=torch.float32)
    return place.view(-1, 1), place.view(1, -1)


def _filtered(images: Tensor, kernels: Tensor) -> Tensor:
    """Convolve each sample by its own kernel `[n, k, k]`, which is made to sum to one."""
    count, channels, height, width = images.shape
    kernels = (kernels / kernels.sum(dim=(1, 2), keepdim=True)).to(images.device)
    weight = kernels.repeat_interleave(channels, dim=0)[:, None]
    reach = kernels.shape[-1] // 2
    planes = images.reshape(1, count * channels, height, width)
    planes = F.pad(planes, (reach, reach, reach, reach), mode="reflect")
    return F.conv2d(planes, weight, groups=count * channels).view_as(images)
