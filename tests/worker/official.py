"""Published networks under their authors' own key names, written out from the papers.

Real-ESRGAN's two, so that what our loader makes of a file can be held against the plain network;
sizes are small, the forms are the published ones.
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional


class DenseBlock(nn.Module):
    """Five convolutions, each of all that came before it (Wang et al., "ESRGAN", 2018)."""

    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(features, growth, 3, 1, 1)
        self.conv2 = nn.Conv2d(features + growth, growth, 3, 1, 1)
        self.conv3 = nn.Conv2d(features + 2 * growth, growth, 3, 1, 1)
        self.conv4 = nn.Conv2d(features + 3 * growth, growth, 3, 1, 1)
        self.conv5 = nn.Conv2d(features + 4 * growth, features, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        seen = x
        for part in (self.conv1, self.conv2, self.conv3, self.conv4):
            seen = torch.cat((seen, functional.leaky_relu(part(seen), 0.2)), 1)
        return cast("Tensor", self.conv5(seen)) * 0.2 + x


class RRDB(nn.Module):
    """Three dense blocks around a shortcut."""

    def __init__(self, features: int, growth: int) -> None:
        super().__init__()
        self.rdb1 = DenseBlock(features, growth)
        self.rdb2 = DenseBlock(features, growth)
        self.rdb3 = DenseBlock(features, growth)

    def forward(self, x: Tensor) -> Tensor:
        return cast("Tensor", self.rdb3(self.rdb2(self.rdb1(x)))) * 0.2 + x


class RRDBNet(nn.Module):
    """Real-ESRGAN's x4plus and x2plus; ×2 folds its input to half the size first."""

    def __init__(self, scale: int, features: int = 16, blocks: int = 1, growth: int = 32) -> None:
        super().__init__()
        self.scale = scale
        self.conv_first = nn.Conv2d(12 if scale == 2 else 3, features, 3, 1, 1)
        self.body = nn.Sequential(*(RRDB(features, growth) for _ in range(blocks)))
        self.conv_body = nn.Conv2d(features, features, 3, 1, 1)
        self.conv_up1 = nn.Conv2d(features, features, 3, 1, 1)
        self.conv_up2 = nn.Conv2d(features, features, 3, 1, 1)
        self.conv_hr = nn.Conv2d(features, features, 3, 1, 1)
        self.conv_last = nn.Conv2d(features, 3, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        first = self.conv_first(functional.pixel_unshuffle(x, 2) if self.scale == 2 else x)
        seen = first + self.conv_body(self.body(first))
        for grow in (self.conv_up1, self.conv_up2):
            seen = functional.leaky_relu(grow(functional.interpolate(seen, scale_factor=2)), 0.2)
        return cast("Tensor", self.conv_last(functional.leaky_relu(self.conv_hr(seen), 0.2)))


def compact(state: dict[str, Tensor], scale: int, x: Tensor) -> Tensor:
    """Real-ESRGAN's SRVGGNetCompact of these weights: convolutions and PReLUs by turns."""
    seen = x
    last = max(int(key.split(".")[1]) for key in state)
    for number in range(0, last + 1, 2):
        seen = functional.conv2d(
            seen, state[f"body.{number}.weight"], state[f"body.{number}.bias"], padding=1
        )
        if number < last:
            seen = functional.prelu(seen, state[f"body.{number + 1}.weight"])
    return functional.pixel_shuffle(seen, scale) + functional.interpolate(x, scale_factor=scale)
