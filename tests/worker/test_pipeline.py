"""A photo goes through all stages and keeps what it should keep."""

from pathlib import Path

import numpy as np
import pytest

from core.errors import Cancelled
from core.jobs import StageName
from core.recipe import Preset, Recipe
from tests.worker.networks import Lab, photo, picture, real_picture
from tests.worker.test_faces import face
from worker.imaging.photo import Photo
from worker.pipeline import Outcome, enhance
from worker.stages.denoise import denoise
from worker.stages.upscale import upscale


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "weights")


def run(lab: Lab, source: Photo, **wishes: object) -> Outcome:
    return enhance(source, Recipe.model_validate(wishes), lab.models, lab.engine)


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


def test_denoising_comes_before_upscaling(lab: Lab) -> None:
    source = photo()
    outcome = run(lab, source, denoise=100, scale=2)
    clean = denoise(source.pixels, lab.models.named("tiny-denoise"), lab.engine, 100)
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


@pytest.fixture
def portrait_lab(lab: Lab, shared: Path, tmp_path: Path) -> Lab:
    """A lab whose weights folder got a real face finder."""
    name = "face_detection_yunet_2026may.onnx"
    (tmp_path / "weights" / name).write_bytes((shared / "weights" / name).read_bytes())
    return lab


@pytest.mark.shared
def test_face_is_found_restored_and_set_in(portrait_lab: Lab, shared: Path) -> None:
    pixels = np.full((300, 360, 3), 25_000, np.uint16)
    pixels[60:252, 80:272] = face(shared, 0, 192)
    source = photo(pixels=pixels)
    with_faces = run(portrait_lab, source, faces=100, denoise=0, scale=2)
    without = run(portrait_lab, source, faces=0, denoise=0, scale=2)
    step = with_faces.steps[1]
    assert step.done
    assert (step.strength, step.model, step.reason) == (100, "tiny-faces", "1 face")
    box = with_faces.face_box
    assert box is not None
    assert without.face_box == box
    assert 80 < box.left < box.left + box.width < 272
    changed = (with_faces.photo.pixels != without.photo.pixels).any(axis=2)
    assert changed[2 * box.top : 2 * (box.top + box.height), 2 * box.left :].any()
    assert not changed[:80].any()
    assert not changed[:, :140].any()


@pytest.mark.shared
def test_photo_without_faces_says_so(portrait_lab: Lab, shared: Path) -> None:
    outcome = run(portrait_lab, photo(pixels=real_picture(shared, 0, 60, 80)), scale=1)
    assert not outcome.steps[1].done
    assert outcome.steps[1].reason == "no face was found"
    assert outcome.face_box is None


@pytest.mark.shared
def test_faces_alone_leave_the_source_untouched(portrait_lab: Lab, shared: Path) -> None:
    source = photo(pixels=face(shared, 0, 192))
    before = source.pixels.copy()
    outcome = run(portrait_lab, source, faces=80, denoise=0, scale=1)
    assert outcome.steps[1].done
    assert (outcome.photo.pixels != before).any()
    assert (source.pixels == before).all()
