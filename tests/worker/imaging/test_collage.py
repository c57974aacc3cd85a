from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.language import _, available, decimal, speaking
from tests.worker.imaging.pictures import noise, opened, photo
from worker.imaging.collage import collage
from worker.imaging.layout import LONGEST, Layout, layout
from worker.imaging.photo import Box, Photo, to_eight_bits, to_sixteen_bits
from worker.imaging.region import telling_region


def enlarged(before: Photo, scale: int) -> Photo:
    """A result that is told from a bicubic one at once: blocks, and inverted."""
    blocks = before.pixels.repeat(scale, axis=0).repeat(scale, axis=1)
    alpha = before.alpha
    if alpha is not None:
        alpha = alpha.repeat(scale, axis=0).repeat(scale, axis=1)
    return replace(before, pixels=65535 - blocks, alpha=alpha)


def panel(sheet: Image.Image, plan: Layout, side: str, zoomed: bool) -> np.ndarray:
    place = next(p.place for p in plan.panels if (p.side, p.zoomed) == (side, zoomed))
    box = (place.left, place.top, place.left + place.width, place.top + place.height)
    return np.asarray(sheet.crop(box)).astype(int)


SHAPES = [
    (120, 80), (80, 120), (100, 100), (160, 90), (60, 180), (300, 24), (24, 300), (9, 8),
    (8, 20_000), (20_000, 8),
]  # fmt: skip


@pytest.mark.parametrize(("width", "height"), SHAPES)
@pytest.mark.parametrize("scale", [1, 4])
def test_every_shape_fits_a_phone(width: int, height: int, scale: int) -> None:
    before = photo(width, height)
    data = collage(before, enlarged(before, scale))
    sheet = opened(data)
    assert sheet.format == "JPEG"
    assert max(sheet.size) <= LONGEST
    assert max(sheet.size) < 3 * min(sheet.size)
    assert len(data) < 9_000_000
    assert sheet.info["icc_profile"]


