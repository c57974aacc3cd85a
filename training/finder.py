"""The face finder: a small network that gives a box and five points for every face."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = [
    "STRIDES",
    "Finder",
    "FinderDesign",
    "Found",
    "Guess",
    "Head",
    "Separable",
    "decode",
    "find",
    "intersection_over_union",
    "places",
]

STRIDES = (8, 16, 32)
_PRIOR = 0.01  # The share of places that hold a face, roughly: where training begins.


class Guess(NamedTuple):
    """What the network says at each of its places, from fine to coarse, row by row.

    `quality` and `presence` are logits `[n, p]`, `boxes` `[n, p, 4]` and `points` `[n, p, 10]` are
    in the coding of `decode`.
    """

    quality: Tensor
    presence: Tensor
    boxes: Tensor
    points: Tensor


@dataclass(frozen=True)
class FinderDesign:
    """A Finder whose stages have `channels` at strides 2, 4, 8, 16, 32; the heads see `neck`."""

    channels: tuple[int, int, int, int, int]
    neck: int
    deep: int = 2

    def build(self) -> "Finder":
        """A fresh network with random weights."""
        return Finder(self)

    def __str__(self) -> str:
        sizes = ", ".join(map(str, self.channels))
        return f"depthwise separable pyramid after YuNet, channels {sizes}, neck {self.neck}"


class Separable(nn.Module):
    """A 1 x 1 convolution over the channels, then a spatial one within each; ReLU.

    Where input and output have the same shape the input is added (He et al. 2016).
    """

    def __init__(self, inputs: int, outputs: int, *, side: int = 3) -> None:
        super().__init__()
        self.across = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.within = nn.Conv2d(
            outputs, outputs, side, padding=side // 2, groups=outputs, bias=False
        )
        self.norm = nn.BatchNorm2d(outputs)
        self.skips = inputs == outputs

    def forward(self, features: Tensor) -> Tensor:
        """Map `[n, inputs, h, w]` to `[n, outputs, h, w]`."""
        result = self.norm(self.within(self.across(features)))
        return F.relu(result + features) if self.skips else F.relu(result)


class Head(nn.Module):
    """One answer a place: `outputs` numbers from the neck's features."""

    def __init__(self, inputs: int, outputs: int, bias: float = 0.0) -> None:
        super().__init__()
        self.across = nn.Conv2d(inputs, outputs, 1)
        self.within = nn.Conv2d(outputs, outputs, 3, padding=1, groups=outputs)
        with torch.no_grad():
            self.within.weight.mul_(0.1)
            self.within.weight[:, :, 1, 1] += 1
            cast(Tensor, self.across.bias).zero_()
            cast(Tensor, self.within.bias).fill_(bias)

    def forward(self, features: Tensor) -> Tensor:
        """Map `[n, inputs, h, w]` to `[n, outputs, h, w]`."""
        result: Tensor = self.within(self.across(features))
        return result


class Finder(nn.Module):
    """A pyramid of depthwise separable convolutions after W. Wu et al., "YuNet", 2023.

    Maps BGR `[n, 3, h, w]` in [0, 1], height and width multiples of 32, to a Guess. The places lie
    8, 16 and 32 pixels apart. The coarsest level sees far, for faces that fill the picture.
    """

    def __init__(self, design: FinderDesign) -> None:
        super().__init__()
        one, two, three, four, five = design.channels
        neck = design.neck
        self.stem = nn.Conv2d(3, one, 3, stride=2, padding=1, bias=False)
        self.stem_norm = nn.BatchNorm2d(one)
        self.quarter = nn.Sequential(Separable(one, two), Separable(two, two))
        self.fine = nn.Sequential(Separable(two, three), Separable(three, three))
        self.middle = nn.Sequential(
            Separable(three, four), *(Separable(four, four) for _ in range(design.deep))
        )
        self.coarse = nn.Sequential(
            Separable(four, five), *(Separable(five, five, side=5) for _ in range(design.deep))
        )
        self.lateral = nn.ModuleList(Separable(width, neck) for width in (three, four, five))
        self.smooth = nn.ModuleList(Separable(neck, neck) for _ in STRIDES)
        prior = -math.log(1 / _PRIOR - 1)
        self.quality = nn.ModuleList(Head(neck, 1, prior) for _ in STRIDES)
        self.presence = nn.ModuleList(Head(neck, 1, prior) for _ in STRIDES)
        self.boxes = nn.ModuleList(Head(neck, 4, 1.0) for _ in STRIDES)
        self.points = nn.ModuleList(Head(neck, 10) for _ in STRIDES)

    def forward(self, pictures: Tensor) -> Guess:
        """Look at every place of a batch."""
        features = F.relu(self.stem_norm(self.stem(pictures)))
        fine = self.fine(F.max_pool2d(self.quarter(F.max_pool2d(features, 2)), 2))
        middle = self.middle(F.max_pool2d(fine, 2))
        coarse = self.coarse(F.max_pool2d(middle, 2))
        levels = [
            lateral(x) for lateral, x in zip(self.lateral, (fine, middle, coarse), strict=True)
        ]
        levels[1] = levels[1] + F.interpolate(levels[2], scale_factor=2.0, mode="nearest")
        levels[0] = levels[0] + F.interpolate(levels[1], scale_factor=2.0, mode="nearest")
        levels = [smooth(level) for smooth, level in zip(self.smooth, levels, strict=True)]
        quality, presence, boxes, points = (
            torch.cat(
                [_rows(head(x)) for head, x in zip(heads, levels, strict=True)], dim=1
            ).float()
            for heads in (self.quality, self.presence, self.boxes, self.points)
        )
        return Guess(quality[..., 0], presence[..., 0], boxes, points)


