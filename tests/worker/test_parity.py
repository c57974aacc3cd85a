"""Our loader and engine give what the published networks give when they are run plainly."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.jobs import StageName
from core.recipe import Recipe
from tests.worker import official
from tests.worker.networks import Pixels, compact, picture, plainly, real_picture, row, save
from weights.catalog import Purpose
from weights.store import WeightsStore
from worker.diagnosis import Diagnosis
from worker.engine import Engine
from worker.models import LoadedModel, Models, load
from worker.plan import Sight, plan
from worker.tiles import smallest_window

ONE_LEVEL = 257
"""One of 255 levels on the scale of 65535."""

ROUNDING = 2
"""Of 65535: our result is whole numbers, and sums are taken in another order."""


def furthest(one: Pixels, other: NDArray[Any]) -> float:
    return float(np.abs(one.astype(np.float64) - other).max())


def written(folder: Path, file: str, network: nn.Module, wrapped: str | None) -> Path:
    """The network's weights in a file of the published form."""
    path = folder / file
    if path.suffix == ".safetensors":
        return save(network, path)
    state = network.state_dict()
    torch.save({wrapped: state} if wrapped else state, path)
    return path


def check(model: LoadedModel, plain: Callable[[Tensor], Tensor], pixels: Pixels) -> None:
    """Untiled to rounding, in the smallest tiles, two by two, to one level."""
    assert min(pixels.shape[:2]) > smallest_window(model.pad, model.multiple)
    expected = plainly(plain, pixels)
    assert np.ptp(expected) > 20_000, "the comparison means something"
    whole = Engine("cpu", precision="float32", tile=4096).run(model, pixels)
    tiled = Engine("cpu", precision="float32", tile=1).run(model, pixels)
    assert furthest(whole, expected) <= ROUNDING
    assert furthest(tiled, expected) <= ONE_LEVEL


@pytest.mark.shared
@pytest.mark.parametrize("name", ["realesr-general-x4v3", "realesr-animevideov3"])
def test_published_compact_networks(shared: Path, tmp_path: Path, name: str) -> None:
    from safetensors.torch import load_file

    file = shared / "weights" / f"{name}.safetensors"
    (tmp_path / file.name).write_bytes(file.read_bytes())
    state = load_file(file)
    model = Models(WeightsStore(tmp_path)).named(name)
    pixels = real_picture(shared, 0, 124, 132)
    check(model, lambda batch: official.compact(state, 4, batch), pixels)


def test_denoise_strength_is_upstreams(tmp_path: Path) -> None:
    """`-dn 0.6`: 0.6 of the general network's weights and 0.4 of its twin's."""
    states = []
    for seed, name in enumerate(("realesr-general-x4v3", "realesr-general-wdn-x4v3")):
        network = compact(4, seed=seed)
        save(network, tmp_path / f"{name}.safetensors")
        states.append(network.state_dict())
    models = Models(WeightsStore(tmp_path, shipped=tmp_path))
    made = plan(Recipe(denoise=60), Sight(Diagnosis(132, 124, 9.0, 0.0)), models.capabilities())
    general, twin = states
    mixed = {key: 0.6 * value + 0.4 * twin[key] for key, value in general.items()}
    (blend,) = made.passes
    pixels = picture(124, 132)
    check(models.blended(blend), lambda batch: official.compact(mixed, 4, batch), pixels)
    assert made.denoise.within is StageName.UPSCALE


def rrdbnet(scale: int) -> nn.Module:
    """Random weights as the authors begin with, stronger in the end so that a picture comes out."""
    torch.manual_seed(scale)
    network = official.RRDBNet(scale)
    with torch.no_grad():
        for name, value in network.named_parameters():
            if name.endswith("weight"):
                nn.init.kaiming_normal_(value, a=0.2)
                value.mul_(0.7 if "rdb" in name else 1.0)
        network.conv_last.weight.mul_(0.3)
        nn.init.constant_(cast("Tensor", network.conv_last.bias), 0.5)
    return network.eval()


