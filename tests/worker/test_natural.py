"""The result still looks like the photo: its colours, whatever was done but to the light."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from benchmarks.quality.metrics import compare
from core.jobs import StageName
from core.recipe import Recipe
from weights.store import WeightsStore
from worker.engine import Engine
from worker.imaging.photo import Photo, to_eight_bits, to_sixteen_bits
from worker.models import Models
from worker.pipeline import Outcome, enhance
from worker.stages.tone import colour_error

Part = tuple[slice, slice]
PART, WHOLE = np.s_[0:320:2, 100:420:2], np.s_[::2, ::2]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine("cpu")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """The models that are shipped."""
    return Models(WeightsStore(tmp_path_factory.mktemp("weights")))


def astronaut(noise: float = 6.0, part: Part = PART) -> Photo:
    """A part with face, hair, suit, flag and a dark background, reduced; noise of every channel."""
    clean = data.astronaut()[part].astype(np.float64)
    poor = clean + np.random.default_rng(5).normal(0, noise, clean.shape)
    return Photo(to_sixteen_bits(poor.round().clip(0, 255).astype(np.uint8)))


def levels(photo: Photo) -> NDArray[np.float64]:
    return photo.pixels.astype(np.float64) / 257


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


def test_a_photo_that_was_enlarged_before_gains_by_being_taken_back(
    models: Models, engine: Engine
) -> None:
    clean = data.astronaut()[:480, :480]
    small = cv2.resize(clean, (96, 96), interpolation=cv2.INTER_AREA)
    before = cv2.resize(small, (288, 288), interpolation=cv2.INTER_CUBIC)
    outcome = enhance(
        Photo(to_sixteen_bits(before)), Recipe(long_edge=480, light=0), models, engine
    )
    assert outcome.plan.source == (96, 96)
    plain = cv2.resize(before, (480, 480), interpolation=cv2.INTER_CUBIC)
    gain = compare(to_eight_bits(outcome.photo.pixels), clean).psnr_rgb
    assert gain > compare(plain, clean).psnr_rgb + 0.5


def done(outcome: Outcome) -> dict[StageName, int | None]:
    return {step.stage: step.strength for step in outcome.steps if step.done}


def test_light_is_corrected_where_it_is_wrong_and_only_there(
    models: Models, engine: Engine
) -> None:
    recipe = Recipe(scale=1, denoise=0, faces=0, sharpen=0)
    coins = np.repeat(data.coins()[..., None], 3, axis=2)
    clean, bright = (
        Photo(to_sixteen_bits(np.rint(255 * (coins / 255.0) ** gamma).astype(np.uint8)))
        for gamma in (1.0, 0.35)
    )
    left = enhance(clean, recipe, models, engine)
    assert left.photo.pixels is clean.pixels
    better = enhance(bright, recipe, models, engine)
    assert list(done(better)) == [StageName.LIGHT]
    assert better.plan.findings[-1] == "too bright"
    before, after = (np.abs(levels(one) - levels(clean)).mean() for one in (bright, better.photo))
    assert after < 0.8 * before


def test_some_of_its_grain_comes_back_where_it_was_taken_out(
    models: Models, engine: Engine
) -> None:
    grainy = astronaut(8.0, part=WHOLE)
    recipe = Recipe(scale=1, faces=0, light=0, sharpen=0)
    smooth, natural, full = (
        enhance(grainy, recipe.model_copy(update={"grain": amount}), models, engine)
        for amount in (0, None, 100)
    )
    assert StageName.GRAIN not in done(smooth)
    assert done(natural)[StageName.GRAIN] == 40  # a portrait
    little, much = ((levels(one.photo) - levels(smooth.photo)).std() for one in (natural, full))
    assert 1 < little < 4
    assert 2.2 < much / little < 2.8
