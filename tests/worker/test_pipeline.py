"""A photo goes through all stages and keeps what it should keep."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.diagnosis.pictures import drawing, screenshot
from core.errors import Cancelled, ModelUnavailable, PhotoRefused
from core.jobs import StageName, Step
from core.recipe import Preset, Recipe, Which
from tests.doubles.counts import count
from tests.worker.networks import Lab, Pixels, compact, photo, picture, real_picture, row, save
from tests.worker.test_faces import face
from weights.catalog import Catalog, Purpose
from weights.roster import Blend
from weights.store import WeightsStore
from worker.diagnosis import noise_sigma
from worker.imaging.photo import Photo, to_sixteen_bits
from worker.models import Models
from worker.pipeline import Outcome, enhance
from worker.stages.denoise import denoise
from worker.stages.sharpen import sharpen
from worker.stages.tone import pull_back
from worker.stages.upscale import upscale


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "weights")


def run(lab: Lab, source: Photo, **wishes: object) -> Outcome:
    recipe = Recipe.model_validate({"light": 0, "sharpen": 0, "grain": 0} | wishes)
    return enhance(source, recipe, lab.models, lab.engine)


def step_of(outcome: Outcome, stage: StageName) -> Step:
    (step,) = [step for step in outcome.steps if step.stage is stage]
    return step


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


@pytest.fixture
def portrait_lab(lab: Lab, shared: Path, tmp_path: Path) -> Lab:
    """A lab whose weights folder got a real face finder."""
    name = "face_detection_yunet_2026may.onnx"
    (tmp_path / "weights" / name).write_bytes((shared / "weights" / name).read_bytes())
    return lab


@pytest.mark.shared
def test_face_is_found_restored_and_set_in(portrait_lab: Lab, shared: Path) -> None:
    pixels = np.full((300, 360, 3), 25_000, np.uint16)
    pixels[60:220, 80:240] = face(shared, 0, 160)
    source = photo(pixels=pixels)
    with_faces = run(portrait_lab, source, faces=100, denoise=0, scale=2)
    without = run(portrait_lab, source, faces=0, denoise=0, scale=2)
    step = step_of(with_faces, StageName.FACES)
    assert step.done
    assert (step.strength, step.model, step.reason) == (
        100,
        "tiny-faces",
        "1 face restored at 100 %",
    )
    box = with_faces.face_box
    assert box is not None
    assert without.face_box == box
    assert 80 < box.left < box.left + box.width < 240
    changed = (with_faces.photo.pixels != without.photo.pixels).any(axis=2)
    assert changed[2 * box.top : 2 * (box.top + box.height), 2 * box.left :].any()
    assert not changed[:80].any()
    assert not changed[:, :140].any()


@pytest.mark.shared
def test_photo_without_faces_says_so(portrait_lab: Lab, shared: Path) -> None:
    outcome = run(portrait_lab, photo(pixels=real_picture(shared, 0, 60, 80)), scale=1)
    assert not step_of(outcome, StageName.FACES).done
    assert step_of(outcome, StageName.FACES).reason == "no face was found"
    assert outcome.face_box is None


@pytest.mark.shared
def test_faces_alone_leave_the_source_untouched(portrait_lab: Lab, shared: Path) -> None:
    source = photo(pixels=face(shared, 0, 160))
    before = source.pixels.copy()
    outcome = run(portrait_lab, source, faces=80, denoise=0, scale=1)
    assert step_of(outcome, StageName.FACES).done
    assert (outcome.photo.pixels != before).any()
    assert (source.pixels == before).all()


@pytest.mark.shared
def test_only_the_faces_that_were_asked_for(portrait_lab: Lab, shared: Path) -> None:
    pixels = np.full((300, 420, 3), 25_000, np.uint16)
    pixels[60:220, 100:260] = face(shared, 0, 160)
    pixels[20:84, 330:394] = face(shared, 3, 64)
    source = photo(pixels=pixels)
    every, main = (
        run(portrait_lab, source, faces=60, which_faces=which, denoise=0, scale=1)
        for which in (Which.ALL, Which.MAIN)
    )
    assert step_of(every, StageName.FACES).reason == "2 faces restored at 60 %"
    assert (
        step_of(main, StageName.FACES).reason
        == "1 face restored at 60 %; 1 in the background left alone"
    )
    background = np.s_[:, 320:]
    assert (main.photo.pixels[background] == pixels[background]).all()
    assert (every.photo.pixels[background] != pixels[background]).any()
    nobody = run(portrait_lab, source, faces=60, which_faces=Which.NONE, denoise=0, scale=1)
    assert (step_of(nobody, StageName.FACES).done, step_of(nobody, StageName.FACES).reason) == (
        False,
        "turned off",
    )
    assert nobody.photo.pixels is pixels


@pytest.mark.shared
def test_faces_in_grey_and_transparent_photos(portrait_lab: Lab, shared: Path) -> None:
    one = face(shared, 0, 160)
    grey = np.repeat(one[..., 1:2], 3, axis=2)
    kept = run(portrait_lab, photo(pixels=grey, grey=True), faces=100, denoise=0, scale=1)
    assert step_of(kept, StageName.FACES).done
    assert (kept.photo.pixels == kept.photo.pixels[..., :1]).all()
    assert (kept.photo.pixels != grey).any()
    alpha = np.zeros((160, 160), np.uint16)
    alpha[10:150, 20:140] = 65535
    hidden = one.copy()
    hidden[alpha == 0] = 0
    cut_out = run(portrait_lab, photo(pixels=hidden, alpha=alpha), faces=100, denoise=0, scale=2)
    assert step_of(cut_out, StageName.FACES).done
    assert cut_out.photo.alpha is not None
    assert cut_out.photo.alpha[40:280, 60:260].min() == 65535


@pytest.mark.shared
def test_faces_left_alone_say_why(portrait_lab: Lab, shared: Path) -> None:
    pixels = np.full((420, 420, 3), 25_000, np.uint16)
    pixels[20:404, 20:404] = face(shared, 1, 384)
    outcome = run(portrait_lab, photo(pixels=pixels), faces=100, denoise=0, scale=1)
    assert (step_of(outcome, StageName.FACES).done, step_of(outcome, StageName.FACES).reason) == (
        False,
        "already sharp",
    )
    assert outcome.photo.pixels is pixels


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
