"""Faces for the restorer: small worn crops over clean large ones, and the judge's."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.degradations import Draw, blurred, coded_anywhere, noise_field
from training.validation import psnr

__all__ = ["FaceCrops", "FaceWear", "HeldOutFaces", "worn"]

_BLOCK = 16
_SMALLEST = 32


@dataclass(frozen=True)
class FaceWear:
    """What became of a face: it was `side` px small, a multiple of 16, and all else happened there.

    `blur` and `soft` are the Gaussian sigma in pixels before and after noise of `noise` (sigma of
    255), `motion` the length of a shake in pixels at `angle` radians, `quality` JPEG's or None.
    """

    side: int
    blur: float = 0.0
    motion: float = 0.0
    angle: float = 0.0
    noise: float = 0.0
    soft: float = 0.0
    quality: float | None = None


_JUDGED = (
    FaceWear(side=112, blur=0.8, noise=6, quality=80),
    FaceWear(side=64, blur=0.8, noise=10, quality=65),
    FaceWear(side=48, blur=0.6, noise=5, quality=60),
)


class FaceCrops:
    """Aligned faces on the device, drawn at random as pairs of a small worn and a clean crop."""

    def __init__(
        self, faces: Sequence[Tensor], *, side: int, scale: int, device: torch.device
    ) -> None:
        """Keep square uint8 `faces` `[3, n, n]` at `side` px; raise ValueError without any.

        Inputs are `side / scale` px.
        """
        if not faces:
            raise ValueError("The data folder needs a subfolder 'faces' with aligned faces.")
        self._small = side // scale
        self._faces = torch.stack([_resized(face, side) for face in faces]).to(device)

    def pairs(self, count: int, draw: Draw) -> tuple[Tensor, Tensor]:
        """Worn inputs and clean targets `[count, 3, side, side]`; one input in ten is only small.

        The alignment is off a little (4 degrees, 4 %, 4 px of 256), as found points are; light and
        colour vary. Inputs are rounded to 8 bits.
        """
        chosen = torch.randint(0, len(self._faces), (count,), generator=draw.host)
        target = self._faces[chosen.to(self._faces.device)].float() / 255
        target = _recoloured(_misaligned(target, draw), draw)
        plain = FaceWear(side=self._small)
        given = [
            worn(
                face[None],
                _drawn_wear(self._small, draw) if draw.integer(10) else plain,
                self._small,
                draw,
            )
            for face in target
        ]
        return torch.cat(given).mul(255).round().div(255), target


def worn(face: Tensor, wear: FaceWear, side: int, draw: Draw) -> Tensor:
    """One face `[1, 3, n, n]` in [0, 1] made small, worn, and brought to `side` px by bicubic."""
    small = F.interpolate(face, size=wear.side, mode="bicubic", antialias=True).clamp(0, 1)
    if wear.blur > 0.1:
        small = blurred(small, torch.tensor([wear.blur]))
    if wear.motion > 1:
        small = _shaken(small, wear.motion, wear.angle)
    if wear.noise:
        small = (small + noise_field(small, draw) * wear.noise / 255).clamp(0, 1)
    if wear.soft > 0.1:
        small = blurred(small, torch.tensor([wear.soft]))
    if wear.quality is not None:
        small = coded_anywhere(small, torch.tensor([wear.quality]), draw)
    if wear.side == side:
        return small
    return F.interpolate(small, size=side, mode="bicubic", antialias=True).clamp(0, 1)


class HeldOutFaces:
    """Fixed pairs from faces that are not trained on: small by 2.3, 4 and 5.3, blurred, noisy."""

    measure = "PSNR RGB, dB"
    plain = "bicubic"

    def __init__(
        self, faces: Sequence[Tensor], *, side: int, scale: int, device: torch.device
    ) -> None:
        """Wear each of the square uint8 `faces` once, always in the same way."""
        self._pairs = []
        for number, face in enumerate(faces):
            draw = Draw(torch.Generator().manual_seed(number), torch.Generator())
            target = _resized(face, side)[None].float() / 255
            given = worn(target, _JUDGED[number % len(_JUDGED)], side // scale, draw)
            self._pairs.append((given.mul(255).round().div(255).to(device), target.to(device)))
        self.baseline = self.score(nn.Upsample(scale_factor=scale, mode="bicubic"))

    @torch.no_grad()
    def score(self, network: nn.Module) -> float:
        """Mean PSNR in dB over RGB of the 8-bit results."""
        total = 0.0
        for given, target in self._pairs:
            result = network(given).float().clamp(0, 1).mul(255).round().div(255)
            total += psnr(result, target)
        return total / len(self._pairs)


def _resized(face: Tensor, side: int) -> Tensor:
    if face.shape[-1] == side:
        return face
    levels = F.interpolate(face[None].float(), size=side, mode="bicubic", antialias=True)
    return levels[0].round().clamp(0, 255).byte()


def _misaligned(faces: Tensor, draw: Draw) -> Tensor:
    """Mirror half of the faces; turn, scale and shift three in four of them."""
    count = len(faces)
    moved = (draw.uniform(count, 0, 1) < 0.75).float()
    angle = draw.uniform(count, -4, 4) * math.pi / 180 * moved
    zoom = 1 + draw.uniform(count, -0.04, 0.04) * moved
    mirror = 1 - 2 * (draw.uniform(count, 0, 1) < 0.5).float()
    shift = torch.stack([draw.uniform(count, -4, 4), draw.uniform(count, -4, 4)], dim=1) / 128
    cosine, sine = zoom * angle.cos(), zoom * angle.sin()
    turn = torch.stack([cosine * mirror, -sine, sine * mirror, cosine], dim=1).view(count, 2, 2)
    matrix = torch.cat([turn, (shift * moved[:, None])[:, :, None]], dim=2).to(faces.device)
    grid = F.affine_grid(matrix, list(faces.shape), align_corners=False)
    result = F.grid_sample(
        faces, grid, mode="bicubic", padding_mode="reflection", align_corners=False
    )
    return result.clamp(0, 1)


def _recoloured(faces: Tensor, draw: Draw) -> Tensor:
    """Vary light (gamma 0.75-1.33) and the channels' gain (4 %)."""
    count = len(faces)
    gamma = torch.exp(draw.uniform(count, -0.29, 0.29)).view(-1, 1, 1, 1).to(faces.device)
    gain = draw.uniform(3 * count, 0.96, 1.04).view(-1, 3, 1, 1).to(faces.device)
    return (faces.clamp_min(1e-4) ** gamma * gain).clamp(0, 1)


