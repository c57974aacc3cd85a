from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image

from training.export import write_weights
from training.networks import BlindUNetDesign, CompactDesign, Design, published_state


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with two small photos, one of a size that is no multiple of 8."""
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(skimage.data.coffee()[100:228, 200:328]).save(folder / "coffee.png")
    Image.fromarray(skimage.data.rocket()[:131, 300:436]).save(folder / "rocket.png")
    return folder


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """A folder with one aligned face."""
    folder = tmp_path / "faces"
    folder.mkdir()
    Image.fromarray(astronaut()).save(folder / "astronaut.png")
    return folder


@pytest.fixture
def models(tmp_path: Path) -> list[Path]:
    """Untrained weights: an upscaler by 4, one by 2, and a denoiser."""
    torch.manual_seed(0)
    designs: dict[str, Design] = {
        "up": CompactDesign(8, 2, 4),
        "twice": CompactDesign(8, 2, 2),
        "clean": BlindUNetDesign((8, 8, 8, 8), 2),
    }
    paths = [tmp_path / f"{name}.safetensors" for name in designs]
    for path, design in zip(paths, designs.values(), strict=True):
        write_weights(path, published_state(design.build()), {})
    return paths


def astronaut() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A face of 128×128 pixels, near enough to the template."""
    picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]] = skimage.data.astronaut()
    return picture[40:168, 158:286]
