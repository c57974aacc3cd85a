"""A photo goes through all stages and keeps what it should keep."""

import time
from pathlib import Path

import numpy as np
import pytest

from core.errors import Cancelled, ModelUnavailable
from core.jobs import StageName
from core.recipe import Preset, Recipe
from tests.doubles.counts import count
from tests.worker.networks import Lab, Pixels, compact, photo, picture, row, save
from tests.worker.running import run, step_of
from weights.catalog import Catalog, Purpose
from weights.roster import Blend
from weights.store import WeightsStore
from worker.models import Models
from worker.pipeline import enhance
from worker.stages.denoise import denoise
from worker.stages.tone import pull_back
from worker.stages.upscale import upscale


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "weights")


def test_stages_run_in_order_and_say_why(lab: Lab) -> None:
    told: list[tuple[str, float]] = []
    source = photo()
    outcome = enhance(
        source,
        Recipe(denoise=60, scale=4, sharpen=30),
        lab.models,
        lab.engine,
        progress=lambda stage, fraction: told.append((stage, fraction)),
    )
    assert [step.stage for step in outcome.steps] == list(StageName)
    steps = {step.stage: step for step in outcome.steps}
    assert steps[StageName.DENOISE].done
    assert steps[StageName.DENOISE].strength == 60
    assert steps[StageName.DENOISE].model == "tiny-denoise"
    assert not steps[StageName.FACES].done
    assert steps[StageName.FACES].reason == "no face finder is installed"
    assert steps[StageName.UPSCALE].model == "tiny-x4"
    assert steps[StageName.UPSCALE].strength is None
    assert steps[StageName.SHARPEN].strength == 30
    assert outcome.photo.pixels.shape == (160, 224, 3)
    assert outcome.photo.pixels.dtype == np.uint16
    stages = [stage for stage, _ in told]
    assert list(dict.fromkeys(stages)) == ["denoise", "upscale"]
    assert told[0] == ("denoise", 0.0)
    assert told[-1][1] == pytest.approx(1.0)


def test_the_time_of_each_stage_that_ran_is_measured_by_its_model(lab: Lab) -> None:
    stages = {
        "diagnose": "",
        "denoise": "tiny-denoise",
        "faces": "",
        "upscale": "tiny-x4",
        "sharpen": "",
    }

    def measured(part: str) -> dict[str, float]:
        return {
            stage: count(f"darkroom_stage_seconds_{part}", stage=stage, model=model)
            for stage, model in stages.items()
        }

    counts, sums, begun = measured("count"), measured("sum"), time.perf_counter()
    run(lab, photo(), denoise=60, scale=4, sharpen=30)
    took = time.perf_counter() - begun
    grown = {stage: after - counts[stage] for stage, after in measured("count").items()}
    assert grown == {"diagnose": 1, "denoise": 1, "faces": 0, "upscale": 1, "sharpen": 1}
    spent = {stage: after - sums[stage] for stage, after in measured("sum").items()}
    assert all(spent[stage] > 0 for stage in grown if grown[stage])
    assert sum(spent.values()) < took


def test_denoising_comes_before_upscaling(lab: Lab) -> None:
    source = photo()
    outcome = run(lab, source, denoise=100, scale=2)
    clean = denoise(source.pixels, lab.models.named("tiny-denoise"), lab.engine, 100)
    clean = pull_back(clean, source.pixels)
    expected = upscale(clean, [lab.models.named("tiny-x2")], lab.engine, 112, 80)
    assert (outcome.photo.pixels == expected).all()


@pytest.mark.parametrize("scale", [1, 2, 3, 4, 8])
def test_every_scale_has_its_exact_size(lab: Lab, scale: int) -> None:
    outcome = run(lab, photo(17, 23), scale=scale, denoise=0)
    assert outcome.photo.pixels.shape == (17 * scale, 23 * scale, 3)


