"""Learning to look sharp: pixels hold the photo's content, an adversary asks for its texture."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.degradations import Draw
from training.discriminator import Adversary, Discriminator, feature_distance
from training.objective import Objective, precision
from training.pixels import charbonnier
from training.validation import HeldOut

__all__ = ["VividObjective", "phase_error"]


_PIXELS, _COARSE, _PHASES = 0.5, 1.0, 2.0
_COARSER = 4
_STRIDE = 8  # The discriminator's.
_AROUND = 6


class VividObjective(Objective):
    """Charbonnier, adversarial and feature-matching losses of the results on fresh pairs."""

    second_measure = "sharpness, of the original's"

    def __init__(
        self,
        network: nn.Module,
        pairs: Callable[[Draw], tuple[Tensor, Tensor]],
        judge: HeldOut,
        adversary: Adversary,
        *,
        scale: int,
        device: torch.device,
    ) -> None:
        """`pairs` draws a batch of inputs and targets, as for PixelObjective."""
        self.network = network
        self.measure, self.baseline, self.plain = judge.measure, judge.baseline, judge.plain
        self._pairs, self._judge, self._device = pairs, judge, device
        self._adversary, self._scale = adversary, scale
        self._discriminator = Discriminator(adversary.features).to(device)
        self._optimiser = torch.optim.Adam(
            self._discriminator.parameters(), lr=adversary.learning_rate, betas=(0.5, 0.99)
        )
        self._steps = 0
        self._last: tuple[Tensor, Tensor] | None = None

    def loss(self, draw: Draw) -> Tensor:
        """The mean loss of one fresh batch, kept for the discriminator's own step."""
        given, real = self._pairs(draw)
        with precision(self._device):
            made = self.network(given.contiguous(memory_format=torch.channels_last)).float()
        coarse = charbonnier(F.avg_pool2d(made, _COARSER), F.avg_pool2d(real, _COARSER))
        loss = (_PIXELS * charbonnier(made, real) + _COARSE * coarse).mean()
        loss = loss + _PHASES * phase_error(made - real, self._scale)
        # Its strides would else always pull at the same places of the grid of pixels.
        top, left = draw.integer(_STRIDE), draw.integer(_STRIDE)
        made, real = made[..., top:, left:], real[..., top:, left:]
        self._last = made.detach(), real
        weight = (self._steps - self._adversary.alone) / self._adversary.ramp
        if weight <= 0:
            return loss
        self._discriminator.requires_grad_(False)
        with precision(self._device):
            verdict, features = self._discriminator(made)
            with torch.no_grad():
                _, wanted = self._discriminator(real)
        against = F.softplus(-verdict.float()).mean() + feature_distance(features, wanted) / 2
        return loss + self._adversary.weight * min(1.0, weight) * against

    def after_step(self, draw: Draw) -> None:
        """One step of the discriminator on the batch that the network has just learnt from."""
        if self._last is None:
            return
        made, real = self._last
        self._discriminator.requires_grad_(True)
        with precision(self._device):
            verdicts, _ = self._discriminator(torch.cat([made, real]))
        on_made, on_real = verdicts.float().chunk(2)
        loss = F.softplus(on_made).mean() + F.softplus(-on_real).mean()
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimiser.step()
        self._steps += 1

    def score(self, network: nn.Module) -> float:
        """The judge's, on clean bicubic reductions."""
        return self._judge.score(network)

    def second(self, network: nn.Module) -> float:
        """The results' gradient energy over that of the originals: 1 is as sharp as they are."""
        return self._judge.sharpness(network)

    def state(self) -> dict[str, Any]:
        """The discriminator, its optimiser and its steps."""
        return {
            "discriminator": self._discriminator.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "steps": self._steps,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Take back what `state` gave."""
        self._discriminator.load_state_dict(state["discriminator"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._steps = state["steps"]


def phase_error(error: Tensor, scale: int) -> Tensor:
    """How unlike the error is on the `scale` x `scale` places that share an input pixel.

    A pixel shuffle that answers an adversary leaves a grid of that period: here it costs.
    """
    count, channels, height, width = error.shape
    planes = F.pixel_unshuffle(error, scale)
    means = F.avg_pool2d(planes, min(_AROUND, height // scale, width // scale))
    means = means.view(count, channels, scale * scale, *means.shape[2:])
    return (means - means.mean(dim=2, keepdim=True)).abs().mean()
