"""Where faces go in a picture: random similarities of the aligned face, each at a free place."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from training.degradations import Draw

__all__ = ["BOX", "TEMPLATE", "Pose", "draw_pose", "overlap", "visible"]

# Eyes, nose and corners of the mouth in an aligned face, in shares of its side (FFHQ's template).
TEMPLATE = tuple(
    ((x + 0.5) / 512, (y + 0.5) / 512)
    for x, y in (
        (192.98, 239.95),
        (318.90, 240.19),
        (256.63, 314.02),
        (201.26, 371.41),
        (313.09, 371.15),
    )
)
_EYES = (318.90 - 192.98) / 512
# A face from the hairline to the chin, as an ellipse: centre and half axes in the same shares.
BOX = (0.5, 0.57, 0.27, 0.31)
_PLACES, _CROWDED = 6, 0.15


@dataclass(frozen=True)
class Pose:
    """Where pastes go.

    `matrix` `[n, 2, 2]` leads from shares of the aligned crop's side to pixels, about `centre`
    `[n, 2]` (x, y), where the middle of BOX comes to lie. `boxes` `[n, 4]` are upright around the
    turned ellipse, `points` `[n, 5, 2]` sorted as the template's, from the left to the right also
    where the face is mirrored. `free` `[n]`: not much of what is there already lies beneath.
    """

    matrix: Tensor
    centre: Tensor
    boxes: Tensor
    points: Tensor
    free: Tensor


def draw_pose(
    count: int, eyes: tuple[float, float], *, size: int, taken: Tensor, draw: Draw
) -> Pose:
    """Draw a pose for each of `count` pictures of `size` px, all values on the CPU.

    The eyes are `eyes` pixels apart, from and to, as the logarithm falls. One turn in five is up to
    50 degrees, the others some 10. The place is the freest of six with respect to `taken`, boxes
    `[count, k, 4]`, of which those without area do not count.
    """
    side = draw.uniform(count, *map(math.log, eyes)).exp() / _EYES
    usual = torch.randn(count, generator=draw.host) * 0.2
    angle = torch.where(draw.uniform(count, 0, 1) < 0.2, draw.uniform(count, -0.9, 0.9), usual)
    stretch = draw.uniform(count, -0.08, 0.08).exp()
    mirror = torch.where(draw.uniform(count, 0, 1) < 0.5, -1.0, 1.0)
    cos, sin = angle.cos(), angle.sin()
    turn = torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1)
    scale = torch.stack([side * stretch * mirror, side / stretch], 1)
    matrix = turn * scale[:, None, :]

    half = (matrix * torch.tensor(BOX[2:])).norm(dim=2)
    margin = torch.minimum(half * 0.65, torch.tensor(size * 0.35))[:, None]
    spread = torch.rand(count, _PLACES, 2, generator=draw.host)
    centres = margin + spread * (size - 2 * margin)
    tried = torch.cat([centres - half[:, None], centres + half[:, None]], dim=2)
    crowding = torch.zeros(count, _PLACES)
    if taken.shape[1]:
        crowding = overlap(tried, taken).amax(2)
    best = crowding.argmin(1)
    each = torch.arange(count)
    centre, box = centres[each, best], tried[each, best]
    offsets = torch.tensor(TEMPLATE) - torch.tensor(BOX[:2])
    points = torch.einsum("nij,kj->nki", matrix, offsets) + centre[:, None] - 0.5
    swapped = points[:, [1, 0, 2, 4, 3]]
    points = torch.where(mirror[:, None, None] < 0, swapped, points)
    return Pose(matrix, centre, box, points, crowding[each, best] < _CROWDED)


def overlap(first: Tensor, second: Tensor) -> Tensor:
    """The shared area of boxes `[n, a, 4]` and `[n, b, 4]` over the smaller one, `[n, a, b]`."""
    top_left = torch.maximum(first[:, :, None, :2], second[:, None, :, :2])
    bottom_right = torch.minimum(first[:, :, None, 2:], second[:, None, :, 2:])
    shared = (bottom_right - top_left).clamp_min(0).prod(3)
    smaller = torch.minimum(_area(first)[:, :, None], _area(second)[:, None, :])
    return shared / smaller.clamp_min(1e-6)


def _area(boxes: Tensor) -> Tensor:
    return (boxes[..., 2:] - boxes[..., :2]).clamp_min(0).prod(-1)


def visible(boxes: Tensor, size: int) -> Tensor:
    """The share of each of `[n, 4]` boxes that lies inside the picture."""
    return _area(boxes.clamp(0, size)) / _area(boxes).clamp_min(1e-6)
