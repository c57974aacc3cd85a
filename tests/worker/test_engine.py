"""Tiles leave no trace, memory that runs out costs time only, stopping stops."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core.errors import Cancelled, DarkroomError, SettingsError
from core.settings import WorkerSettings
from tests.worker.networks import compact, loaded, picture, plainly, real_picture
from weights.catalog import Purpose
from weights.store import WeightsStore
from worker.engine import Engine
from worker.models import LoadedModel, Models

ONE_LEVEL = 257
"""One of 255 levels on the scale of 65535."""


def furthest(one: object, other: object) -> float:
    return float(np.abs(np.asarray(one, float) - np.asarray(other, float)).max())


@pytest.mark.parametrize("scale", [1, 2, 4])
@pytest.mark.parametrize("tile", [80, 128, 4096])
def test_equals_the_plain_network(tmp_path: Path, scale: int, tile: int) -> None:
    network = compact(scale)
    pixels = picture(173, 211)
    result = Engine("cpu", tile=tile).run(loaded(network, tmp_path), pixels)
    assert result.shape == (173 * scale, 211 * scale, 3)
    assert result.dtype == np.uint16
    assert furthest(result, plainly(network, pixels)) <= 2  # of 65535: rounding alone


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (300, 2), (33, 129)])
def test_any_size_goes(tmp_path: Path, size: tuple[int, int]) -> None:
    network = compact(2)
    pixels = picture(*size)
    result = Engine("cpu", tile=64).run(loaded(network, tmp_path), pixels)
    assert furthest(result, plainly(network, pixels)) <= 2


@pytest.mark.parametrize("size", [(97, 130), (3, 5), (128, 64)])
def test_network_on_a_grid_of_pixels(tmp_path: Path, size: tuple[int, int]) -> None:
    """RRDB ×2 unshuffles its input: sizes that do not fit are filled by reflection."""
    from spandrel.architectures.ESRGAN import ESRGAN

    torch.manual_seed(1)
    network = ESRGAN(in_nc=12, out_nc=3, num_filters=8, num_blocks=2, scale=4, shuffle_factor=2)
    model = loaded(network, tmp_path)
    assert (model.scale, model.multiple) == (2, 4)
    pixels = picture(*size)
    height, width = size
    filled = np.pad(pixels, ((0, -height % 4), (0, -width % 4), (0, 0)), mode="reflect")
    expected = plainly(network, filled)[: height * 2, : width * 2]
    assert furthest(Engine("cpu", tile=4096).run(model, pixels), expected) <= 2
    assert furthest(Engine("cpu", tile=64).run(model, pixels), expected) <= ONE_LEVEL


def test_grey_network_takes_the_channels_one_by_one(tmp_path: Path) -> None:
    from spandrel.architectures.Compact import Compact

    torch.manual_seed(2)
    network = Compact(num_in_ch=1, num_out_ch=1, num_feat=8, num_conv=2, upscale=2)
    pixels = picture(60, 70)
    result = Engine("cpu", tile=64).run(loaded(network, tmp_path), pixels)
    for channel in range(3):
        single = pixels[..., channel : channel + 1]
        assert furthest(result[..., channel : channel + 1], plainly(network, single)) <= 2


def test_shipped_networks_show_no_seam(shared: Path) -> None:
    store = WeightsStore(None)
    models = Models(store)
    pixels = real_picture(shared, 3, 140, 180)
    for row in (*store.rows(Purpose.UPSCALE), *store.rows(Purpose.DENOISE)):
        model = models.named(row.id)
        whole = plainly(model.call, pixels)
        assert furthest(Engine("cpu", tile=4096).run(model, pixels), whole) <= ONE_LEVEL
        assert furthest(Engine("cpu", tile=1).run(model, pixels), whole) <= ONE_LEVEL


class Wary(nn.Module):
    """Runs a network, but fails as a device does above a number of pixels."""

    def __init__(self, network: nn.Module, most: int, error: Callable[[], Exception]) -> None:
        super().__init__()
        self.network = network
        self.most = most
        self.error = error
        self.calls: list[int] = []

    def forward(self, batch: Tensor) -> Tensor:
        self.calls.append(batch.shape[0] * batch.shape[2] * batch.shape[3])
        if self.calls[-1] > self.most:
            raise self.error()
        result: Tensor = self.network(batch)
        return result


def wary(
    model: LoadedModel, most: int, error: Callable[[], Exception] = torch.OutOfMemoryError
) -> tuple[LoadedModel, Wary]:
    module = Wary(model.module, most, error)
    return replace(model, module=module, call=module), module


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError,
        lambda: RuntimeError(
            "[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"
        ),
        lambda: RuntimeError("CUDA error: out of memory"),
    ],
)
def test_out_of_memory_halves_the_tile_and_goes_on(
    tmp_path: Path, error: Callable[[], Exception]
) -> None:
    network = compact(2)
    pixels = picture(120, 150)
    model, module = wary(loaded(network, tmp_path), 80 * 80, error)
    engine = Engine("cpu", tile=150)
    assert furthest(engine.run(model, pixels), plainly(network, pixels)) <= 2
    assert max(module.calls) > 80 * 80
    module.calls.clear()
    engine.run(model, pixels)
    assert max(module.calls) <= 80 * 80, "the next photo starts with the smaller tile"


def test_out_of_memory_half_way_keeps_what_is_done(tmp_path: Path) -> None:
    """Another process takes the memory while the third row of tiles is made."""
    network = compact(2)
    pixels = picture(400, 70)
    model, module = wary(loaded(network, tmp_path), 1 << 30)
    engine = Engine("cpu", tile=160)
    done: list[float] = []

    def progress(fraction: float) -> None:
        done.append(fraction)
        if fraction > 0.5:
            module.most = 96 * 70

    result = engine.run(model, pixels, progress=progress)
    assert furthest(result, plainly(network, pixels)) <= 2
    assert done == sorted(done)
    assert done[-1] == 1.0
    assert min(module.calls) < 96 * 70 < max(module.calls)


def test_no_memory_at_all_is_said(tmp_path: Path) -> None:
    model, _ = wary(loaded(compact(), tmp_path), 100)
    with pytest.raises(DarkroomError, match="does not fit into the lab's memory") as raised:
        Engine("cpu").run(model, picture(200, 200))
    assert raised.value.code == "memory"
    with pytest.raises(DarkroomError, match="does not fit"):
        Engine("cpu").run_whole(model, picture(64, 64))


def test_other_failures_are_not_taken_for_memory(tmp_path: Path) -> None:
    model, module = wary(loaded(compact(), tmp_path), 100, lambda: RuntimeError("size mismatch"))
    with pytest.raises(RuntimeError, match="size mismatch"):
        Engine("cpu").run(model, picture(200, 200))
    assert len(module.calls) == 1


def test_cancelling_stops_before_the_next_tile(tmp_path: Path) -> None:
    model, module = wary(loaded(compact(2), tmp_path), 1 << 30)
    with pytest.raises(Cancelled):
        Engine("cpu", tile=96).run(
            model, picture(300, 300), cancelled=lambda: len(module.calls) >= 2
        )
    assert len(module.calls) == 2


@pytest.mark.parametrize(("parameters", "least"), [(1000, 512), (10_000_000, 256)])
def test_heavy_networks_get_small_windows_on_a_cpu(
    tmp_path: Path, parameters: int, least: int
) -> None:
    model, module = wary(loaded(compact(1, features=4, layers=1), tmp_path), 1 << 30)
    Engine("cpu").run(replace(model, parameters=parameters), picture(700, 16))
    assert max(module.calls) <= least * 16
    assert len(module.calls) == -(-(700 - 20) // (least - 20))


class Overflowing(nn.Module):
    """Right in float32, not a number in half precision."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.precisions: list[torch.dtype] = []

    def forward(self, batch: Tensor) -> Tensor:
        self.precisions.append(batch.dtype)
        result: Tensor = self.network(batch)
        return result if batch.dtype == torch.float32 else result * torch.nan