def test_long_edge_is_exact(lab: Lab) -> None:
    assert run(lab, photo(30, 40), long_edge=100).photo.pixels.shape == (75, 100, 3)


def test_photo_that_needs_nothing_is_bit_identical(lab: Lab) -> None:
    pixels = np.full((64, 2100, 3), 30_001, np.uint16)
    alpha = np.arange(64 * 2100, dtype=np.uint16).reshape(64, 2100)
    source = photo(pixels=pixels, alpha=alpha)
    outcome = run(lab, source)
    assert outcome.photo.pixels is pixels
    assert outcome.photo.alpha is alpha
    assert not any(step.done for step in outcome.steps)
    assert all(step.reason for step in outcome.steps)


def test_source_is_never_written_to(lab: Lab) -> None:
    source = photo(alpha=np.linspace(0, 65535, 40 * 56).astype(np.uint16).reshape(40, 56))
    assert source.alpha is not None
    before = source.pixels.copy(), source.alpha.copy()
    run(lab, source, denoise=50, scale=2, sharpen=50)
    run(lab, source, scale=1, denoise=50)
    assert (source.pixels == before[0]).all()
    assert (source.alpha == before[1]).all()


def test_grey_stays_grey_and_the_rest_is_kept(lab: Lab) -> None:
    grey = np.repeat(picture(40, 56)[..., :1], 3, axis=2)
    source = photo(pixels=grey, grey=True, depth=16, kind="tiff", exif=b"Exif")
    kept = run(lab, source, denoise=80, scale=4, sharpen=20).photo
    assert (kept.pixels[..., 0] == kept.pixels[..., 1]).all()
    assert (kept.pixels[..., 0] == kept.pixels[..., 2]).all()
    assert (kept.grey, kept.depth, kept.kind, kept.exif) == (True, 16, "tiff", b"Exif")


def test_sixteen_bits_are_more_than_eight(lab: Lab) -> None:
    pixels = run(lab, photo(depth=16), scale=2).photo.pixels
    assert len(np.unique(pixels)) > 256


def test_alpha_grows_with_the_photo(lab: Lab) -> None:
    alpha = np.zeros((40, 56), np.uint16)
    alpha[10:30, 14:42] = 65535
    hidden = picture(40, 56)
    other = hidden.copy()
    other[:8] = 65535
    one, two = (run(lab, photo(pixels=p, alpha=alpha), scale=4).photo for p in (hidden, other))
    assert one.alpha is not None
    assert one.alpha.shape == (160, 224)
    assert one.alpha[60:100, 80:140].min() == 65535
    assert one.alpha[:20].max() == 0
    visible = one.alpha > 0
    assert (one.pixels[visible] == two.pixels[visible]).all(), "hidden colours have no say"


def test_missing_upscaler_still_gives_the_size(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "weights", without=("tiny-x4", "tiny-x2"))
    alpha = np.zeros((40, 56), np.uint16)
    alpha[10:30] = 65535
    outcome = run(lab, photo(alpha=alpha), scale=2)
    assert outcome.photo.pixels.shape == (80, 112, 3)
    assert outcome.photo.alpha is not None
    assert outcome.photo.alpha.shape == (80, 112)
    assert "no upscaling model is installed" in outcome.notes[0]


def test_output_limit_is_kept_and_said(lab: Lab) -> None:
    outcome = enhance(
        photo(), Recipe(scale=8), lab.models, lab.engine, max_output_pixels=40 * 56 * 9
    )
    assert outcome.photo.pixels.shape == (120, 168, 3)
    assert "enlarged 3× instead of 8×" in outcome.notes[0]


def test_preset_art_takes_no_faces(lab: Lab) -> None:
    outcome = run(lab, photo(), preset=Preset.ART, scale=1)
    (faces,) = (step for step in outcome.steps if step.stage is StageName.FACES)
    assert faces.reason == "left as they are in art"


