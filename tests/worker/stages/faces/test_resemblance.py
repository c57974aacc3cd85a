"""A sharper face is no other face; one that moved, was exchanged or smoothed is."""

from functools import cache
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data

from tests.worker.networks import Pixels
from worker.stages.faces.alignment import TEMPLATE
from worker.stages.faces.change import change
from worker.stages.faces.resemblance import drift, kept

SIDE = 256
EYES = float(np.hypot(*(TEMPLATE[1] - TEMPLATE[0]))) * SIDE / 512


@cache
def sharp() -> Pixels:
    """A real face near the template."""
    return _enlarged(skimage.data.astronaut()[40:168, 158:286])


def poor(native: int = 64, *, blur: float = 1, noise: float = 8) -> Pixels:
    """The same face as a photo with `native` pixels for it shows it."""
    light: Any = sharp().astype(np.float32) / 257
    if blur:
        light = cv2.GaussianBlur(light, (0, 0), blur * SIDE / native)
    small: Any = cv2.resize(light, (native, native), interpolation=cv2.INTER_AREA)
    return _enlarged(small + np.random.default_rng(0).normal(0, noise, small.shape))


def _enlarged(levels: Any) -> Pixels:
    large: Any = cv2.resize(levels.astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    pixels: Pixels = np.clip(np.rint(large * 257), 0, 65535).astype(np.uint16)
    return pixels


def moved(crop: Pixels, points: slice, percent: float) -> Pixels:
    """The crop with a feature moved to the right by so much of the eye distance."""
    x, y = TEMPLATE[points].mean(axis=0) / 512 * SIDE
    down, across = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    near = np.exp(-(((across - x) / 1.3) ** 2 + (down - y) ** 2) / (0.45 * EYES) ** 2)
    there = (across - percent / 100 * EYES * near).astype(np.float32)
    result: Pixels = cv2.remap(crop, there, down, cv2.INTER_CUBIC)  # type: ignore[assignment]
    return result


@pytest.mark.parametrize(
    ("native", "blur", "noise"), [(64, 0, 0), (64, 1, 10), (64, 2.5, 4), (128, 2, 8), (40, 1, 6)]
)
def test_the_sharp_face_is_the_same(native: int, blur: float, noise: float) -> None:
    source = poor(native, blur=blur, noise=noise)
    assert kept(source, sharp(), native, 100) == 100
    assert kept(source, source, native, 100) == 100


def test_an_unchanged_face_has_no_drift() -> None:
    found = drift(sharp(), sharp(), 64)
    assert (found.shift, found.paling) == (0, 0)
    assert found.unlikeness == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("points", [slice(0, 1), slice(1, 2), slice(3, 5)])
def test_what_moves_is_held_back_the_more_the_farther_it_moves(points: slice) -> None:
    held = [kept(poor(), moved(sharp(), points, percent), 64, 70) for percent in (0, 5, 10, 15)]
    assert held[0] == 70
    assert held[1] < 70
    assert all(less <= more for more, less in pairwise(held))
    assert held[3] <= 25


def test_shift_is_in_pixels_of_the_photo() -> None:
    """A tenth of the eye distance, some of it at the feature's rim."""
    for side in (32, 64):
        found = drift(sharp(), moved(sharp(), slice(3, 5), 10), side)
        whole = 0.1 * EYES * side / SIDE
        assert 0.3 * whole < found.shift < 1.1 * whole
        assert abs(found.paling) < 5


def test_another_face_is_left_out() -> None:
    other = np.ascontiguousarray(np.roll(sharp()[:, ::-1], 9, axis=1))
    assert kept(poor(), other, 64, 100) == 0
    assert drift(sharp(), other, 64).unlikeness > 20


@pytest.mark.parametrize("native", [64, 200])
def test_a_face_that_loses_its_contrast_is_held_back(native: int) -> None:
    source = poor(native, blur=0, noise=0)
    dull: Any = cv2.GaussianBlur(sharp(), (0, 0), 6)
    assert drift(source, dull, native).paling > 20
    assert kept(source, dull, native, 70) < 50


def test_strength_asked_for_is_the_most() -> None:
    far = moved(sharp(), slice(3, 5), 6)
    held = {strength: kept(poor(), far, 64, strength) for strength in (100, 60, 55, 30, 10, 0)}
    assert all(held[strength] <= strength for strength in held)
    assert held[100] in (60, 50, 40, 25)
    assert held[10] == 10, "little of it does no harm"
    assert held[0] == 0
    added = change(far, poor()) * np.float32(held[100] / 100)
    assert not drift(poor(), poor() + added, 64).begun


def test_flat_crops_are_no_trouble() -> None:
    flat = np.full((SIDE, SIDE, 3), 30_000, np.uint16)
    assert kept(flat, flat, 64, 70) == 70
    assert kept(sharp(), flat, 64, 70) < 70
