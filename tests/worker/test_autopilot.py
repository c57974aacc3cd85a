"""What the pipeline decides by what it sees."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.diagnosis.pictures import drawing, screenshot
from core.errors import PhotoRefused
from core.jobs import StageName
from core.recipe import Preset, Recipe
from tests.worker.networks import Lab, Pixels, compact, photo, real_picture, row, save
from tests.worker.running import run, step_of
from weights.catalog import Catalog, Purpose
from weights.store import WeightsStore
from worker.diagnosis import noise_sigma
from worker.imaging.photo import to_sixteen_bits
from worker.models import Models
from worker.pipeline import enhance
from worker.stages.sharpen import sharpen
from worker.stages.upscale import upscale


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "weights")


def test_a_known_blur_is_undone_before_the_photo_is_enlarged(lab: Lab, shared: Path) -> None:
    clean = real_picture(shared, 2, 256, 320)
    soft = cast("Pixels", cv2.GaussianBlur(clean, (0, 0), 2.0))
    outcome = run(lab, photo(pixels=soft), scale=2, denoise=0, faces=0, sharpen=60)
    blur = outcome.plan.blur
    assert blur is not None
    assert blur.sigma == pytest.approx(2.0, abs=0.7)
    undone = sharpen(soft, 60, blur, noise_sigma(photo(pixels=soft)))
    size = (2 * soft.shape[1], 2 * soft.shape[0])
    expected = upscale(undone, [lab.models.named("tiny-x2")], lab.engine, *size)
    assert (outcome.photo.pixels == expected).all()
    assert step_of(outcome, StageName.SHARPEN).strength == 60


def test_a_sharp_photo_is_steepened_after_it_was_enlarged(lab: Lab, shared: Path) -> None:
    clean = real_picture(shared, 2, 256, 320)
    outcome = run(lab, photo(pixels=clean), scale=2, denoise=0, faces=0, sharpen=60)
    assert outcome.plan.blur is None
    size = (2 * clean.shape[1], 2 * clean.shape[0])
    larger = upscale(clean, [lab.models.named("tiny-x2")], lab.engine, *size)
    assert (outcome.photo.pixels == sharpen(larger, 60)).all()


@pytest.mark.parametrize("level", [0, 65535])
def test_a_frame_that_shows_nothing_is_refused_unless_its_shape_is_in_the_alpha(
    lab: Lab, level: int
) -> None:
    frame = np.full((64, 96, 3), level, np.uint16)
    with pytest.raises(PhotoRefused, match="all over"):
        run(lab, photo(pixels=frame))
    shape = np.zeros((64, 96), np.uint16)
    shape[16:48, 16:80] = 65535
    logo = run(lab, photo(pixels=frame, alpha=shape), scale=2)
    assert logo.photo.alpha is not None
    assert logo.photo.alpha.max() == 65535


def test_no_grain_comes_back_where_there_was_none(lab: Lab, shared: Path) -> None:
    clean = real_picture(shared, 2, 256, 320)
    outcome = run(lab, photo(pixels=clean), scale=1, denoise=0, faces=0, grain=100)
    assert not step_of(outcome, StageName.GRAIN).done
    assert outcome.photo.pixels is clean
    assert outcome.notes == ("no grain was taken out, so none comes back",)


@pytest.mark.parametrize(("make", "word"), [(drawing, "a drawing"), (screenshot, "a screenshot")])
def test_drawings_and_text_take_the_model_for_drawings_and_keep_their_faces(
    tmp_path: Path, make: Callable[[int], NDArray[np.uint8]], word: str
) -> None:
    folder = tmp_path / "weights"
    lab = Lab(folder)
    save(compact(4, features=8, layers=2, seed=9), folder / "lines-x4.safetensors")
    lines = row("lines-x4.safetensors", Purpose.UPSCALE, 4).model_copy(update={"style": "drawing"})
    catalog = Catalog([*lab.store.published, lines])
    models = Models(WeightsStore(folder, catalog=catalog, shipped=folder))
    source = photo(pixels=to_sixteen_bits(make(0)))
    for preset, name in ((Preset.AUTO, "lines-x4"), (Preset.PHOTO, "tiny-x4")):
        outcome = enhance(source, Recipe(preset=preset, scale=4), models, lab.engine)
        assert step_of(outcome, StageName.UPSCALE).model == name
        assert outcome.plan.drawn == (preset is Preset.AUTO)
        assert (word in outcome.plan.findings) == (preset is Preset.AUTO)
        assert not step_of(outcome, StageName.FACES).done