def _rows(level: Tensor) -> Tensor:
    """`[n, c, h, w]` as `[n, h * w, c]`."""
    return level.flatten(2).transpose(1, 2)


def places(height: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Corners `[p, 2]` (x, y) and strides `[p]` in pixels of the places, in the order of Guess."""
    corners, strides = [], []
    for stride in STRIDES:
        rows, columns = torch.meshgrid(
            torch.arange(height // stride, device=device),
            torch.arange(width // stride, device=device),
            indexing="ij",
        )
        corners.append(torch.stack([columns, rows], dim=-1).reshape(-1, 2) * float(stride))
        strides.append(torch.full((rows.numel(),), float(stride), device=device))
    return torch.cat(corners), torch.cat(strides)


def decode(boxes: Tensor, points: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Boxes `[n, p, 4]` (left, top, right, bottom) and points `[n, p, 5, 2]` in pixels.

    The coding is that of OpenCV's FaceDetectorYN: centres and points in strides from the place's
    corner, sizes as logarithms of strides.
    """
    corners, strides = places(height, width, boxes.device)
    centre = corners + boxes[..., :2] * strides[:, None]
    half = boxes[..., 2:].clamp_max(6).exp() * strides[:, None] / 2
    shifts = points.view(*points.shape[:2], 5, 2) * strides[:, None, None]
    return torch.cat([centre - half, centre + half], dim=2), corners[:, None] + shifts


class Found(NamedTuple):
    """A picture's faces, best first: `scores` `[k]`, `boxes` `[k, 4]`, `points` `[k, 5, 2]`."""

    scores: Tensor
    boxes: Tensor
    points: Tensor


def find(network: nn.Module, pictures: Tensor, *, least: float = 0.05) -> Iterator[Found]:
    """The faces in each of RGB `[n, 3, h, w]` in [0, 1] with a score of at least `least`.

    The score is the root of presence times quality; of boxes that overlap by more than 0.3 the best
    one stays, as OpenCV does it.
    """
    with torch.no_grad():
        guess: Guess = network(pictures.flip(1).contiguous(memory_format=torch.channels_last))
        boxes, points = decode(guess.boxes, guess.points, *pictures.shape[2:])
        scores = (guess.quality.sigmoid() * guess.presence.sigmoid()).sqrt()
    for score, box, point in zip(scores.cpu(), boxes.cpu(), points.cpu(), strict=True):
        order = score.argsort(descending=True)
        order = order[score[order] >= least][:300]
        kept: list[int] = []
        overlaps = intersection_over_union(box[order][:, None], box[order][None])
        for number in range(len(order)):
            if not kept or float(overlaps[number, kept].max()) <= 0.3:
                kept.append(number)
        chosen = order[kept]
        yield Found(score[chosen], box[chosen], point[chosen])


def intersection_over_union(first: Tensor, second: Tensor) -> Tensor:
    """IoU of boxes `[..., 4]` (left, top, right, bottom), broadcast against each other."""
    top_left = torch.maximum(first[..., :2], second[..., :2])
    bottom_right = torch.minimum(first[..., 2:], second[..., 2:])
    shared = (bottom_right - top_left).clamp_min(0).prod(-1)
    areas = [(boxes[..., 2:] - boxes[..., :2]).clamp_min(0).prod(-1) for boxes in (first, second)]
    return shared / (areas[0] + areas[1] - shared).clamp_min(1e-6)