def _drawn_wear(side: int, draw: Draw) -> FaceWear:
    """How a face came down: half to twice `side` px, blur up to sigma 5 of 256 px, noise, JPEG."""
    chance = draw.uniform(6, 0, 1).tolist()
    amount = draw.uniform(7, 0, 1).tolist()
    small = side * 4 ** (amount[0] - 0.5)
    small = max(_SMALLEST, round(small / _BLOCK) * _BLOCK)
    noise = 25 * amount[4] if chance[2] < 0.65 else 0.0
    return FaceWear(
        side=small,
        blur=5 * amount[1] * small / 256 if chance[0] < 0.6 else 0.0,
        motion=1 + amount[2] * 10 * small / 256 if chance[1] < 0.15 else 0.0,
        angle=math.pi * amount[3],
        noise=noise,
        soft=0.4 + amount[5] if chance[3] < (0.3 if noise else 0.1) else 0.0,
        quality=40 + 55 * amount[6] if chance[4] < 0.8 else None,
    )


def _shaken(face: Tensor, length: float, angle: float) -> Tensor:
    """Smear along a straight line of `length` px at `angle`."""
    reach = math.ceil(length / 2) + 1
    place = torch.arange(-reach, reach + 1, dtype=face.dtype)
    rows, columns = place.view(-1, 1), place.view(1, -1)
    along = columns * math.cos(angle) + rows * math.sin(angle)
    across = rows * math.cos(angle) - columns * math.sin(angle)
    kernel = (length / 2 + 0.5 - along.abs()).clamp(0, 1) * (1 - across.abs()).clamp(0, 1)
    kernel = (kernel / kernel.sum()).to(face.device).expand(3, 1, -1, -1)
    padded = F.pad(face, (reach, reach, reach, reach), mode="reflect")
    return F.conv2d(padded, kernel, groups=3)
