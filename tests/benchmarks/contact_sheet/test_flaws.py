"""Every planted flaw is found by its detector and by no other, and clean work is not accused."""

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from benchmarks.contact_sheet.flaws import figures, flaws
from benchmarks.contact_sheet.pair import Pair
from benchmarks.contact_sheet.tones import clipped
from benchmarks.quality.damage import jpeg
from tests.benchmarks.contact_sheet.pairs import FACE, enlarged, pair, soft_disc, source
from worker.imaging.photo import Photo, to_eight_bits, to_sixteen_bits

Levels = NDArray[np.float64]


def found(seen: Pair) -> list[str]:
    return [flaw.name for flaw in flaws(seen)]


def grey() -> Photo:
    luma = source().pixels.mean(axis=2, keepdims=True)
    return Photo(np.repeat(luma, 3, axis=2).astype(np.uint16), grey=True)


def cut_out() -> Photo:
    """The astronaut within a disc, on hidden black."""
    alpha = soft_disc(256, 100)
    return Photo(source().pixels * (alpha > 0)[..., None].astype(np.uint16), alpha=alpha)


@pytest.mark.parametrize("photo", [source(), grey(), cut_out()], ids=["photo", "grey", "cut out"])
def test_clean_enlarging_and_an_untouched_photo_have_no_flaw(photo: Photo) -> None:
    assert found(pair(photo)) == []
    assert found(Pair(photo, photo, faces=(FACE,))) == []


def test_every_detector_measures_what_applies_to_a_photo() -> None:
    names = {figure.name for figure in figures(pair(source()))}
    assert names == {"colour", "stained", "seam", "box", "halo"}
    names |= {figure.name for figure in figures(pair(cut_out()))}
    assert names >= {"ragged alpha", "stray alpha", "fringe"}
    assert "tint" in {figure.name for figure in figures(pair(grey()))}


@pytest.mark.parametrize("level", [2, -2])
@pytest.mark.parametrize("down", [True, False])
def test_a_seam_of_two_levels_is_found_where_it_is(level: int, down: bool) -> None:
    def plant(levels: Levels) -> None:
        part = levels[:, 300:] if down else levels[200:]
        part += level

    (flaw,) = (flaw for flaw in flaws(pair(source(), plant)) if flaw.name == "seam")
    assert flaw.value == pytest.approx(abs(level), abs=1)
    assert flaw.place is not None
    at = (flaw.place.left, 300) if down else (flaw.place.top, 200)
    assert at[0] == pytest.approx(at[1], abs=3)


def test_the_edge_of_one_tile_is_a_seam() -> None:
    def plant(levels: Levels) -> None:
        levels[:256, 256:] += 4

    assert "seam" in found(pair(source(), plant))


def test_blocks_that_were_taken_out_are_no_seams() -> None:
    clean = source()
    blocky = np.asarray(jpeg(Image.fromarray(to_eight_bits(clean.pixels)), 15))
    seen = Pair(Photo(to_sixteen_bits(blocky)), Photo(enlarged(clean.pixels)), faces=(FACE,))
    assert not {"seam", "box"} & set(found(seen))


@pytest.mark.parametrize("tilt", [0, 20])
def test_a_box_of_three_levels_around_a_face_is_found(tilt: int) -> None:
    box = FACE.box
    middle = (2 * box.left + box.width, 2 * box.top + box.height)
    corners = cv2.boxPoints((middle, (2.6 * box.width, 2.6 * box.height), tilt))
    turn = np.array(
        [
            [np.cos(np.radians(tilt)), -np.sin(np.radians(tilt))],
            [np.sin(np.radians(tilt)), np.cos(np.radians(tilt))],
        ]
    )
    centre = np.array(middle) / 2
    leaning = replace(FACE, points=((FACE.points - centre) @ turn.T + centre).astype(np.float32))

    def plant(levels: Levels) -> None:
        inside = np.zeros(levels.shape[:2], np.uint8)
        cv2.fillConvexPoly(inside, np.rint(corners).astype(np.int32), 1)
        levels[inside > 0] += 3

    seen = replace(pair(source(), plant), faces=(leaning,))
    assert "box" in found(seen)


