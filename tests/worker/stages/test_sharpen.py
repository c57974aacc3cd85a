"""Sharpening: the gentle one, and the one that knows the blur."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import skimage.data

from core.errors import Cancelled
from tests.worker.networks import picture
from worker.diagnosis import Blur, BlurKind
from worker.imaging.photo import Pixels, to_sixteen_bits
from worker.stages.deconvolution import kernel_of
from worker.stages.sharpen import sharpen


def _soft(sigma: float) -> Blur:
    return Blur(BlurKind.SOFT, sigma)


def _moved(length: float, angle: float) -> Blur:
    return Blur(BlurKind.MOTION, 0, length, angle)


def test_sharpen_lifts_detail_without_halo() -> None:
    step = np.full((60, 80, 3), 15_000, np.uint16)
    step[:, 40:] = 45_000
    soft = cv2.GaussianBlur(step, (0, 0), 2).astype(np.uint16)
    last = 0.0
    for strength in (25, 50, 100):
        result = sharpen(soft, strength)
        assert result.max() <= 45_000 + 2
        assert result.min() >= 15_000 - 2
        steepest = float(np.diff(result[30, :, 0].astype(float)).max())
        assert steepest > last
        last = steepest
    assert last > np.diff(soft[30, :, 0].astype(float)).max() * 1.2
    assert sharpen(soft, 0) is soft


def test_sharpen_shows_no_strips() -> None:
    pixels = picture(1100, 40)
    whole = sharpen(pixels, 60)
    parts = sharpen(pixels[480:560], 60)
    assert (whole[490:550] == parts[10:70]).all()


def _psnr(one: Pixels, other: Pixels) -> float:
    return float(10 * np.log10(65535**2 / np.mean((one.astype(float) - other) ** 2)))


def _scene() -> Pixels:
    return to_sixteen_bits(skimage.data.astronaut()[:256, 100:356])


def _poor(clean: Pixels, blur: Blur, noise: float = 2.0) -> Pixels:
    levels = cv2.filter2D(
        clean.astype(np.float32) / 257, -1, kernel_of(blur), borderType=cv2.BORDER_REFLECT_101
    )
    levels = levels + np.random.default_rng(0).normal(0, noise, clean.shape)
    return to_sixteen_bits(np.rint(levels.clip(0, 255)).astype(np.uint8))


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.2])
@pytest.mark.parametrize("blur", [_soft(1), _soft(2), _soft(3), _moved(5, 20), _moved(9, 110)])
def test_a_known_blur_is_undone_though_not_quite_right(blur: Blur, factor: float) -> None:
    clean = _scene()
    poor = _poor(clean, blur)
    guess = replace(blur, sigma=blur.sigma * factor, length=blur.length * factor)
    before = _psnr(poor, clean)
    assert _psnr(sharpen(poor, 50, guess, 2.0), clean) > before + 0.3
    assert _psnr(sharpen(poor, 100, guess, 2.0), clean) > before


def test_the_right_angle_is_better_than_another() -> None:
    clean = _scene()
    poor = _poor(clean, _moved(9, 30))
    right, wrong = (sharpen(poor, 80, _moved(9, angle), 2.0) for angle in (30, 120))
    assert _psnr(right, clean) > _psnr(wrong, clean) + 1


def test_an_edge_gets_steeper_without_a_halo() -> None:
    step = np.full((120, 160, 3), 15_000, np.uint16)
    step[:, 80:] = 45_000
    soft = cv2.GaussianBlur(step, (0, 0), 2).astype(np.uint16)
    result = sharpen(soft, 100, _soft(2.0))[60, :, 0].astype(float)
    assert np.diff(result).max() > np.diff(soft[60, :, 0].astype(float)).max() * 1.5
    assert result.max() < 45_000 + 0.05 * 30_000
    assert result.min() > 15_000 - 0.05 * 30_000
    assert np.abs(result[:60] - 15_000).max() < 257, "nothing rings far from the edge"
    assert np.abs(result[100:] - 45_000).max() < 257


def test_grain_alone_stays_as_it_is() -> None:
    grain = np.random.default_rng(0).normal(30_000, 4 * 257, (150, 150, 3)).astype(np.uint16)
    result = sharpen(grain, 100, _soft(1.5), 4.0)
    assert np.std(result / 257.0) == pytest.approx(np.std(grain / 257.0), rel=0.05)


def test_windows_and_borders_show_no_seams() -> None:
    clean = to_sixteen_bits(np.tile(skimage.data.astronaut()[:260, :200], (2, 1, 1)))
    soft = _poor(clean, _soft(1.5), 0)
    whole = sharpen(soft, 100, _soft(1.5))
    lower = sharpen(soft[150:], 100, _soft(1.5))
    away = slice(210, None)
    assert np.abs(whole[away].astype(int) - lower[60:]).max() <= 257
    border, inside = (np.abs(whole.astype(float) - clean)[rows].mean() for rows in (slice(6), away))
    assert border < 2 * inside


@pytest.mark.parametrize("blur", [None, _soft(1.5), _moved(7, 40)])
def test_grey_stays_grey_and_nothing_is_written_to(blur: Blur | None) -> None:
    grey = np.repeat(_poor(_scene(), _soft(1.5))[..., :1], 3, axis=2)
    before = grey.copy()
    result = sharpen(grey, 70, blur)
    assert (result != grey).any()
    assert (result == result[..., :1]).all()
    assert (grey == before).all()


@pytest.mark.parametrize("size", [(1, 1), (3, 700), (2, 5)])
def test_tiny_photos_with_a_known_blur(size: tuple[int, int]) -> None:
    pixels = picture(*size)
    assert sharpen(pixels, 100, Blur(BlurKind.MOTION, 3, 20, 10)).shape == pixels.shape
    assert sharpen(pixels, 0, _soft(3)) is pixels


def test_progress_and_cancelling() -> None:
    pixels = picture(900, 40)
    told: list[float] = []
    sharpen(pixels, 50, _soft(1), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1
    assert len(told) > 1
    with pytest.raises(Cancelled):
        sharpen(pixels, 50, _soft(1), cancelled=lambda: True)


def test_kernels() -> None:
    for blur in (_soft(0), _soft(1.5), _moved(9, 0), Blur(BlurKind.MOTION, 20, 200, 45)):
        assert kernel_of(blur).sum() == pytest.approx(1, abs=1e-5)
    across, down, rising = (kernel_of(_moved(9, angle)) for angle in (0, 90, 45))
    middle = across.shape[0] // 2
    assert across[middle, middle + 3] > 10 * across[middle + 3, middle]
    assert down == pytest.approx(across.T, abs=1e-6)
    assert rising[middle - 2, middle + 2] > 10 * rising[middle + 2, middle + 2]
