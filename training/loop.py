"""The training loop: resumable, seeded, with an exponential moving average of the weights."""

import copy
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from training.data import CropPool
from training.degradations import Draw
from training.recipes import Recipe, Setting
from training.validation import HeldOut

__all__ = ["Budget", "LogRow", "Trainer", "TrainingDiverged"]

_EPSILON = 1e-3


class TrainingDiverged(RuntimeError):
    """The loss is no longer a number; the last checkpoint holds the state from before."""


@dataclass(frozen=True)
class Budget:
    """How long to train: `steps`, or `minutes` of training time over all resumes."""

    minutes: float | None = None
    steps: int | None = None

    def progress(self, step: int, seconds: float) -> float:
        """The share in [0, 1] of the budget that is spent."""
        if self.steps is not None:
            return min(1.0, step / self.steps)
        return min(1.0, seconds / 60 / (self.minutes or 1e-9))


@dataclass(frozen=True)
class LogRow:
    """One line of the log; `psnr` and `baseline` in dB on the held-out photos."""

    step: int
    seconds: float
    learning_rate: float
    loss: float
    psnr: float
    baseline: float


class Trainer:
    """One network on its way: step, log, checkpoint, resume."""

    def __init__(
        self,
        recipe: Recipe,
        setting: Setting,
        *,
        pool: CropPool,
        held_out: HeldOut,
        budget: Budget,
        device: torch.device,
        seed: int = 0,
    ) -> None:
        """Build the network from `seed`; nothing runs before `run`."""
        self.recipe = recipe
        self.setting = setting
        self.log: list[LogRow] = []
        self.step = 0
        self.seconds = 0.0
        self._pool, self._held_out, self._budget, self._device = pool, held_out, budget, device
        torch.manual_seed(seed)
        network = setting.design.build().to(device)
        self.network: nn.Module = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.network).eval().requires_grad_(False)
        self._optimiser = torch.optim.Adam(
            self.network.parameters(), lr=setting.learning_rate, betas=(0.9, 0.99), foreach=True
        )
        self._draw = Draw(
            host=torch.Generator().manual_seed(seed + 1),
            device=torch.Generator(device).manual_seed(seed + 2),
        )
        self._recent_loss = torch.zeros((), device=device)
        self._recent_steps = 0

    def run(
        self,
        *,
        until_step: int | None = None,
        every_seconds: float = 120.0,
        on_mark: Callable[["Trainer"], None] | None = None,
    ) -> None:
        """Train until the budget is spent or `until_step` is reached.

        Every `every_seconds`, and once at the end, a row is added to the log and `on_mark` is
        called, which is the place to write checkpoints and weights. Raises TrainingDiverged.
        """
        started, before = time.monotonic(), self.seconds
        marked = self.seconds
        while self._budget.progress(self.step, self.seconds) < 1:
            if until_step is not None and self.step >= until_step:
                break
            self._one_step()
            self.seconds = before + time.monotonic() - started
            if self.seconds - marked >= every_seconds:
                self._mark(on_mark)
                marked = self.seconds
        self._mark(on_mark)

    def start_averages(self) -> None:
        """Let the average begin at the network's weights, after they were set from outside."""
        self.average.load_state_dict(self.network.state_dict())

    def checkpoint(self, path: Path) -> None:
        """Write everything that `resume` needs, replacing `path` in one step."""
        state = {
            "step": self.step,
            "seconds": self.seconds,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "host": self._draw.host.get_state(),
            "device": self._draw.device.get_state(),
            "log": [vars(row) for row in self.log],
            "recent": (self._recent_loss, self._recent_steps),
        }
        partial = path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(path)

    def resume(self, path: Path) -> None:
        """Continue exactly where `checkpoint` was called, chance included."""
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        self.step, self.seconds = state["step"], state["seconds"]
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._draw.host.set_state(state["host"])
        self._draw.device.set_state(state["device"])
        self.log = [LogRow(**row) for row in state["log"]]
        recent, self._recent_steps = state["recent"]
        self._recent_loss = recent.to(self._device)

    def _one_step(self) -> None:
        setting = self.setting
        crops = self._pool.crops(setting.batch, self._draw.host)
        given, target = self.recipe.pairs(crops, setting.patch, self._draw)
        given = given.contiguous(memory_format=torch.channels_last)
        rate = self._learning_rate()
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        with self._precision():
            result = self.network(given)
        loss = self._loss(result.float(), given, target)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 0.5)
        self._optimiser.step()
        self._follow()
        self.step += 1
        self._recent_loss += loss.detach()
        self._recent_steps += 1

    def _loss(self, result: Tensor, given: Tensor, target: Tensor) -> Tensor:
        errors = _charbonnier(result, target)
        if self.recipe.relative_to is None:
            return errors.mean()
        weights = 1 / ((given - target).abs().mean(dim=(1, 2, 3)) + self.recipe.relative_to)
        return (errors * weights).sum() / weights.sum()

    def _learning_rate(self) -> float:
        """Linear warm-up, then half a cosine down to a hundredth of the peak."""
        progress = self._budget.progress(self.step, self.seconds)
        warm = min(1.0, (self.step + 1) / self.setting.warmup_steps)
        return self.setting.learning_rate * warm * (0.505 + 0.495 * math.cos(math.pi * progress))

    def _precision(self) -> AbstractContextManager[object]:
        if self._device.type == "cuda":
            return torch.autocast("cuda", dtype=torch.bfloat16)
        return nullcontext()

    @torch.no_grad()
    def _follow(self) -> None:
        decay = min(self.setting.ema, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(
            list(self.average.parameters()), list(self.network.parameters()), 1 - decay
        )

    def _mark(self, on_mark: Callable[["Trainer"], None] | None) -> None:
        if self._recent_steps:
            loss = float(self._recent_loss) / self._recent_steps
            if not math.isfinite(loss):
                raise TrainingDiverged(f"The loss is {loss} at step {self.step}.")
            self.log.append(
                LogRow(
                    step=self.step,
                    seconds=round(self.seconds, 1),
                    learning_rate=self._learning_rate(),
                    loss=loss,
                    psnr=self._held_out.score(self.average),
                    baseline=self._held_out.baseline,
                )
            )
            self._recent_loss.zero_()
            self._recent_steps = 0
        if on_mark is not None:
            on_mark(self)


def _charbonnier(result: Tensor, target: Tensor) -> Tensor:
    """A smooth absolute difference (Lai et al. 2017), the mean of each sample `[n]`."""
    return ((result - target) ** 2 + _EPSILON**2).sqrt().mean(dim=(1, 2, 3))