def test_lines_on_the_face_itself_are_no_box() -> None:
    left, top, width, height = (2 * side for side in FACE.box)

    def plant(levels: Levels) -> None:
        levels[top + height // 2 :, left + 30 : left + width - 30][: height // 4] += 3

    assert "box" not in found(pair(source(), plant))


def sharpened(levels: Levels) -> None:
    """An unsharp mask that is held by nothing."""
    levels += 1.5 * (levels - cv2.GaussianBlur(levels, (0, 0), 4))


def test_a_halo_is_found() -> None:
    (flaw,) = (flaw for flaw in flaws(pair(source(), sharpened)) if flaw.name == "halo")
    assert flaw.place is not None


def test_halos_are_told_from_other_tones_where_light_was_corrected() -> None:
    def brighter(levels: Levels) -> None:
        levels[:] = np.where((levels > 1) & (levels < 254), 255 * (levels / 255) ** 0.6, levels)

    def both(levels: Levels) -> None:
        brighter(levels)
        sharpened(levels)

    assert found(pair(source(), brighter, lit=True)) == []
    assert "halo" in found(pair(source(), both, lit=True))


def test_a_cast_of_one_level_is_found_unless_light_was_corrected() -> None:
    def plant(levels: Levels) -> None:
        levels += (1, 1, -1)

    assert found(pair(source(), plant)) == ["colour"]
    assert found(pair(source(), plant, lit=True)) == []


@pytest.mark.parametrize(("extreme", "stain"), [(0, 4), (255, 251)])
def test_a_stain_on_clipped_ground_is_found(extreme: int, stain: int) -> None:
    burnt = source()
    burnt.pixels[-60:, :] = extreme * 257

    def plant(levels: Levels) -> None:
        levels[-60:-40, 40:80] = stain

    assert found(pair(burnt)) == []
    assert found(pair(burnt, plant)) == ["stained"]
    lively = Photo(np.full((64, 64, 3), 32768, np.uint16))
    assert clipped(Pair(lively, lively)) is None


def test_colour_in_a_grey_photo_is_found() -> None:
    def plant(levels: Levels) -> None:
        levels[100:140, 100:140] += (1, 0, -1)

    assert found(pair(grey(), plant)) == ["tint"]


def test_jagged_alpha_is_found() -> None:
    photo = cut_out()
    assert photo.alpha is not None
    smooth = enlarged(photo.alpha)
    jagged = np.where(np.arange(512)[:, None] % 4 < 2, np.roll(smooth, 2, axis=1), smooth)
    assert "ragged alpha" in found(pair(photo, alpha=jagged))


def test_alpha_that_appears_from_nowhere_or_is_lost_is_found() -> None:
    photo = cut_out()
    assert photo.alpha is not None
    speck = enlarged(photo.alpha)
    speck[10:20, 10:20] = 3000
    assert found(pair(photo, alpha=speck)) == ["stray alpha"]
    lost = replace(pair(photo), result=replace(pair(photo).result, alpha=None))
    assert "stray alpha" in found(lost)


def test_hidden_black_at_the_edge_is_a_fringe() -> None:
    photo = cut_out()
    assert photo.alpha is not None
    cover = (enlarged(photo.alpha) / 65535)[..., None]

    def plant(levels: Levels) -> None:
        levels[:] *= np.clip(cover * 1.2, 0, 1)

    assert "fringe" in found(pair(photo, plant))


@pytest.mark.parametrize("ground", [0, 255])
def test_a_ground_that_is_kept_at_the_edge_is_a_fringe(ground: int) -> None:
    alpha = soft_disc(256, 100)
    share = (alpha / 65535)[..., None]
    left = source().pixels * share + 257 * ground * (1 - share)
    photo = Photo(np.rint(left).astype(np.uint16), alpha=alpha)
    assert found(pair(photo)) == []
    kept = Photo(enlarged(photo.pixels), alpha=enlarged(alpha, way=cv2.INTER_LINEAR))
    assert "fringe" in found(Pair(photo, kept, faces=(FACE,)))


def test_a_tiny_photo_is_measured() -> None:
    tiny = Photo(np.arange(5 * 7 * 3, dtype=np.uint16).reshape(5, 7, 3) * 600)
    measured: list[Any] = [figure.value for figure in figures(pair(tiny))]
    assert np.isfinite(measured).all()
