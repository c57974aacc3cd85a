"""Light: what it does to pixels, and what it leaves alone."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from worker.diagnosis import Fault, LightNeed, diagnose, need
from worker.imaging.photo import Box, Photo, Pixels, to_sixteen_bits
from worker.stages.light import light

_DARK = LightNeed(exponent=0.6, faults=(Fault.DARK,))
_BRIGHT = LightNeed(exponent=1.6, faults=(Fault.BRIGHT,))
_FLAT = LightNeed(1, 20, 6, 80, 94, faults=(Fault.FLAT,))
_EVERYTHING = LightNeed(0.7, 10, 5, 80, 95, 8.0, -5.0, (Fault.FLAT, Fault.DARK, Fault.CAST))

Damage = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def photo(name: str = "coffee") -> Pixels:
    picture: NDArray[np.uint8] = getattr(skimage.data, name)()
    if picture.ndim == 2:
        picture = np.repeat(picture[..., None], 3, axis=2)
    return to_sixteen_bits(picture)


def damaged(pixels: Pixels, damage: Damage) -> Pixels:
    """The photo damaged at levels from 0 to 1, and at 8 bits as it would come."""
    return to_sixteen_bits(np.rint(damage(pixels / 65535).clip(0, 1) * 255).astype(np.uint8))


def needed(pixels: Pixels) -> LightNeed:
    return need(diagnose(Photo(pixels)))


def psnr(one: Pixels, other: Pixels) -> float:
    return float(10 * np.log10(65535**2 / np.mean((one.astype(float) - other) ** 2)))


def test_a_photo_that_needs_nothing_is_the_very_same() -> None:
    pixels = photo()
    assert light(pixels, LightNeed(), 100) is pixels
    assert light(pixels, _DARK, 0) is pixels


@pytest.mark.parametrize(
    ("damage", "name", "fault"),
    [
        (lambda levels: 0.25 + 0.5 * levels, "astronaut", Fault.FLAT),
        (lambda levels: 0.5 * levels, "coffee", Fault.DARK),
        (lambda levels: levels**0.35, "coins", Fault.BRIGHT),
        (lambda levels: levels * (1.1, 0.9, 1.1), "", Fault.CAST),
    ],
)
def test_planted_faults_are_found_and_made_less(damage: Damage, name: str, fault: Fault) -> None:
    clean = photo(name) if name else _neutral_scene()
    poor = damaged(clean, damage)
    before = poor.copy()
    found = needed(poor)
    assert fault in found.faults
    gains = [psnr(light(poor, found, strength), clean) for strength in (30, 60, 100)]
    assert psnr(poor, clean) < gains[0] < gains[1] < gains[2]
    assert (poor == before).all()


def _neutral_scene() -> Pixels:
    """A grey building of many tones with some colours in it."""
    noise = np.random.default_rng(0).normal(0, 0.02, (96, 128, 1))
    tones = 0.15 + 0.7 * np.kron(np.random.default_rng(1).random((6, 8, 1)), np.ones((16, 16, 1)))
    levels = np.repeat(tones + noise, 3, axis=2)
    levels[:16, :16] *= (1, 0.3, 0.3)
    levels[-16:, -16:] *= (0.3, 0.8, 0.4)
    return to_sixteen_bits(np.rint(levels.clip(0.05, 0.9) * 255).astype(np.uint8))


@pytest.mark.parametrize("found", [_DARK, _BRIGHT, _EVERYTHING])
def test_clipped_places_stay_clipped(found: LightNeed) -> None:
    pixels = photo()
    pixels[50:90, 60:120] = 65_535
    pixels[150:190, 60:120] = 0
    result = light(pixels, found, 100)
    assert (result[50:90, 60:120] == 65_535).all()
    assert (result[150:190, 60:120] == 0).all()


@pytest.mark.parametrize("found", [_DARK, _BRIGHT])
def test_grey_stays_exactly_grey(found: LightNeed) -> None:
    grey = np.repeat(photo()[..., :1], 3, axis=2)
    result = light(grey, found, 80)
    assert (result != grey).any()
    assert (result == result[..., :1]).all()


@pytest.mark.parametrize("found", [_DARK, _BRIGHT, _FLAT])
def test_edges_get_no_halo(found: LightNeed) -> None:
    pixels = np.full((300, 400, 3), 12_000, np.uint16)
    pixels[:, 200:] = 45_000
    result = light(pixels, found, 100)[150].astype(int)
    for side in (slice(0, 198), slice(202, 400)):
        assert np.ptp(result[side]) < 600, "flat beside the edge, within a hundredth"


@pytest.mark.parametrize("found", [_DARK, _BRIGHT, _FLAT])
def test_sixteen_bits_stay_smooth(found: LightNeed) -> None:
    ramp = np.linspace(2000, 63_000, 6000).astype(np.uint16)
    pixels = np.repeat(np.broadcast_to(ramp, (40, 6000))[..., None], 3, axis=2)
    result = light(np.ascontiguousarray(pixels), found, 100)[20, :, 0].astype(int)
    steps = np.diff(result)
    assert steps.min() >= 0
    assert steps.max() < 60, "no step is seen where the source has one of ten"
    assert len(np.unique(result)) > 4500


def test_tall_photos_show_no_strips() -> None:
    down = np.linspace(8_000, 40_000, 1400).astype(np.uint16)
    pixels = np.repeat(np.repeat(down[:, None, None], 50, axis=1), 3, axis=2)
    result = light(pixels, _DARK, 100)[:, 25, 0].astype(int)
    bends = np.abs(np.diff(result, 2))
    assert bends[250:260].max() <= np.percentile(bends, 99)


def test_hues_stay() -> None:
    pixels = photo("astronaut")
    result = light(pixels, _DARK, 100)
    hues: list[Any] = []
    for picture in (pixels, result):
        lab = cv2.cvtColor(picture.astype(np.float32) / 65535, cv2.COLOR_RGB2Lab)
        hues.append(np.arctan2(lab[..., 2], lab[..., 1]))
        chroma = np.hypot(lab[..., 1], lab[..., 2])
    turned = np.abs((hues[0] - hues[1] + np.pi) % (2 * np.pi) - np.pi)[chroma > 15]
    assert np.degrees(np.median(turned)) < 6


def test_a_bright_face_is_not_made_brighter() -> None:
    pixels = np.full((200, 200, 3), 14_000, np.uint16)
    pixels[60:120, 70:120] = (52_000, 46_000, 42_000)
    face = Box(70, 60, 50, 60)
    alone, spared = light(pixels, _DARK, 100), light(pixels, _DARK, 100, [face])
    inside = np.s_[80:100, 85:105]
    assert alone[inside].mean() > pixels[inside].mean() * 1.03
    assert spared[inside].mean() < pixels[inside].mean() * 1.005


def test_a_veil_is_lifted_from_faces_too_and_their_colour_returns() -> None:
    clean = photo("astronaut")
    poor = damaged(clean, lambda levels: 0.25 + 0.5 * levels)
    face = Box(170, 60, 110, 140)
    result = light(poor, needed(poor), 100, [face])
    inside = np.s_[100:160, 190:250]
    assert psnr(result[inside], clean[inside]) > psnr(poor[inside], clean[inside]) + 3
    spread = [float(np.ptp(one[inside].mean((0, 1)))) for one in (poor, result, clean)]
    assert 1.2 * spread[0] < spread[1] < 1.15 * spread[2]


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (1, 500)])
def test_tiny_photos(size: tuple[int, int]) -> None:
    pixels = np.full((*size, 3), 20_000, np.uint16)
    assert light(pixels, _DARK, 50).shape == pixels.shape
