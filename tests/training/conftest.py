"""A small data folder of public-domain photos, and a trainer of seconds on it."""

from collections.abc import Callable
from pathlib import Path

import pytest
import skimage.data
import torch
from PIL import Image

from training.data import Photos
from training.loop import Budget, Trainer
from training.recipes import RECIPES

CPU = torch.device("cpu")


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Several test processes that each use every core are slower than one core each."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`photos/` with three pictures and `faces/` with three, all the same person's."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "photos").mkdir()
    (folder / "faces").mkdir()
    for name in ("astronaut", "chelsea", "coffee"):
        Image.fromarray(getattr(skimage.data, name)()).save(folder / "photos" / f"{name}.png")
    for number in range(3):
        face = Image.fromarray(skimage.data.astronaut()).crop((150 + number, 0, 300 + number, 150))
        face.resize((256, 256)).save(folder / "faces" / f"{number}.png")
    return folder


@pytest.fixture(scope="session")
def photos(data_folder: Path) -> Photos:
    """The data folder's."""
    return Photos(data_folder)


@pytest.fixture
def tiny_trainer(photos: Photos) -> Callable[..., Trainer]:
    """Builds a trainer of the rehearsal's size: `tiny_trainer("denoise", steps=20)`."""

    def build(name: str, *, steps: int, seed: int = 0) -> Trainer:
        recipe = RECIPES[name]
        setting = recipe.settings["tiny"]
        torch.manual_seed(seed)
        objective = recipe.build(setting, photos, CPU)
        return Trainer(objective, setting, budget=Budget(steps=steps), device=CPU, seed=seed)

    return build
