"""The training loop: resumable, seeded, with an exponential moving average of the weights."""

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from training.degradations import Draw
from training.objective import Objective, Setting

__all__ = ["Budget", "LogRow", "Trainer", "TrainingDiverged"]


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
    """One line of the log; `score` and `baseline` are the objective's, `second` its second one."""

    step: int
    seconds: float
    learning_rate: float
    loss: float
    score: float
    baseline: float
    second: float | None = None


class Trainer:
    """One network on its way: step, log, checkpoint, resume."""

    def __init__(
        self,
        objective: Objective,
        setting: Setting,
        *,
        budget: Budget,
        device: torch.device,
        seed: int = 0,
    ) -> None:
        """Take over the objective's network; `seed` decides the batches."""
        self.objective = objective
        self.setting = setting
        self.log: list[LogRow] = []
        self.step = 0
        self.seconds = 0.0
        self._budget, self._device = budget, device
        network = objective.network.to(device)
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
            "objective": self.objective.state(),
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
        self.objective.load_state(state["objective"])

    def _one_step(self) -> None:
        rate = self._learning_rate()
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        loss = self.objective.loss(self._draw)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 0.5)
        self._optimiser.step()
        self._follow()
        self.objective.after_step(self._draw)
        self.step += 1
        self._recent_loss += loss.detach()
        self._recent_steps += 1

    def _learning_rate(self) -> float:
        """Linear warm-up, then half a cosine down to a hundredth of the peak."""
        progress = self._budget.progress(self.step, self.seconds)
        warm = min(1.0, (self.step + 1) / self.setting.warmup_steps)
        return self.setting.learning_rate * warm * (0.505 + 0.495 * math.cos(math.pi * progress))

    @torch.no_grad()
    def _follow(self) -> None:
        decay = min(self.setting.ema, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(
            list(self.average.parameters()), list(self.network.parameters()), 1 - decay
        )
        for ours, theirs in zip(self.average.buffers(), self.network.buffers(), strict=True):
            ours.copy_(theirs)

    def _mark(self, on_mark: Callable[["Trainer"], None] | None) -> None:
        if self._recent_steps:
            loss = float(self._recent_loss) / self._recent_steps
            if not math.isfinite(loss):
                raise TrainingDiverged(f"The loss is {loss} at step {self.step}.")
            objective = self.objective
            self.log.append(
                LogRow(
                    step=self.step,
                    seconds=round(self.seconds, 1),
                    learning_rate=self._learning_rate(),
                    loss=loss,
                    score=objective.score(self.average),
                    baseline=objective.baseline,
                    second=objective.second(self.average) if objective.second_measure else None,
                )
            )
            self._recent_loss.zero_()
            self._recent_steps = 0
        if on_mark is not None:
            on_mark(self)
