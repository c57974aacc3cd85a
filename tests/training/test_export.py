from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from spandrel import ImageModelDescriptor, ModelLoader

from training.export import read_metadata, read_weights, write_weights
from training.loop import Trainer
from training.networks import published_state
from training.recipes import RECIPES


@pytest.mark.parametrize(
    "name", sorted(name for name, row in RECIPES.items() if row.suffix == ".safetensors")
)
@pytest.mark.parametrize("size", ["tiny", "cpu", "full"])
def test_spandrel_opens_every_network_with_its_scale(tmp_path: Path, name: str, size: str) -> None:
    recipe = RECIPES[name]
    torch.manual_seed(0)
    network = recipe.settings[size].design.build()
    path = tmp_path / "weights.safetensors"
    write_weights(path, published_state(network), {"model": recipe.model})

    opened = ModelLoader("cpu").load_from_file(path)
    assert isinstance(opened, ImageModelDescriptor)
    assert opened.scale == recipe.scale
    assert opened.input_channels == opened.output_channels == 3
    image = torch.rand(1, 3, 32, 24)
    with torch.no_grad():
        expected = network(image).clamp(0, 1)
        result = opened(image)
    assert result.shape == (1, 3, 32 * recipe.scale, 24 * recipe.scale)
    assert (result - expected).abs().max() < 0.01  # Half precision in the file.


def test_metadata_and_weights_come_back(
    tiny_trainer: Callable[..., Trainer], tmp_path: Path
) -> None:
    state = published_state(tiny_trainer("denoise", steps=1).average)
    path = tmp_path / "new" / "weights.safetensors"
    write_weights(path, state, {"model": "darkroom-denoise", "licence": "MIT"})
    assert read_metadata(path) == {"model": "darkroom-denoise", "licence": "MIT"}
    again = read_weights(path)
    assert again.keys() == state.keys()
    assert all(torch.allclose(again[name], state[name], atol=1e-3) for name in state)
    assert [file.name for file in path.parent.iterdir()] == ["weights.safetensors"]