@pytest.mark.parametrize(("width", "height"), SHAPES[:5])
def test_panels_show_both_photos_at_the_same_scale(width: int, height: int) -> None:
    before = photo(width, height)
    plan = layout(width / height)
    sheet = opened(collage(before, enlarged(before, 2)))
    for zoomed in (False, True):
        shown = panel(sheet, plan, "before", zoomed), panel(sheet, plan, "after", zoomed)
        # Away from corners, label and frame, the one is the other inverted.
        total = (shown[0] + shown[1])[8 : shown[0].shape[0] // 2, 8:-8]
        assert np.median(np.abs(total - 255)) <= 4
    whole = panel(sheet, plan, "before", False)
    size = (whole.shape[1], whole.shape[0])
    expected = Image.fromarray(to_eight_bits(before.pixels)).resize(size, Image.Resampling.BICUBIC)
    assert np.median(np.abs(whole - np.asarray(expected))) <= 3


def test_the_given_region_is_what_is_enlarged() -> None:
    pixels = np.full((120, 90, 3), 30, np.uint8)
    pixels[20:32, 60:72] = (250, 20, 20)
    before = Photo(to_sixteen_bits(pixels))
    after = Photo(before.pixels.repeat(2, axis=0).repeat(2, axis=1))
    plan = layout(90 / 120)
    sheet = opened(collage(before, after, region=Box(60, 20, 12, 12)))
    for side in ("before", "after"):
        shown = panel(sheet, plan, side, True)
        middle = shown[shown.shape[0] // 2, shown.shape[1] // 2]
        assert middle[0] > 200
        assert middle[1] < 60


@pytest.mark.parametrize("region", [Box(0, 0, 90, 120), Box(85, 115, 5, 5), Box(0, 0, 1, 1)])
def test_regions_at_the_border(region: Box) -> None:
    before = photo(90, 120)
    assert opened(collage(before, enlarged(before, 2), region=region)).size[0] > 500


def test_transparent_parts_show_a_checker() -> None:
    before = photo(100, 100, alpha=np.zeros((100, 100), np.uint16))
    sheet = opened(collage(before, enlarged(before, 2)))
    shown = panel(sheet, layout(1.0), "after", True)[10:-200, 10:-10]
    assert shown.min() > 190
    assert shown.max() < 245
    assert np.ptp(shown, axis=2).max() < 8
    assert shown.std() > 8


def test_labels_are_written_on_every_panel() -> None:
    before = replace(photo(100, 100), pixels=np.full((100, 100, 3), 20000, np.uint16))
    after = Photo(np.full((400, 400, 3), 20000, np.uint16))
    plan = layout(1.0)
    sheet = opened(collage(before, after))
    for item in plan.panels:
        shown = panel(sheet, plan, item.side, item.zoomed)
        corner = shown[-90:, : shown.shape[1] // 3]
        assert (corner.min(axis=2) > 230).sum() > 300
        assert (corner.max(axis=2) < 50).sum() > 1000


@pytest.mark.parametrize("code", available())
def test_labels_are_legible_in_every_language(code: str) -> None:
    def drawn(letter: str) -> bytes:
        canvas = np.zeros((60, 60), np.uint8)
        cv2.putText(canvas, letter, (10, 40), 255, cv2.FontFace("sans"), 32)
        return canvas.tobytes()

    with speaking(code):
        letters = set(_("before") + _("after {scale}×").format(scale=decimal("2.5"))) - {" "}
    assert all(drawn(letter) != drawn("?") for letter in letters)


def test_labels_are_in_the_language_of_the_task() -> None:
    before = photo(120, 80)
    told = {}
    for code in ("en", "ru"):
        with speaking(code):
            told[code] = np.asarray(opened(collage(before, enlarged(before, 2)))).astype(int)
    assert told["en"].shape == told["ru"].shape
    assert np.abs(told["en"] - told["ru"]).max() > 100


def test_the_same_photos_give_the_same_collage() -> None:
    before = photo()
    assert collage(before, enlarged(before, 2)) == collage(before, enlarged(before, 2))


def test_the_worst_photo_stays_small() -> None:
    before = Photo(to_sixteen_bits(noise(700, 700)))
    after = Photo(to_sixteen_bits(noise(1400, 1400)))
    assert len(collage(before, after)) < 9_000_000


def detailed(left: int, top: int, size: int = 60) -> Photo:
    """A plain photo with grain all over and a patch of letters."""
    picture = np.full((300, 400, 3), 120, np.uint8)
    patch = picture[top : top + size, left : left + size].copy()
    for row in range(18, size, 20):
        cv2.putText(patch, "Rk8&", (2, row), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (250, 250, 250), 1)
    picture[top : top + size, left : left + size] = patch
    grain = np.random.default_rng(7).normal(0, 9, picture.shape)
    return Photo(to_sixteen_bits(np.clip(picture + grain, 0, 255).astype(np.uint8)))


@pytest.mark.parametrize(("left", "top"), [(20, 30), (300, 40), (170, 120), (40, 220), (330, 235)])
def test_the_telling_region_is_the_detailed_one(left: int, top: int) -> None:
    found = telling_region(detailed(left, top), (80, 80))
    assert found.left <= left + 12
    assert found.top <= top + 12
    assert found.left + found.width >= left + 44
    assert found.top + found.height >= top + 44


def test_grain_and_a_plain_edge_do_not_distract() -> None:
    source = detailed(40, 200)
    pixels = source.pixels.copy()
    pixels[:, 250:] //= 4  # one strong straight edge
    noisy = np.random.default_rng(8).normal(0, 4000, (300, 100, 3))
    pixels[:, 300:] = np.clip(pixels[:, 300:] + noisy, 0, 65535).astype(np.uint16)
    found = telling_region(replace(source, pixels=pixels), (80, 80))
    assert found.left < 100
    assert found.top > 140


def test_the_region_lies_where_something_can_be_seen() -> None:
    source = detailed(40, 40)
    alpha = np.zeros((300, 400), np.uint16)
    alpha[150:, 200:] = 65535
    found = telling_region(replace(source, alpha=alpha), (80, 80))
    assert found.top + found.height > 150
    assert found.left + found.width > 200


@settings(max_examples=60)
@given(st.integers(8, 900), st.integers(8, 900), st.integers(1, 1200), st.integers(1, 1200))
def test_regions_lie_within_the_photo(width: int, height: int, across: int, down: int) -> None:
    source = Photo(np.full((height, width, 3), 9, np.uint16))
    for found in (telling_region(source), telling_region(source, (across, down))):
        assert found.left >= 0
        assert found.top >= 0
        assert found.width >= 1
        assert found.left + found.width <= width
        assert found.top + found.height <= height


@given(st.floats(1 / 2500, 2500))
def test_layouts(shape: float) -> None:
    plan = layout(shape)
    assert max(plan.width, plan.height) <= LONGEST
    assert max(plan.width, plan.height) < 3 * min(plan.width, plan.height)
    assert plan.width + plan.height <= 10_000
    for item in plan.panels:
        assert item.place.left >= 0
        assert item.place.top >= 0
        assert item.place.left + item.place.width <= plan.width + 1
        assert item.place.top + item.place.height <= plan.height + 1
    whole = [item.place for item in plan.panels if not item.zoomed]
    side_by_side = whole[0].top == whole[1].top
    assert side_by_side == (shape <= 1.4)
