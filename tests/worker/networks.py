"""Small networks with random weights under official keys, and photos to run them on."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from weights.catalog import Catalog, CatalogRow, Purpose
from weights.store import WeightsStore
from weights.torchvision_ops import declare_missing_operators
from worker.engine import Engine
from worker.imaging.photo import Photo
from worker.models import LoadedModel, Models, load

Pixels = NDArray[np.uint16]

declare_missing_operators()  # Tests import spandrel's architectures by themselves.


def compact(
    scale: int = 4, *, features: int = 12, layers: int = 6, seed: int = 0
) -> torch.nn.Module:
    """A Compact network that adds random texture to the enlarged picture."""
    from spandrel.architectures.Compact import Compact

    torch.manual_seed(seed)
    network: torch.nn.Module = Compact(num_feat=features, num_conv=layers, upscale=scale)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim == 4:
                parameter.mul_(1.6)
    return network


def save(network: torch.nn.Module, path: Path) -> Path:
    """The network's weights as a safetensors file."""
    save_file({key: value.contiguous() for key, value in network.state_dict().items()}, path)
    return path


def row(
    name: str, purpose: Purpose = Purpose.UNKNOWN, scale: int = 1, **fields: object
) -> CatalogRow:
    """A catalog row for a file of that name."""
    values: dict[str, object] = {
        "id": Path(name).stem,
        "name": Path(name).stem,
        "purpose": purpose,
        "scale": scale,
        "file": name,
        "licence": "MIT",
        "commercial": True,
        "source": "this test",
        "own": True,
    }
    return CatalogRow.model_validate(values | fields)


def loaded(network: torch.nn.Module, folder: Path, name: str = "net.safetensors") -> LoadedModel:
    """The network after a way through a file and the loader."""
    return load(row(name), save(network, folder / name))


def picture(height: int, width: int, seed: int = 0) -> Pixels:
    """Smooth colours with some grain and hard edges, 8-bit values spread over 16 bits."""
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    channels = [
        128 + 90 * np.sin(down / (7 + 3 * channel) + channel) * np.cos(across / (11 - channel))
        for channel in range(3)
    ]
    levels = np.stack(channels, axis=2) + rng.normal(0, 4, (height, width, 3))
    levels[(down // 23 + across // 31) % 3 == 0] *= 0.4
    return np.clip(np.rint(levels), 0, 255).astype(np.uint16) * np.uint16(257)


def real_picture(shared: Path, number: int, height: int, width: int) -> Pixels:
    """The middle of one of the validation photos."""
    with Image.open(sorted((shared / "data" / "val" / "photos").iterdir())[number]) as file:
        levels = np.asarray(file.convert("RGB"))
    top, left = (levels.shape[0] - height) // 2, (levels.shape[1] - width) // 2
    return levels[top : top + height, left : left + width].astype(np.uint16) * np.uint16(257)


def plainly(network: Callable[[Tensor], Tensor], pixels: Pixels) -> NDArray[np.float64]:
    """What the network makes of the whole picture, on the scale 0–65535."""
    batch = torch.from_numpy(pixels.astype(np.float32) / 65535).permute(2, 0, 1)[None]
    with torch.inference_mode():
        output = network(batch.contiguous()).clamp(0, 1)
    result: NDArray[np.float64] = output[0].permute(1, 2, 0).double().numpy() * 65535
    return result


class Lab:
    """A weights folder with small networks for every purpose, and an engine on the CPU."""

    def __init__(self, folder: Path, *, without: tuple[str, ...] = ()) -> None:
        files = {
            "tiny-x4.safetensors": (Purpose.UPSCALE, 4),
            "tiny-x2.safetensors": (Purpose.UPSCALE, 2),
            "tiny-denoise.safetensors": (Purpose.DENOISE, 1),
            "tiny-faces.safetensors": (Purpose.FACES, 1),
        }
        folder.mkdir(exist_ok=True)
        rows = []
        for seed, (name, (purpose, scale)) in enumerate(files.items()):
            if Path(name).stem not in without:
                save(compact(scale, features=8, layers=2, seed=seed), folder / name)
                crop = 256 if purpose is Purpose.FACES else None
                rows.append(row(name, purpose, scale, crop=crop))
        self.store = WeightsStore(folder, catalog=Catalog(rows), shipped=folder)
        self.models = Models(self.store)
        self.engine = Engine("cpu", tile=96)


def photo(height: int = 40, width: int = 56, **fields: object) -> Photo:
    """A photo in its working form."""
    values: dict[str, object] = {"pixels": picture(height, width)}
    return Photo(**(values | fields))  # type: ignore[arg-type]