def test_overflow_in_half_precision_goes_back_to_float32(tmp_path: Path) -> None:
    network = compact(2)
    model = loaded(network, tmp_path)
    module = Overflowing(model.module)
    model = replace(model, module=module, call=module)
    pixels = picture(90, 90)
    result = Engine("cpu", precision="bfloat16", tile=64).run(model, pixels)
    assert module.precisions[:2] == [torch.bfloat16, torch.float32]
    assert set(module.precisions[1:]) == {torch.float32}
    # The weights went through bfloat16 once.
    assert furthest(result, plainly(network, pixels)) <= 8 * ONE_LEVEL


def test_memory_is_laid_channels_last(tmp_path: Path) -> None:
    model = loaded(compact(), tmp_path)
    seen: list[bool] = []

    def call(batch: Tensor) -> Tensor:
        seen.append(batch.is_contiguous(memory_format=torch.channels_last))
        result: Tensor = model.module(batch)
        return result

    Engine("cpu").run(replace(model, call=call), picture(40, 50))
    assert seen == [True]
    weight = next(model.module.parameters())
    assert weight.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_missing_gpu_is_said() -> None:
    with pytest.raises(SettingsError, match="finds no usable GPU"):
        Engine("cuda")
    assert Engine("auto").device.type == "cpu"


def test_settings_reach_the_engine() -> None:
    threads = torch.get_num_threads()
    try:
        engine = Engine.from_settings(WorkerSettings(device="cpu", tile=128, threads=1))
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(threads)
    assert engine.device.type == "cpu"
