"""What is set into a picture, and the mask it comes through: faces in any light, and decoys."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from training.degradations import Draw

__all__ = ["decoys", "lit", "mask"]


def mask(spot: Tensor, draw: Draw) -> Tensor:
    """How much of the paste shows, `[n, h, w]`, at the crop's `spot`s `[n, h, w, 2]`."""
    count = len(spot)

    def uniform(low: float, high: float) -> Tensor:
        return draw.uniform(count, low, high).view(-1, 1, 1).to(spot.device)

    x, y = spot[..., 0], spot[..., 1]
    # An ellipse around head and hair, or nearly the whole square crop with round corners.
    square = uniform(0, 1) > 0.65
    wide = torch.where(square, uniform(0.4, 0.52), uniform(0.31, 0.5))
    tall = torch.where(square, uniform(0.44, 0.52), uniform(0.4, 0.54))
    soft = 0.012 * (uniform(0, 1) * 2.7).exp()
    across = ((x - uniform(0.47, 0.53)) / wide).square()
    along = ((y - uniform(0.48, 0.56)) / tall).square()
    corners = across.square().square() + along.square().square()
    reach = torch.where(square, corners.sqrt().sqrt(), across + along).clamp_min(1e-6).sqrt()
    waves = (x * uniform(-14, 14) + y * uniform(-14, 14) + uniform(0, 6.3)).sin()
    mask = torch.sigmoid((1 - reach + waves * uniform(0, 0.08)) * wide / soft)

    # Something in front: a straight edge or a round thing, over a part of one in four.
    angle, near = uniform(0, 2 * math.pi), uniform(0.12, 0.3)
    edge = (x - 0.5) * angle.cos() + (y - 0.57) * angle.sin() - near
    round_thing = (
        uniform(0.06, 0.14) - ((x - uniform(0.3, 0.7)) ** 2 + (y - uniform(0.4, 0.9)) ** 2).sqrt()
    )
    kind = uniform(0, 1)
    before = torch.where(kind < 0.13, edge, round_thing)
    kept = torch.where(kind < 0.25, torch.sigmoid(-before / soft), torch.ones_like(mask))
    return mask * kept


def lit(source: Tensor, draw: Draw) -> Tensor:
    """Other light on each of `[n, 3, h, w]`: gain, gamma, contrast, tint."""
    count = len(source)

    def uniform(low: float, high: float, channels: int = 1) -> Tensor:
        drawn = draw.uniform(count * channels, low, high).view(count, channels, 1, 1)
        return drawn.to(source.device)

    middle = source.mean(dim=(1, 2, 3), keepdim=True)
    source = (source - middle) * uniform(0.6, 1.25) + middle
    tint = uniform(0.88, 1.12, 3) * uniform(0.6, 1.35)
    return (source * tint).clamp(0, 1)


def decoys(faces: Tensor, spares: Tensor, draw: Draw) -> Tensor:
    """What is no face, `[n, 3, side, side]`: texture, faces in pieces, skin, enlarged parts."""
    side = faces.shape[2]
    kind = draw.integer(5)
    if kind == 0:
        return F.interpolate(spares, (side, side), mode="bilinear", antialias=True)
    if kind == 1:
        return _shuffled(faces, 4, draw)
    if kind == 2:
        return _shuffled(faces, 2, draw)
    if kind == 3:
        tiny = F.adaptive_avg_pool2d(faces, (4, 4))
        return F.interpolate(tiny, (side, side), mode="bicubic").clamp(0, 1)
    # A corner of the crop (hair, ear, neck, cloth), or of the face itself, as large as a face.
    part = side // (2 + draw.integer(3))
    top, left = (draw.integer(2) * (side - part) for _ in range(2))
    if draw.integer(3) == 0:
        top, left = (
            side // 4 + draw.integer(side // 2 - part + 1) if part <= side // 2 else 0
            for _ in range(2)
        )
    piece = faces[:, :, top : top + part, left : left + part]
    return F.interpolate(piece, (side, side), mode="bilinear")


def _shuffled(faces: Tensor, pieces: int, draw: Draw) -> Tensor:
    """Each face cut into `pieces` x `pieces` squares that change places, none staying."""
    count, channels, side, _ = faces.shape
    part = side // pieces
    total = pieces * pieces
    order = torch.randperm(total, generator=draw.host)
    order = order[(order.argsort() + 1 + draw.integer(total - 1)) % total]
    blocks = faces.view(count, channels, pieces, part, pieces, part).permute(0, 1, 2, 4, 3, 5)
    blocks = blocks.reshape(count, channels, total, part, part)[:, :, order.to(faces.device)]
    blocks = blocks.view(count, channels, pieces, pieces, part, part).permute(0, 1, 2, 4, 3, 5)
    return blocks.reshape(count, channels, side, side)
