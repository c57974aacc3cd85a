"""What the loop asks of a recipe: a network, the loss of a fresh batch, a judge and a file."""

import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from training.data import Photos
from training.degradations import Draw
from training.discriminator import Adversary
from training.export import write_weights
from training.networks import Design, published_state

__all__ = ["Objective", "Recipe", "Setting", "precision"]


@dataclass(frozen=True)
class Setting:
    """How large and how long: `patch` in input pixels, the learning rate is Adam's peak.

    `faces` is their share of the crops; `drawings` the number of those that are made to learn from.
    """

    design: Design
    patch: int
    batch: int
    learning_rate: float
    minutes: float
    faces: float = 0.15
    drawings: int = 0
    warmup_steps: int = 200
    ema: float = 0.999
    adversary: Adversary | None = None


class Objective(Protocol):
    """What one recipe learns: its network, its batches, its judge.

    `measure` says what `score` is, with its unit ("PSNR Y, dB"); `baseline` is the score of the
    plain way, which `plain` names. `second_measure` names a second figure for the log, if any.
    """

    network: nn.Module
    measure: str
    baseline: float
    plain: str
    second_measure: str | None = None

    def loss(self, draw: Draw) -> Tensor:
        """The scalar loss of one fresh batch.

        Only the networks run under `precision`: batches and losses want float32.
        """

    def score(self, network: nn.Module) -> float:
        """How good `network`, the moving average, is on held-out data; higher is better."""

    def second(self, network: nn.Module) -> float:
        """The second figure, asked for where `second_measure` names one."""
        return math.nan

    def after_step(self, draw: Draw) -> None:
        """Called after each step of the network: the place where an adversary learns."""
        return

    def export(self, network: nn.Module, path: Path, metadata: Mapping[str, str]) -> None:
        """Write `network` as the file that is handed out, replacing it in one step."""
        write_weights(path, published_state(network), metadata)

    def state(self) -> dict[str, Any]:
        """What a checkpoint must hold beyond the network, in tensors and plain values."""
        return {}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take back what `state` gave."""
        return


@dataclass(frozen=True)
class Recipe:
    """One model and how its objective is built, from a setting and the photos, on a device.

    `starts_from` names the model that a training must be started from; `suffix` is the file's.
    """

    name: str
    model: str
    purpose: str
    scale: int
    build: Callable[[Setting, Photos, torch.device], Objective]
    settings: Mapping[str, Setting]
    starts_from: str | None = None
    suffix: str = ".safetensors"


def precision(device: torch.device) -> AbstractContextManager[object]:
    """The mixed precision that training runs in: bfloat16 where it can on CUDA."""
    if device.type == "cuda":
        return torch.autocast("cuda", dtype=torch.bfloat16)
    return nullcontext()
