"""Learning to find faces: which place answers for which face, the loss, and the judge."""

import math
from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.degradations import Draw
from training.finder import Found, Guess, decode, find, intersection_over_union, places
from training.finder_file import write_finder
from training.objective import Objective, precision
from training.scenes import FACE, HIDDEN, Scene, SceneMaker

__all__ = ["FindingObjective", "finding_loss"]

_CANDIDATES = 10
_REACH = 1.5
_JUDGED = 64
_SCORE = 0.7
_CAUTION = -0.2
_BOXES, _POINTS = 2.0, 6.0


class FindingObjective(Objective):
    """Fresh scenes for training, fixed ones from held-out photos and faces for the judge."""

    measure = "F-score at 0.7"
    baseline = 0.0
    plain = "finding nothing"
    second_measure = "point error / eye distance"

    def __init__(
        self, network: nn.Module, maker: SceneMaker, held_out: SceneMaker, *, batch: int
    ) -> None:
        """`held_out` composes the judge's scenes, always the same ones."""
        self.network = network
        self._maker, self._batch = maker, batch
        chance = Draw(torch.Generator().manual_seed(7), held_out.generator(7))
        self._judged = [held_out.draw(16, chance) for _ in range(_JUDGED // 16)]

    def loss(self, draw: Draw) -> Tensor:
        """The loss of one fresh batch."""
        scene = self._maker.draw(self._batch, draw)
        pictures = scene.pictures.flip(1).contiguous(memory_format=torch.channels_last)
        with precision(pictures.device):
            guess = self.network(pictures)
        return finding_loss(Guess(*(value.float() for value in guess)), scene)

    def score(self, network: nn.Module) -> float:
        """Twice the hits over hits, misses and false finds: a find is a box with IoU above 0.5."""
        hits, wrong, missed, _ = self._counts(network)
        return 2 * hits / max(1, 2 * hits + wrong + missed)

    def second(self, network: nn.Module) -> float:
        """The mean distance of found points from the true ones, over the eyes' distance."""
        return self._counts(network)[3]

    def export(self, network: nn.Module, path: Path, metadata: Mapping[str, str]) -> None:
        """Write an ONNX file for OpenCV's FaceDetectorYN, its scores a little lowered.

        What the network scores 0.74 becomes 0.7, where the worker takes a find for a face: there
        fewer than one in 20 face-free photos of 512 px brought a false one.
        """
        write_finder(path, network, metadata, shift=_CAUTION)

    def _counts(self, network: nn.Module) -> tuple[int, int, int, float]:
        hits = wrong = missed = 0
        errors: list[float] = []
        for scene in self._judged:
            for index, found in enumerate(find(network, scene.pictures, least=_SCORE)):
                one, other, gone, off = compare(found, scene, index)
                hits, wrong, missed = hits + one, wrong + other, missed + gone
                errors += off
        return hits, wrong, missed, sum(errors) / len(errors) if errors else math.nan


def compare(found: Found, scene: Scene, index: int) -> tuple[int, int, int, list[float]]:
    """Hits, false finds, misses and relative point errors in one picture of `scene`."""
    kinds = scene.kinds[index].cpu()
    boxes, points = scene.boxes[index].cpu(), scene.points[index].cpu()
    overlap = intersection_over_union(found.boxes[:, None], boxes[None])
    overlap = torch.where(kinds > 0, overlap, 0.0)
    hits, errors = 0, []
    for face in (kinds == FACE).nonzero().flatten().tolist():
        if len(found.boxes) == 0:
            break
        best = int(overlap[:, face].argmax())
        if float(overlap[best, face]) > 0.5:
            hits += 1
            eyes = float((points[face, 1] - points[face, 0]).norm())
            errors.append(float((found.points[best] - points[face]).norm(dim=1).mean()) / eyes)
    wrong = int((overlap.amax(1) <= 0.3).sum()) if overlap.numel() else len(found.boxes)
    return hits, wrong, int((kinds == FACE).sum()) - hits, errors


def finding_loss(guess: Guess, scene: Scene) -> Tensor:
    """Presence and quality everywhere, boxes and points where a face was assigned.

    Places are assigned as in YOLOX ("SimOTA", Ge et al. 2021): a face takes the places near its
    middle that already answer best, as many as their boxes overlap it in sum. Boxes learn by EIoU
    (Zhang et al. 2021), points by their distance over the eyes' distance.
    """
    height, width = scene.pictures.shape[2:]
    boxes, points = decode(guess.boxes, guess.points, height, width)
    owner, quality, spared = _assign(guess, boxes.detach(), scene, height, width)
    positive = owner >= 0
    count = positive.sum().clamp_min(1)
    target = torch.where(positive, quality, 0.0)
    weight = (~spared | positive).float()
    presence = _focal(guess.presence, positive.float(), weight)
    judged = _focal(guess.quality, target, weight)

    sample, place = positive.nonzero(as_tuple=True)
    face = owner[sample, place]
    box, true_box = boxes[sample, place], scene.boxes[sample, face]
    true_points = scene.points[sample, face]
    eyes = (true_points[:, 1] - true_points[:, 0]).norm(dim=1).clamp_min(1)
    off = (points[sample, place] - true_points) / eyes[:, None, None]
    shift = F.smooth_l1_loss(off, torch.zeros_like(off), beta=0.05, reduction="none").mean((1, 2))
    placed = _BOXES * _eiou(box, true_box).sum() + _POINTS * shift.sum()
    total: Tensor = (presence + judged + placed) / count
    return total


def _focal(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """Quality focal loss (Li et al. 2020): what is already right weighs little."""
    error = (target - logits.detach().sigmoid()).abs()
    losses = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return (losses * error**1.5 * weight).sum()


@torch.no_grad()
def _assign(
    guess: Guess, boxes: Tensor, scene: Scene, height: int, width: int
) -> tuple[Tensor, Tensor, Tensor]:
    """The face `[n, p]` that each place answers for or -1, its box's IoU, and places to spare."""
    corners, strides = places(height, width, boxes.device)
    middle = corners + strides[:, None] / 2
    truth = scene.boxes
    inside = (middle[None, None] > truth[:, :, None, :2]).all(3) & (
        middle[None, None] < truth[:, :, None, 2:]
    ).all(3)
    spared = (inside & (scene.kinds == HIDDEN)[:, :, None]).any(1)

    centre = (truth[..., :2] + truth[..., 2:]) / 2
    distance = (middle[None, None] - centre[:, :, None]).abs().amax(3) / strides
    near = (distance < _REACH) & (scene.kinds == FACE)[:, :, None]
    overlap = intersection_over_union(boxes[:, None], truth[:, :, None])
    size = (truth[..., 2:] - truth[..., :2]).amax(2)
    # Faces four to eight strides wide suit a level; the ends take what is beyond.
    octave = (size[:, :, None] / strides / 5.6).log2()
    octave = torch.where(strides == 8, octave.clamp_min(0), octave)
    octave = torch.where(strides == 32, octave.clamp_max(0), octave).abs()
    doubt = F.softplus(-guess.presence)[:, None] + F.softplus(-guess.quality)[:, None]
    cost = doubt + 3 * -(overlap + 1e-6).log() + 2 * octave + 0.3 * distance
    cost = torch.where(near, cost, torch.inf)

    best = torch.where(near, overlap, 0.0).topk(_CANDIDATES, dim=2).values
    wanted = best.sum(2).round().long().clamp(1, _CANDIDATES)
    cheapest, place = cost.topk(_CANDIDATES, dim=2, largest=False)
    rank = torch.arange(_CANDIDATES, device=cost.device)
    taken = (rank < wanted[:, :, None]) & cheapest.isfinite()
    chosen = torch.zeros_like(near).scatter_(2, place, taken)
    price = torch.where(chosen, cost, torch.inf)
    lowest, owner = price.min(1)
    owner = torch.where(lowest.isfinite(), owner, -1)
    quality = overlap.gather(1, owner.clamp_min(0)[:, None])[:, 0]
    return owner, quality, spared


def _eiou(boxes: Tensor, truth: Tensor) -> Tensor:
    """1 - IoU, plus the differences of centre, width and height over the common hull."""
    hull = torch.maximum(boxes[:, 2:], truth[:, 2:]) - torch.minimum(boxes[:, :2], truth[:, :2])
    shift = (boxes[:, :2] + boxes[:, 2:] - truth[:, :2] - truth[:, 2:]) / 2
    stretch = (boxes[:, 2:] - boxes[:, :2]) - (truth[:, 2:] - truth[:, :2])
    diagonal = (hull**2).sum(1).clamp_min(1e-6)
    sides = (stretch**2 / (hull**2).clamp_min(1e-6)).sum(1)
    loss: Tensor = 1 - intersection_over_union(boxes, truth) + (shift**2).sum(1) / diagonal + sides
    return loss
