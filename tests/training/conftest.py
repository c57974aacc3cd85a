"""A small data folder of public-domain photos, and a trainer of seconds on it."""

from collections.abc import Callable
from pathlib import Path

import pytest
import skimage.data
import torch
from PIL import Image

from training.data import CropPool, Photos, read_photos
from training.loop import Budget, Trainer
from training.recipes import RECIPES
from training.validation import HeldOut

CPU = torch.device("cpu")


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Several test processes that each use every core are slower than one core each."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`photos/` with three pictures and `faces/` with one."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "photos").mkdir()
    (folder / "faces").mkdir()
    for name in ("astronaut", "chelsea", "coffee"):
        Image.fromarray(getattr(skimage.data, name)()).save(folder / "photos" / f"{name}.png")
    face = Image.fromarray(skimage.data.astronaut()).crop((150, 0, 300, 150))
    face.resize((256, 256)).save(folder / "faces" / "face.png")
    return folder


@pytest.fixture(scope="session")
def photos(data_folder: Path) -> Photos:
    """The data folder, decoded."""
    return read_photos(data_folder)


@pytest.fixture
def tiny_trainer(photos: Photos) -> Callable[..., Trainer]:
    """Builds a trainer of the rehearsal's size: `tiny_trainer("denoise", steps=20)`."""

    def build(name: str, *, steps: int, seed: int = 0) -> Trainer:
        recipe = RECIPES[name]
        setting = recipe.settings["tiny"]
        pool = CropPool(photos.training, size=recipe.crop_size(setting.patch), device=CPU)
        return Trainer(
            recipe,
            setting,
            pool=pool,
            held_out=HeldOut(photos.held_out, scale=recipe.scale, device=CPU),
            budget=Budget(steps=steps),
            device=CPU,
            seed=seed,
        )

    return build
