"""The adversary of the vivid upscalers: it tells photos from results, patch by patch."""

import itertools
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

__all__ = ["Adversary", "Discriminator", "feature_distance"]


@dataclass(frozen=True)
class Adversary:
    """The discriminator's size and pace: it learns `alone` steps, then counts up to `weight`.

    That takes `ramp` steps more.
    """

    features: int
    learning_rate: float
    alone: int
    ramp: int
    weight: float


class Discriminator(nn.Module):
    """PatchGAN (Isola et al. 2017) with spectral normalisation (Miyato et al. 2018).

    Sees RGB `[n, 3, h, w]` in [0, 1], height and width of at least 32, and beside it what a slight
    blur takes away, so that it learns within minutes where detail is missing.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        widths = [features, features * 2, features * 4, features * 4]
        first = nn.Conv2d(6, widths[0], 3, padding=1)
        layers = [
            spectral_norm(nn.Conv2d(before, after, 4, stride=2, padding=1))
            for before, after in itertools.pairwise(widths)
        ]
        self.layers = nn.ModuleList([first, *layers])
        self.verdict = nn.Conv2d(widths[-1], 1, 3, padding=1)

    def forward(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The verdict on each patch, higher for photos, and the features of every layer."""
        features = []
        detail = images - F.avg_pool2d(images, 3, stride=1, padding=1, count_include_pad=False)
        signal = torch.cat([images * 2 - 1, detail * 4], dim=1)
        for layer in self.layers:
            # Spectral normalisation lets little through: this keeps the signal's size.
            signal = F.leaky_relu(layer(signal), 0.2) * 2**0.5
            features.append(signal)
        verdict: Tensor = self.verdict(signal)
        return verdict, features


def feature_distance(made: list[Tensor], real: list[Tensor]) -> Tensor:
    """Feature matching (Wang et al. 2018, pix2pixHD): the mean L1, relative to the real's size."""
    terms = []
    for ours, theirs in zip(made, real, strict=True):
        size = theirs.float().abs().mean().clamp_min(1e-6)
        terms.append((ours.float() - theirs.float()).abs().mean() / size)
    return torch.stack(terms).mean()
