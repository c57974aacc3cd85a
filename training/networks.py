"""The networks that are trained: spandrel's own classes, so that what is exported loads there."""

from dataclasses import dataclass
from typing import Protocol, cast

import torch
from torch import Tensor, nn

from weights.torchvision_ops import declare_missing_operators

declare_missing_operators()

from spandrel.architectures.Compact import Compact  # noqa: E402
from spandrel.architectures.DRUNet import DRUNet  # noqa: E402

__all__ = [
    "BlindUNet",
    "BlindUNetDesign",
    "CompactDesign",
    "Design",
    "published_state",
    "start_from",
]

_ASSUMED_SIGMA = 15 / 255  # What spandrel feeds DRUNet's noise map with, for every image.


class Design(Protocol):
    """A network still to be built."""

    def build(self) -> nn.Module:
        """A fresh network with random weights."""

    def __str__(self) -> str:
        """The architecture and its sizes, for the model card."""


@dataclass(frozen=True)
class CompactDesign:
    """SRVGGNetCompact (Real-ESRGAN): plain 3 x 3 convolutions at the small size, one pixel shuffle.

    Maps RGB `[n, 3, h, w]` in [0, 1] to `[n, 3, h * scale, w * scale]`, added to the nearest
    enlargement. Without any pooling: tiles with enough padding give the whole image's pixels.
    """

    features: int
    convolutions: int
    scale: int

    def build(self) -> nn.Module:
        """A fresh network that hands the photo through to its last layer and adds little at first.

        torch's default weights shrink the signal in every layer, which costs a plain network of
        this depth its first thousands of steps; these keep it, as a residual network would.
        """
        network: nn.Module = Compact(
            num_feat=self.features, num_conv=self.convolutions, upscale=self.scale
        )
        convolutions = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
        with torch.no_grad():
            for layer in convolutions:
                nn.init.kaiming_normal_(layer.weight, a=0.25)
                nn.init.zeros_(cast(Tensor, layer.bias))
            for layer in convolutions[1:-1]:
                layer.weight.mul_(0.3)
                for channel in range(self.features):
                    layer.weight[channel, channel, 1, 1] += 1
            for layer in convolutions[:-1]:
                for channel in range(3):
                    layer.weight[channel] = 0
                    layer.weight[channel, channel, 1, 1] = 1
            convolutions[-1].weight.mul_(0.02)
        return network

    def __str__(self) -> str:
        return f"Compact (SRVGGNetCompact), {self.features} features x {self.convolutions}"


@dataclass(frozen=True)
class BlindUNetDesign:
    """A BlindUNet with four levels of `channels` and `blocks` residual blocks on each."""

    channels: tuple[int, int, int, int]
    blocks: int

    def build(self) -> nn.Module:
        """A fresh network that starts near the identity."""
        return BlindUNet(channels=self.channels, blocks=self.blocks)

    def __str__(self) -> str:
        sizes = ", ".join(map(str, self.channels))
        return f"DRUNet with a constant noise map, channels {sizes}, {self.blocks} blocks a level"


class BlindUNet(nn.Module):
    """DRUNet (Zhang et al. 2021) as a blind restorer: its noise map is held at spandrel's constant.

    Maps RGB `[n, 3, h, w]` in [0, 1], height and width multiples of 8, to the same shape. The
    constant plane serves the bias-free network as a bias; what the noise is, it must see itself.
    """

    def __init__(self, *, channels: tuple[int, int, int, int], blocks: int) -> None:
        super().__init__()
        self.unet = DRUNet(in_nc=4, out_nc=3, nc=list(channels), nb=blocks)
        self._begin_as_identity()

    def forward(self, image: Tensor) -> Tensor:
        """Restore a batch; the result is not clamped."""
        noise_map = torch.full_like(image[:, :1], _ASSUMED_SIGMA)
        restored: Tensor = self.unet(torch.cat([image, noise_map], dim=1))
        return restored

    @torch.no_grad()
    def _begin_as_identity(self) -> None:
        """Lead RGB through the outermost skip, so that training starts from the input itself."""
        head, tail = self.unet.m_head.weight, self.unet.m_tail.weight
        tail.mul_(0.1)
        for channel in range(3):
            head[channel] = 0
            head[channel, channel, 1, 1] = 1
            tail[:, channel] = 0
            tail[channel, channel, 1, 1] = 1
        for block in (*self.unet.m_down1, *self.unet.m_up1):
            if hasattr(block, "res"):
                block.res[-1].weight.mul_(0.1)
        # What rises from below is added to the skip: keep it from covering the image at first.
        self.unet.m_up1[0].weight[:, :3] *= 0.1


def published_state(network: nn.Module) -> dict[str, Tensor]:
    """The state dict under the names spandrel detects the architecture by."""
    inner = network.unet if isinstance(network, BlindUNet) else network
    return dict(inner.state_dict())


def start_from(network: nn.Module, state: dict[str, Tensor]) -> int:
    """Copy every tensor of `state` that fits in name and shape; returns how many were copied.

    A Compact network may start from a shallower one: the layers that are new hand their input on,
    so that it computes at first what the smaller one did (Chen et al. 2016, "Net2Net").
    """
    if isinstance(network, Compact):
        state = _deepened(network, state)
    own = published_state(network)
    fitting = {
        name: value
        for name, value in state.items()
        if name in own and own[name].shape == value.shape
    }
    with torch.no_grad():
        for name, value in fitting.items():
            own[name].copy_(value)
    return len(fitting)


def _deepened(network: Compact, state: dict[str, Tensor]) -> dict[str, Tensor]:
    """`state` of a shallower Compact network with layers that pass on, up to `network`'s depth.

    Its body alternates convolutions and PReLUs by number and ends with a convolution.
    """
    last = max((int(name.split(".")[1]) for name in state if name.startswith("body.")), default=0)
    final = len(network.body) - 1
    if last >= final:
        return state
    grown = {}
    for name, value in state.items():
        grown[name.replace(f"body.{last}.", f"body.{final}.")] = value
    features = network.num_feat
    for number in range(last, final, 2):
        weight = torch.zeros(features, features, 3, 3)
        weight[range(features), range(features), 1, 1] = 1
        grown[f"body.{number}.weight"] = weight
        grown[f"body.{number}.bias"] = torch.zeros(features)
        grown[f"body.{number + 1}.weight"] = torch.ones(features)
    return grown
