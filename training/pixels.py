"""Learning from pairs: the network's result is to equal the target, pixel by pixel."""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor, nn

from training.degradations import Draw
from training.objective import Objective, precision

__all__ = ["Judge", "PixelObjective", "charbonnier", "similarity"]

_EPSILON = 1e-3
_C1, _C2 = 0.01**2, 0.03**2


class Judge(Protocol):
    """Scores a network on fixed held-out pairs; the names are those of Objective."""

    measure: str
    baseline: float
    plain: str

    def score(self, network: nn.Module) -> float:
        """How good the network is."""


class PixelObjective(Objective):
    """Charbonnier loss of the network's results on fresh pairs."""

    def __init__(
        self,
        network: nn.Module,
        pairs: Callable[[Draw], tuple[Tensor, Tensor]],
        judge: Judge,
        *,
        relative_to: float | None = None,
        structure: float = 0.0,
    ) -> None:
        """`pairs` draws a batch of inputs and targets.

        With `relative_to`, a sample's loss is divided by the mean absolute error of its input plus
        this much: what little was wrong with a photo then counts, and clean photos are left alone.
        `structure` is the weight of 1 - SSIM beside it, as in Zhao et al. 2017, "Loss Functions
        for Image Restoration with Neural Networks".
        """
        self.network = network
        self.measure, self.baseline, self.plain = judge.measure, judge.baseline, judge.plain
        self._pairs, self._judge = pairs, judge
        self._relative_to, self._structure = relative_to, structure

    def loss(self, draw: Draw) -> Tensor:
        """The mean loss of one fresh batch."""
        given, target = self._pairs(draw)
        with precision(given.device):
            result = self.network(given.contiguous(memory_format=torch.channels_last)).float()
        errors = charbonnier(result, target)
        if self._structure:
            errors = errors + self._structure * (1 - similarity(result, target))
        if self._relative_to is None:
            return errors.mean()
        weights = 1 / ((given - target).abs().mean(dim=(1, 2, 3)) + self._relative_to)
        return (errors * weights).sum() / weights.sum()

    def score(self, network: nn.Module) -> float:
        """The judge's."""
        return self._judge.score(network)


def charbonnier(result: Tensor, target: Tensor) -> Tensor:
    """A smooth absolute difference (Lai et al. 2017), the mean of each sample `[n]`."""
    return ((result - target) ** 2 + _EPSILON**2).sqrt().mean(dim=(1, 2, 3))


def similarity(result: Tensor, target: Tensor) -> Tensor:
    """Mean SSIM (Wang et al. 2004) `[n]`, at most 1, of each sample's mean over the channels."""
    a, b = (image.mean(dim=1, keepdim=True) for image in (result, target))
    count = len(a)
    means = _smooth(torch.cat([a, b, a * a, b * b, a * b]))
    mean_a, mean_b, square_a, square_b, product = torch.split(means, count)
    spread = square_a - mean_a**2 + square_b - mean_b**2
    light = (2 * mean_a * mean_b + _C1) / (mean_a**2 + mean_b**2 + _C1)
    contrast = (2 * (product - mean_a * mean_b) + _C2) / (spread + _C2)
    similar: Tensor = (light * contrast).mean(dim=(1, 2, 3))
    return similar


def _smooth(images: Tensor) -> Tensor:
    """A Gaussian of sigma 1.5 over 11 pixels, without the border."""
    place = torch.arange(-5, 6, dtype=images.dtype, device=images.device)
    kernel = torch.exp(-(place**2) / (2 * 1.5**2))
    kernel = (kernel / kernel.sum()).view(1, 1, 1, -1)
    across = nn.functional.conv2d(images, kernel)
    return nn.functional.conv2d(across, kernel.transpose(2, 3))
