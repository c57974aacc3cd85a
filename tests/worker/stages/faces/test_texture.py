"""A blurring restorer does not take fine texture away, and noise is not texture."""

from typing import Any

import cv2
import numpy as np
import pytest

from tests.worker.networks import Pixels
from tests.worker.stages.faces.test_resemblance import sharp
from worker.stages.faces.texture import with_texture


def _fine(pixels: Pixels) -> Any:
    light = pixels.astype(np.float32).mean(axis=2)
    return (light - cv2.GaussianBlur(light, (0, 0), 1.2))[50:200, 50:200]


def _skin(scale: float = 900) -> Pixels:
    """The face with pores of one or two pixels."""
    pores = cv2.GaussianBlur(np.random.default_rng(3).normal(0, 1, (256, 256)), (0, 0), 0.6)
    pixels = sharp().astype(np.float32) * 0.8 + 4000 + (pores / pores.std() * scale)[..., None]
    skin: Pixels = np.clip(np.rint(pixels), 0, 65535).astype(np.uint16)
    return skin


def _blurred(pixels: Pixels, sigma: float = 3) -> Pixels:
    result: Pixels = cv2.GaussianBlur(pixels, (0, 0), sigma).astype(np.uint16)
    return result


def _left(result: Pixels, source: Pixels) -> float:
    true = _fine(source)
    return float((_fine(result) * true).sum() / (true * true).sum())


def test_a_blurred_face_gets_its_texture_back() -> None:
    source = _skin()
    smooth = _blurred(source)
    assert _left(smooth, source) < 0.2
    assert _left(with_texture(smooth, source, 256, 0.3), source) > 0.8


def test_noise_stays_away() -> None:
    face = _blurred(sharp(), 1.5)
    noise = np.random.default_rng(0).normal(0, 8 * 257, face.shape)
    source = np.clip(np.rint(face + noise), 0, 65535).astype(np.uint16)
    result = with_texture(face, source, 256, 8)
    assert (_fine(result) - _fine(face)).std() < 0.1 * (_fine(source) - _fine(face)).std()
    same = with_texture(face, source, 256, 40)
    assert (same == face).all()


@pytest.mark.parametrize("native", [120, 256, 600])
def test_what_the_restorer_sharpened_or_kept_stays(native: int) -> None:
    source = _blurred(sharp(), 2)
    for crop in (source, sharp()):
        off = np.abs(with_texture(crop, source, native, 0.5).astype(int) - crop)
        assert off.mean() < 257 / 4


def test_colours_stay() -> None:
    source = _skin()
    source[..., 0] //= 2
    smooth = _blurred(source)
    result = with_texture(smooth, source, 256, 0.3)
    added = (result.astype(int) - smooth)[((result > 0) & (result < 65535)).all(axis=2)]
    assert (added.max(axis=1) - added.min(axis=1)).max() <= 1
    assert np.abs(added).mean() > 100


def test_fine_is_what_the_photo_calls_fine() -> None:
    """Of a face that the crop shrinks its noise is averaged, of one it enlarges it is spread."""
    texture = _skin(600)
    smooth = _blurred(texture)
    grain = 4.0
    near = with_texture(smooth, texture, 256, grain)
    shrunk = with_texture(smooth, texture, 1024, grain)
    assert _left(near, texture) < 0.6 * _left(shrunk, texture)
