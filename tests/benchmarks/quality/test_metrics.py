import numpy as np
import pytest
import skimage.data
import skimage.metrics
from PIL import Image, ImageFilter

from benchmarks.quality.metrics import compare, mean_figures, sharpness
from tests.benchmarks.quality.conftest import astronaut

_INNER = (slice(4, -4), slice(4, -4))


def test_equal_pictures_are_perfect() -> None:
    same = compare(astronaut(), astronaut())
    assert (same.psnr_y, same.psnr_rgb) == (100, 100)
    assert same.ssim == pytest.approx(1)
    assert same.haarpsi == pytest.approx(1, abs=1e-4)
    assert same.sharpness == 1


def test_a_constant_error_has_a_known_psnr() -> None:
    grey = np.full((64, 64, 3), 100, np.uint8)
    figures = compare(grey + np.uint8(10), grey)
    assert figures.psnr_rgb == pytest.approx(20 * np.log10(255 / 10))
    # BT.601 luma spans 219 of 255 levels.
    assert figures.psnr_y == pytest.approx(20 * np.log10(255 / (10 * 219 / 255)), abs=1e-3)


def test_psnr_is_that_of_scikit_image_without_the_border() -> None:
    clean = astronaut()
    poor = np.asarray(Image.fromarray(clean).filter(ImageFilter.GaussianBlur(1.5))).copy()
    poor[:4] = 0
    expected = skimage.metrics.peak_signal_noise_ratio(clean[_INNER], poor[_INNER])
    assert compare(poor, clean).psnr_rgb == pytest.approx(expected)


def test_every_figure_falls_with_the_damage() -> None:
    clean = astronaut()
    blurred = [
        compare(np.asarray(Image.fromarray(clean).filter(ImageFilter.GaussianBlur(s))), clean)
        for s in (0.7, 1.5, 3)
    ]
    for name in ("psnr_y", "psnr_rgb", "ssim", "haarpsi", "sharpness"):
        values = [getattr(figures, name) for figures in blurred]
        assert values == sorted(values, reverse=True), name
        assert 0 < values[-1] < values[0]


def test_haarpsi_sees_what_psnr_does_not() -> None:
    """Light that grows a little everywhere costs as much PSNR as blur, and disturbs far less."""
    clean = skimage.data.coffee()[100:228, 200:328]
    blur = compare(np.asarray(Image.fromarray(clean).filter(ImageFilter.GaussianBlur(2))), clean)
    lighter = np.clip(clean.astype(int) + 14, 0, 255).astype(np.uint8)
    light = compare(lighter, clean)
    assert light.psnr_rgb < blur.psnr_rgb
    assert light.haarpsi > blur.haarpsi + 0.1


def test_sharpness_is_a_share_of_the_gradient_energy() -> None:
    luma = skimage.data.coffee()[:100, :100, 0].astype(float)
    assert sharpness(luma / 2, luma) == pytest.approx(0.25)
    assert sharpness(luma + 20, luma) == pytest.approx(1)


def test_means_are_taken_of_each_figure() -> None:
    clean = astronaut()
    one, other = compare(clean, clean), compare(clean // 2, clean)
    mean = mean_figures([one, other])
    assert mean.psnr_y == pytest.approx((one.psnr_y + other.psnr_y) / 2)
    assert mean.sharpness == pytest.approx((one.sharpness + other.sharpness) / 2)
