"""Runs a model over an image of any size, tile by tile, within bounded memory."""

import logging
from collections.abc import Callable
from typing import Self
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.errors import Cancelled, DarkroomError, SettingsError
from core.language import _
from core.settings import WorkerSettings
from worker.imaging.photo import Pixels
from worker.models import LoadedModel
from worker.tiles import FEATHER, Span, smallest_window, spans

__all__ = ["Engine"]

_log = logging.getLogger(__name__)

_WINDOW, _HEAVY_CPU_WINDOW = 512, 256
_HEAVY_PARAMETERS = 5_000_000
_BATCH_PIXELS = 1 << 20


class _OutOfMemory(Exception):
    """The device could not hold one batch."""


class Engine:
    """One device and how models run on it.

    `device` is `auto`, `cpu`, `cuda` or `cuda:N`; `precision` is `auto` (half where device and
    model know it), `float32`, `float16` or `bfloat16`; `tile` is the side of the windows in input
    pixels, 0 for a good one. Raises SettingsError if the device is not there.
    """

    def __init__(self, device: str = "auto", precision: str = "auto", tile: int = 0) -> None:
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        if device.startswith("cuda") and not torch.cuda.is_available():
            raise SettingsError(
                "DARKROOM_DEVICE asks for CUDA, but torch finds no usable GPU; "
                "use cpu or auto, or install a torch built for your GPU."
            )
        self.device = torch.device(device)
        if self.device.type == "cuda" and (self.device.index or 0) >= torch.cuda.device_count():
            raise SettingsError(
                f"DARKROOM_DEVICE asks for {device}, but there are only "
                f"{torch.cuda.device_count()} GPUs, counted from 0."
            )
        self.precision = precision
        self._tile = tile
        self._learnt_tile: dict[str, int] = {}
        self._unsafe_in_half: set[str] = set()
        self._placed: WeakKeyDictionary[nn.Module, torch.dtype] = WeakKeyDictionary()

    @classmethod
    def from_settings(cls, settings: WorkerSettings) -> Self:
        """The engine as a worker's settings describe it; sets torch's threads for the process."""
        if settings.threads:
            torch.set_num_threads(settings.threads)
        return cls(settings.device, tile=settings.tile)

    def run(
        self,
        model: LoadedModel,
        pixels: Pixels,
        *,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Pixels:
        """`pixels` (H×W×3, 0..65535) through `model`: (H·scale)×(W·scale)×3, 0..65535.

        The image never goes to the device as a whole. Windows overlap by twice the model's context
        and are blended by linear ramps. Where memory runs out the windows are halved and the work
        goes on; where half precision overflows the model goes back to float32. `progress` is told
        the fraction done. Raises Cancelled between batches once `cancelled()` is true, and
        DarkroomError (code `memory`) if not even the smallest window fits.
        """
        height, width = pixels.shape[:2]
        scale, window = model.scale, self._window(model)
        grid_height, grid_width = (_padded(side, model) for side in (height, width))
        result = np.empty((height * scale, width * scale, 3), np.uint16)
        rows = spans(grid_height, window, model.pad, model.multiple)
        batch = max(1, _BATCH_PIXELS // window**2) if self.device.type == "cuda" else 1
        done = 0
        while done < len(rows):
            row = rows[done]
            bottom = rows[done + 1].seam + FEATHER if done + 1 < len(rows) else height
            columns = spans(grid_width, window, model.pad, model.multiple)

            def step(part: float, row: Span = row, bottom: int = bottom) -> None:
                if cancelled is not None and cancelled():
                    raise Cancelled
                if progress is not None and part > 0:
                    reached = row.seam + (min(bottom, height) - row.seam) * part
                    progress(min(1.0, reached / height))

            try:
                strip = self._strip(model, pixels, row, min(bottom, height), columns, batch, step)
            except _OutOfMemory as error:
                if batch > 1:
                    batch = 1
                    continue
                if window <= smallest_window(model.pad, model.multiple):
                    raise _too_big(model) from error
                window = max(window // 2, smallest_window(model.pad, model.multiple))
                _log.warning("out of memory in %s: going on with tiles of %d", model.id, window)
                self._learnt_tile[model.id] = window
                rows[done:] = spans(grid_height, window, model.pad, model.multiple, row.seam)
                continue
            top = max(0, row.seam - FEATHER) if row.seam else 0
            _lay(result, strip, top * scale, _ramp(scale) if row.seam else None, axis=0)
            done += 1
        return result

    def run_whole(self, model: LoadedModel, pixels: Pixels) -> Pixels:
        """A picture small enough for one pass, such as a face crop, through `model` uncut."""
        try:
            result: Pixels = self._forward(model, [pixels])[0]
            return result
        except _OutOfMemory as error:
            raise _too_big(model) from error

    def _window(self, model: LoadedModel) -> int:
        if model.id in self._learnt_tile or self._tile:
            return self._learnt_tile.get(model.id, self._tile)
        # A CPU never refuses memory: Linux kills the process instead, so heavy networks, which
        # hold dozens of channels at the result's size, get small windows from the start.
        heavy = self.device.type == "cpu" and model.parameters > _HEAVY_PARAMETERS
        return _HEAVY_CPU_WINDOW if heavy else _WINDOW

    def _strip(
        self,
        model: LoadedModel,
        pixels: Pixels,
        row: Span,
        bottom: int,
        columns: list[Span],
        batch: int,
        step: Callable[[float], None],
    ) -> Pixels:
        """The result between the seams of one row of windows, ramps included."""
        width, scale = pixels.shape[1], model.scale
        top = max(0, row.seam - FEATHER) if row.seam else 0
        strip = np.empty(((bottom - top) * scale, width * scale, 3), np.uint16)
        kept = slice((top - row.start) * scale, (bottom - row.start) * scale)
        for first in range(0, len(columns), batch):
            step(first / len(columns))
            some = columns[first : first + batch]
            windows = [_window(pixels, row, column) for column in some]
            for column, tile in zip(some, self._forward(model, windows), strict=True):
                left = column.seam - FEATHER if column.seam else 0
                right = min(column.stop, width)
                part = tile[kept, (left - column.start) * scale : (right - column.start) * scale]
                _lay(strip, part, left * scale, _ramp(scale) if column.seam else None, axis=1)
        step(1.0)
        return strip

    def _forward(self, model: LoadedModel, windows: list[Pixels]) -> Pixels:
        """A batch of equal windows through the network: N×h×w×3 in, N×(h·s)×(w·s)×3 out."""
        stack = np.stack(windows).astype(np.float32) / 65535
        try:
            with torch.inference_mode():
                # The bytes already lie channels-last: N×H×W×C seen as N×C×H×W.
                batch = torch.from_numpy(stack).permute(0, 3, 1, 2)
                output = self._call(model, batch)
                if not bool(torch.isfinite(output).all()) and self._dtype(model) != torch.float32:
                    _log.warning("%s overflows in half precision: float32 from now on", model.id)
                    self._unsafe_in_half.add(model.id)
                    output = self._call(model, batch)
                levels = output.clamp_(0, 1).mul_(65535).round_().to(torch.int32)
                result: Pixels = levels.permute(0, 2, 3, 1).cpu().numpy().astype(np.uint16)
                return result
        except torch.OutOfMemoryError as error:
            torch.cuda.empty_cache()
            raise _OutOfMemory from error
        except RuntimeError as error:
            if "can't allocate memory" not in str(error) and "out of memory" not in str(error):
                raise
            raise _OutOfMemory from error

    def _call(self, model: LoadedModel, batch: Tensor) -> Tensor:
        dtype = self._dtype(model)
        self._place(model, dtype)
        placed = batch.to(self.device, dtype)
        if not model.channels_last:
            placed = placed.contiguous()
        if model.channels == 3:
            return model.call(placed).float()
        count, _, height, width = placed.shape
        single = model.call(placed.reshape(count * 3, 1, height, width))
        return single.reshape(count, 3, *single.shape[2:]).float()

    def _place(self, model: LoadedModel, dtype: torch.dtype) -> None:
        if self._placed.get(model.module) == dtype:
            return
        model.module.to(self.device, dtype)
        if model.channels_last:
            # Module.to(memory_format=…) fails where a network has 5-dimensional kernels.
            for parameter in model.module.parameters():
                if parameter.dim() == 4:
                    parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
        self._placed[model.module] = dtype

    def _dtype(self, model: LoadedModel) -> torch.dtype:
        if model.id in self._unsafe_in_half:
            return torch.float32
        if self.precision == "auto":
            # On most CPUs half precision is ten times slower; bfloat16 has 8 bits of mantissa,
            # too few for smooth skies, and so is used on wish alone.
            halved = self.device.type == "cuda" and model.half
            return torch.float16 if halved else torch.float32
        if self.precision == "float16" and model.half:
            return torch.float16
        wished = self.precision == "bfloat16" and model.bfloat16
        return torch.bfloat16 if wished else torch.float32


def _too_big(model: LoadedModel) -> DarkroomError:
    return DarkroomError(
        _("The model {model} does not fit into the lab's memory; name a smaller one.").format(
            model=model.id
        ),
        code="memory",
        remedy="Or set DARKROOM_DEVICE=cpu.",
    )


def _padded(side: int, model: LoadedModel) -> int:
    """The side filled up to what the network can take."""
    return -(-max(side, model.minimum) // model.multiple) * model.multiple


def _window(pixels: Pixels, row: Span, column: Span) -> Pixels:
    """One window, reflected at the photo's edge where the network's grid reaches past it."""
    cut = pixels[row.start : row.stop, column.start : column.stop]
    missing = (row.stop - row.start - cut.shape[0], column.stop - column.start - cut.shape[1])
    if any(missing):
        cut = np.pad(cut, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="reflect")
    return cut


def _ramp(scale: int) -> NDArray[np.float32]:
    count = 2 * FEATHER * scale
    return ((np.arange(count, dtype=np.float32) + 0.5) / count).astype(np.float32)


def _lay(
    canvas: Pixels, part: Pixels, at: int, ramp: NDArray[np.float32] | None, axis: int
) -> None:
    """Set `part` into `canvas` from `at` on along `axis`, fading in over what lies there."""
    start = 0
    if ramp is not None:
        start = len(ramp)
        there = canvas[at : at + start] if axis == 0 else canvas[:, at : at + start]
        coming = part[:start] if axis == 0 else part[:, :start]
        weight = ramp[:, None, None] if axis == 0 else ramp[None, :, None]
        # Differences of 16-bit values are exact in float32, so flat areas stay as they are.
        there[...] = np.rint(there + (coming.astype(np.float32) - there) * weight)
    if axis == 0:
        canvas[at + start : at + part.shape[0]] = part[start:]
    else:
        canvas[:, at + start : at + part.shape[1]] = part[:, start:]