@pytest.mark.parametrize("after", [0, 1, 3])
def test_cancelling(lab: Lab, after: int) -> None:
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > after

    with pytest.raises(Cancelled):
        enhance(
            photo(200, 200),
            Recipe(denoise=50, scale=2),
            lab.models,
            lab.engine,
            cancelled=cancelled,
        )
    assert len(asked) == after + 1


class TwinLab(Lab):
    """A lab whose ×4 upscaler has a twin: a faithful one, or one that leaves the noise."""

    def __init__(self, folder: Path, kind: str) -> None:
        super().__init__(folder)
        save(compact(4, features=8, layers=2, seed=7), folder / "twin-x4.safetensors")
        rows = [
            known.model_copy(update={kind: "twin-x4"}) if known.id == "tiny-x4" else known
            for known in self.store.published
        ]
        rows.append(row("twin-x4.safetensors", Purpose.UPSCALE, 4, rank=-1))
        self.store = WeightsStore(folder, catalog=Catalog(rows), shipped=folder)
        self.models = Models(self.store)

    def enlarged(self, share: int, pixels: Pixels) -> Pixels:
        """The pixels enlarged four times by `share` percent of the ×4 upscaler."""
        model = self.models.blended(Blend.between("tiny-x4", "twin-x4", share))
        height, width = pixels.shape[:2]
        return upscale(pixels, [model], self.engine, width * 4, height * 4)


def test_creativity_mixes_the_twins(tmp_path: Path) -> None:
    lab = TwinLab(tmp_path / "weights", "faithful_twin")
    source = photo()
    results = {}
    for creativity, share in ((0, 0), (70, 70), (100, 100), (None, 30)):
        outcome = run(lab, source, scale=4, denoise=0, creativity=creativity)
        assert (outcome.photo.pixels == lab.enlarged(share, source.pixels)).all()
        results[share] = step_of(outcome, StageName.UPSCALE).model
    assert results == {
        0: "twin-x4",
        30: "tiny-x4 30 %",
        70: "tiny-x4 70 %",
        100: "tiny-x4",
    }


def test_creativity_serves_both_passes_and_the_alpha(tmp_path: Path) -> None:
    lab = TwinLab(tmp_path / "weights", "faithful_twin")
    alpha = np.zeros((20, 28), np.uint16)
    alpha[5:15, 7:21] = 65535
    outcome = run(lab, photo(20, 28, alpha=alpha), scale=8, creativity=70)
    assert step_of(outcome, StageName.UPSCALE).model == "tiny-x4 70 % + tiny-x2"
    assert outcome.photo.pixels.shape == (160, 224, 3)
    assert outcome.notes == ("creativity had no say in tiny-x2: only one variant is installed",)


def test_upscaler_with_a_grainy_twin_takes_the_noise_out_alone(tmp_path: Path) -> None:
    lab = TwinLab(tmp_path / "weights", "grainy_twin")
    source = photo()
    outcome = run(lab, source, scale=4, denoise=60)
    assert (outcome.photo.pixels == lab.enlarged(60, source.pixels)).all()
    noise = step_of(outcome, StageName.DENOISE)
    assert (noise.done, noise.strength, noise.model) == (True, 60, "tiny-x4")
    assert noise.reason == "you asked for it, while enlarging"


def test_model_asked_for_by_name_does_the_work(lab: Lab) -> None:
    source = photo()
    outcome = run(lab, source, scale=2, denoise=0, model="tiny x4")
    model = lab.models.named("tiny-x4")
    expected = upscale(source.pixels, [model], lab.engine, 112, 80)
    assert (outcome.photo.pixels == expected).all()
    assert step_of(outcome, StageName.UPSCALE).reason == "you asked for it, with tiny-x4"
    assert outcome.notes == ("the model tiny-x4 enlarges 4×, so its result was reduced to 2×",)


def test_model_that_is_not_there_is_said(lab: Lab) -> None:
    with pytest.raises(ModelUnavailable, match=r"no model called “tinny”.*Installed are: tiny-x4"):
        run(lab, photo(), model="tinny")
