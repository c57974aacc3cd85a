"""The result still looks like the photo: its colours, whatever was done but to the light."""

import numpy as np
import pytest
from skimage import data

from core.recipe import Recipe
from weights.store import WeightsStore
from worker.engine import Engine
from worker.imaging.photo import Photo, to_sixteen_bits
from worker.models import Models
from worker.pipeline import enhance
from worker.stages.tone import colour_error


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine("cpu")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """The models that are shipped."""
    return Models(WeightsStore(tmp_path_factory.mktemp("weights")))


def astronaut(noise: float = 6.0) -> Photo:
    """A part with face, hair, suit, flag and a dark background, reduced and noisy."""
    clean = data.astronaut()[0:320:2, 100:420:2].astype(np.float64)
    poor = clean + np.random.default_rng(5).normal(0, noise, clean.shape)
    return Photo(to_sixteen_bits(poor.round().clip(0, 255).astype(np.uint8)))


@pytest.mark.parametrize(
    "wishes",
    [
        {},
        {"preset": "portrait"},
        {"preset": "landscape"},
        {"preset": "art"},
        {"scale": 1, "denoise": 100, "faces": 100, "sharpen": 100, "grain": 100},
        {"scale": 2, "creativity": 100, "sharpen": 100},
    ],
)
def test_colours_stay_within_half_a_level_unless_light_was_corrected(
    models: Models, engine: Engine, wishes: dict[str, object]
) -> None:
    before = astronaut()
    recipe = Recipe.model_validate({"light": 0} | wishes)
    after = enhance(before, recipe, models, engine).photo
    assert colour_error(after.pixels, before.pixels) < 0.5
