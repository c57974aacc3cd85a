"""Whose light needs a hand, and how large a fault has to be."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import skimage.data

from worker.diagnosis import (
    Blur,
    BlurKind,
    Colour,
    Diagnosis,
    Fault,
    Light,
    LightNeed,
    diagnose,
    need,
)
from worker.imaging.photo import Photo, Pixels, to_sixteen_bits

USUAL = Diagnosis(3000, 2000, 0.5, 0.0)


def found_in(pixels: Pixels, *, asked: bool = False) -> LightNeed:
    return need(diagnose(Photo(pixels)), asked=asked)


@pytest.mark.parametrize(
    ("figures", "alone", "asked"),
    [
        ({}, (), ()),
        ({"dark": 1.0, "median": 28.0, "bright": 80.0}, (), (Fault.DARK,)),
        ({"dark": 0.0, "median": 5.0, "bright": 80.0}, (Fault.DARK,), (Fault.DARK,)),
        ({"dark": 0.0, "median": 5.0, "bright": 80.0, "black": 0.4}, (), ()),
        ({"dark": 0.0, "median": 90.0, "bright": 95.0}, (), ()),
        ({"dark": 0.0, "median": 20.0, "bright": 50.0, "high": 55.0}, (Fault.DARK,), (Fault.DARK,)),
        ({"dark": 30.0, "median": 65.0, "bright": 97.0}, (), (Fault.BRIGHT,)),
        ({"dark": 70.0, "median": 75.0, "bright": 97.0}, (Fault.BRIGHT,), (Fault.BRIGHT,)),
        ({"dark": 70.0, "median": 75.0, "bright": 87.0, "high": 89.0}, (), ()),
        ({"low": 20.0, "dark": 25.0, "bright": 75.0, "high": 80.0}, (Fault.FLAT,), (Fault.FLAT,)),
        ({"low": 20.0, "dark": 25.0, "bright": 75.0, "high": 86.0}, (), ()),
        ({"low": 48.0, "dark": 49.0, "bright": 51.0, "high": 51.5}, (), ()),
    ],
)
def test_exposure(
    figures: dict[str, Any], alone: tuple[Fault, ...], asked: tuple[Fault, ...]
) -> None:
    seen = replace(USUAL, light=Light(**figures))
    assert need(seen).faults == alone
    assert need(seen, asked=True).faults == asked


@pytest.mark.parametrize(
    ("high", "sigma", "dark"), [(59.0, 0.5, True), (59.0, 2.0, False), (53.0, 2.0, True)]
)
def test_lights_that_a_blur_has_spread_make_no_photo_too_dark(
    high: float, sigma: float, dark: bool
) -> None:
    light = Light(dark=3.0, median=35.0, bright=52.0, high=high)
    seen = replace(USUAL, light=light, blur=Blur(BlurKind.ENLARGED, sigma, factor=3.0))
    assert (Fault.DARK in need(seen).faults) == dark


@pytest.mark.parametrize(
    ("cast", "alone", "asked"),
    [
        ((0.0, -3.9), False, False),
        ((0.0, -4.1), False, True),
        ((0.0, -9.1), True, True),
        ((0.0, 9.1), False, True),
        ((0.0, 11.1), True, True),
        ((0.0, -16.1), False, False),
    ],
)
def test_casts(cast: tuple[float, float], alone: bool, asked: bool) -> None:
    seen = replace(USUAL, colour=Colour(*cast))
    for found, counts in ((need(seen), alone), (need(seen, asked=True), asked)):
        assert found.faults == ((Fault.CAST,) if counts else ())
        assert (found.cast_a, found.cast_b) == (cast if counts else (0.0, 0.0))


def test_what_needs_nothing_changes_nothing() -> None:
    assert need(USUAL) == LightNeed()
    lightness = np.linspace(0, 1, 11)
    assert LightNeed().curve(lightness) == pytest.approx(lightness)


def test_who_asks_gets_smaller_faults_corrected_as_they_are_told() -> None:
    seen = diagnose(Photo(to_sixteen_bits(skimage.data.chelsea())))
    assert not need(seen)
    found = need(seen, asked=True)
    assert found.faults == (Fault.CAST,)
    assert (found.cast_a, found.cast_b) == (seen.colour.cast_a, seen.colour.cast_b)
    assert seen.colour.cast > 4


def test_the_told_gamma_is_the_one_that_is_corrected() -> None:
    levels = 65535 * (skimage.data.coffee() / 255.0) ** 2.2
    dark = diagnose(Photo(levels.astype(np.uint16)))
    assert need(dark, asked=True).exponent == pytest.approx(dark.light.gamma)
    assert dark.light.gamma < 0.85


@pytest.mark.parametrize("name", ["coffee", "astronaut", "chelsea", "rocket"])
def test_good_photos_need_nothing(name: str) -> None:
    assert found_in(to_sixteen_bits(getattr(skimage.data, name)())) == LightNeed()


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (1, 500)])
@pytest.mark.parametrize("asked", [False, True])
def test_tiny_plain_pictures(size: tuple[int, int], asked: bool) -> None:
    assert not found_in(np.full((*size, 3), 20_000, np.uint16), asked=asked)


def _night() -> Pixels:
    pixels = np.full((120, 160, 3), 2 * 257, np.uint16)
    pixels[60:64, 20:140:12] = (60_000, 52_000, 30_000)
    return pixels


def _high_key() -> Pixels:
    pixels = np.full((120, 160, 3), 63_000, np.uint16)
    pixels[40:90, 60:100] = (52_000, 45_000, 42_000)
    pixels[50:56, 70:76] = 9_000
    return pixels


def _sunset() -> Pixels:
    down = np.linspace(0, 1, 120)[:, None, None]
    sky = np.array([0.35, 0.3, 0.5]) * (1 - down) + np.array([1.0, 0.6, 0.2]) * down
    levels = np.broadcast_to(sky, (120, 160, 3)).copy()
    levels[100:] = (0.06, 0.04, 0.05)
    return np.rint(levels * 65535).astype(np.uint16)


@pytest.mark.parametrize("scene", [_night, _high_key, _sunset])
@pytest.mark.parametrize("asked", [False, True])
def test_moods_stay(scene: Callable[[], Pixels], asked: bool) -> None:
    found = found_in(scene(), asked=asked)
    assert Fault.CAST not in found.faults
    assert asked or not found
    assert scene is not _night or not found


@pytest.mark.parametrize("gamma", [0.35, 0.45, 1.0])
def test_black_clothes_make_no_bright_photo_too_dark(gamma: float) -> None:
    levels = 65535 * (skimage.data.astronaut() / 255.0) ** gamma
    assert Fault.DARK not in found_in(levels.astype(np.uint16), asked=True).faults
