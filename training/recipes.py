"""What is trained: each model's network, pairs, and settings for CPU, GPU and rehearsal."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from torch import Tensor

from training.degradations import (
    DENOISE_MARGIN,
    UPSCALE_MARGIN,
    Draw,
    denoise_pairs,
    upscale_pairs,
)
from training.networks import BlindUNetDesign, CompactDesign, Design

__all__ = ["RECIPES", "Recipe", "Setting"]

_LEFTOVERS = 0.25


@dataclass(frozen=True)
class Setting:
    """How large and how long: `patch` in input pixels, the learning rate is Adam's peak."""

    design: Design
    patch: int
    batch: int
    learning_rate: float
    minutes: float
    faces: float = 0.15
    warmup_steps: int = 200
    ema: float = 0.999


@dataclass(frozen=True)
class Recipe:
    """One model: `pairs` makes inputs and targets of `patch` px from crops of `crop_size` px.

    With `relative_to`, a sample's loss is divided by the mean absolute error of its input plus this
    much: what little was wrong with a photo then counts, and clean photos are left alone.
    """

    name: str
    model: str
    purpose: str
    scale: int
    margin: int
    pairs: Callable[[Tensor, int, Draw], tuple[Tensor, Tensor]]
    settings: Mapping[str, Setting]
    relative_to: float | None = None

    def crop_size(self, patch: int) -> int:
        """Side in pixels of the crops that `pairs` needs."""
        return (patch + self.margin) * self.scale


def _upscale(scale: int) -> Recipe:
    def pairs(crops: Tensor, patch: int, draw: Draw) -> tuple[Tensor, Tensor]:
        return upscale_pairs(crops, scale=scale, patch=patch, leftovers=_LEFTOVERS, draw=draw)

    return Recipe(
        name=f"upscale-x{scale}",
        model=f"darkroom-x{scale}",
        purpose=f"faithful upscaling by {scale}",
        scale=scale,
        margin=UPSCALE_MARGIN,
        pairs=pairs,
        settings=MappingProxyType(
            {
                "cpu": Setting(CompactDesign(48, 10, scale), 32, 8, 8e-4, 45),
                "full": Setting(CompactDesign(64, 16, scale), 40, 256, 1e-3, 22, ema=0.9995),
                "tiny": Setting(
                    CompactDesign(8, 2, scale), 16, 4, 2e-3, 0.1, warmup_steps=5, ema=0.9
                ),
            }
        ),
    )


def _denoise() -> Recipe:
    def pairs(crops: Tensor, patch: int, draw: Draw) -> tuple[Tensor, Tensor]:
        return denoise_pairs(crops, patch=patch, draw=draw)

    return Recipe(
        name="denoise",
        model="darkroom-denoise",
        purpose="blind removal of noise and JPEG blocking",
        scale=1,
        margin=DENOISE_MARGIN,
        pairs=pairs,
        relative_to=0.04,
        settings=MappingProxyType(
            {
                "cpu": Setting(BlindUNetDesign((32, 48, 96, 128), 2), 96, 4, 6e-4, 65),
                "full": Setting(
                    BlindUNetDesign((32, 64, 128, 256), 4), 144, 64, 5e-4, 24, ema=0.9995
                ),
                "tiny": Setting(
                    BlindUNetDesign((8, 8, 8, 8), 2), 32, 4, 2e-3, 0.1, warmup_steps=5, ema=0.9
                ),
            }
        ),
    )


RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {recipe.name: recipe for recipe in (_upscale(4), _upscale(2), _denoise())}
)
