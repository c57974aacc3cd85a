"""Faces on their way through the pipeline."""

from pathlib import Path

import numpy as np
import pytest

from core.jobs import StageName
from core.recipe import Which
from tests.worker.networks import Lab, photo, real_picture
from tests.worker.running import run, step_of
from tests.worker.test_faces import face


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "weights")


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