@pytest.mark.parametrize(
    ("scale", "file", "wrapped"),
    [
        (4, "RealESRGAN_x4plus.pth", "params_ema"),
        (4, "RealESRNet_x4plus.safetensors", None),
        (2, "RealESRGAN_x2plus.pth", "params_ema"),
    ],
)
def test_rrdbnet(tmp_path: Path, scale: int, file: str, wrapped: str | None) -> None:
    network = rrdbnet(scale)
    path = written(tmp_path, file, network, wrapped)
    model = load(row(file, Purpose.UPSCALE, scale), path)
    assert (model.architecture, model.scale) == ("ESRGAN", scale)
    check(model, network, picture(124, 132))


@pytest.mark.filterwarnings("ignore:torch.meshgrid:UserWarning")
def test_swinir_with_its_windows_respected(tmp_path: Path) -> None:
    """The form of the real-world model: nearest and convolutions, windows of 8."""
    from spandrel.architectures.SwinIR import SwinIR

    torch.manual_seed(5)
    network = SwinIR(
        upscale=4,
        in_chans=3,
        img_size=64,
        window_size=8,
        img_range=1.0,
        depths=[2, 2],
        embed_dim=24,
        num_heads=[3, 3],
        mlp_ratio=2,
        upsampler="nearest+conv",
        resi_connection="1conv",
    ).eval()
    with torch.no_grad():
        for name, value in network.named_parameters():
            if name.endswith("weight") and value.ndim == 4:
                nn.init.kaiming_normal_(value, a=0.2)
    path = written(tmp_path, "swinir.pth", network, "params_ema")
    model = load(row("swinir.pth", Purpose.UPSCALE, 4), path)
    assert (model.architecture, model.scale, model.multiple) == ("SwinIR", 4, 8)
    check(model, network, picture(136, 144))


def restored(network: Callable[[Tensor], Tensor], crop: Pixels) -> NDArray[np.float64]:
    """A face crop through a network that speaks [−1, 1], on the scale 0–65535."""
    return plainly(lambda batch: (network(batch * 2 - 1) + 1) / 2, crop)


def test_gfpgan(tmp_path: Path) -> None:
    """Spandrel's own call would clamp the input, and noise would make every run another."""
    from spandrel.architectures.GFPGAN import GFPGAN

    torch.manual_seed(4)
    network = GFPGAN(
        out_size=512,
        num_style_feat=512,
        channel_multiplier=2,
        decoder_load_path=None,
        fix_decoder=False,
        num_mlp=8,
        input_is_latent=True,
        different_w=True,
        narrow=1,
        sft_half=True,
    ).eval()
    path = written(tmp_path, "GFPGANv1.4.pth", network, "params_ema")
    model = load(row(path.name, Purpose.FACES, architecture="GFPGAN", crop=512), path)
    assert (model.architecture, model.purpose, model.crop) == ("GFPGAN", Purpose.FACES, 512)
    crop = picture(512, 512)
    expected = restored(lambda x: network(x, return_rgb=False, randomize_noise=False)[0], crop)
    assert np.ptp(expected) > 10_000, "the comparison means something"
    assert furthest(Engine("cpu").run_whole(model, crop), expected) <= ONE_LEVEL


@pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")
def test_codeformer(tmp_path: Path) -> None:
    pytest.importorskip(
        "spandrel_extra_arches",
        reason="CodeFormer's architecture is a package of its own, under a licence of its own",
    )
    from spandrel_extra_arches.architectures.CodeFormer import (  # type: ignore[import-not-found]
        CodeFormer,
    )

    torch.manual_seed(6)
    network = CodeFormer(n_layers=1).eval()
    path = written(tmp_path, "codeformer.pth", network, "params_ema")
    model = load(row(path.name, Purpose.FACES, architecture="CodeFormer", crop=512), path)
    assert (model.architecture, model.purpose, model.crop) == ("CodeFormer", Purpose.FACES, 512)
    crop = picture(512, 512)
    expected = restored(lambda x: network(x, weight=0.5)[0], crop)
    assert np.ptp(expected) > 10_000, "the comparison means something"
    assert furthest(Engine("cpu").run_whole(model, crop), expected) <= ONE_LEVEL
