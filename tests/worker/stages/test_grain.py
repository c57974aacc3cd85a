"""Grain is measured as it was, and given back as it was measured."""

from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray
from PIL import Image

from benchmarks.quality.damage import jpeg, noisy
from worker.imaging.photo import Pixels, to_sixteen_bits
from worker.stages.grain import Grain, give_back, measure

_EVEN = Grain((5.0,) * 9)


def _smooth(height: int = 256, width: int = 256) -> Pixels:
    """A slow ramp from dark to bright."""
    ramp = np.linspace(9_000, 56_000, width)
    return np.rint(np.broadcast_to(ramp[None, :, None], (height, width, 3))).astype(np.uint16)


def _grainy(clean: Pixels, sigma: float, size: float, seed: int = 0) -> Pixels:
    noise: NDArray[Any] = np.random.default_rng(seed).normal(0, 1, clean.shape[:2])
    if size:
        noise = cv2.GaussianBlur(noise, (0, 0), size).astype(np.float64)
        noise = noise / noise.std()
    levels = clean / 257 + sigma * noise[..., None]
    return to_sixteen_bits(np.rint(levels.clip(0, 255)).astype(np.uint8))


@pytest.mark.parametrize("size", [0.0, 0.6, 1.2])
@pytest.mark.parametrize("sigma", [2.0, 6.0, 12.0])
def test_strength_and_size_are_measured_and_given_back(sigma: float, size: float) -> None:
    clean = _smooth()
    found = measure(_grainy(clean, sigma, size), clean)
    assert found.sigma == pytest.approx(sigma, rel=0.12)
    assert found.size == pytest.approx(size, abs=0.15)
    again = measure(give_back(clean, found, 100), clean)
    assert again.sigma == pytest.approx(sigma, rel=0.15)
    assert again.size == pytest.approx(found.size, abs=0.15)
    half = measure(give_back(clean, found, 50), clean)
    assert half.sigma == pytest.approx(sigma / 2, rel=0.15)


def test_each_lightness_has_its_own_strength() -> None:
    clean = _smooth()
    noise = np.random.default_rng(0).normal(0, 1, clean.shape[:2])[..., None]
    levels = clean / 257
    original = to_sixteen_bits(
        np.rint((levels + noise * (2 + levels / 25)).clip(0, 255)).astype(np.uint8)
    )
    found = measure(original, clean)
    dark, bright = found.sigmas[2], found.sigmas[6]
    assert dark == pytest.approx(2 + 64 / 25, rel=0.25)
    assert bright == pytest.approx(2 + 191 / 25, rel=0.25)
    given = (give_back(clean, found, 100).astype(float) - clean)[..., 0] / 257
    assert given[:, 180:200].std() > 1.5 * given[:, 50:70].std()


def test_enlarged_grain_is_coarser_and_as_strong() -> None:
    clean = _smooth(512, 512)
    one, four = (measure(give_back(clean, _EVEN, 100, by), clean) for by in (1.0, 4.0))
    assert four.size > one.size + 0.8
    assert four.sigma == pytest.approx(one.sigma, rel=0.15)


def test_the_same_photo_gets_the_same_grain_without_strips() -> None:
    clean = _smooth(400, 60)
    result = give_back(clean, Grain((5.0,) * 9, 1.0), 80)
    assert (result == give_back(clean, Grain((5.0,) * 9, 1.0), 80)).all()
    rows = (result.astype(float) - clean)[..., 0]
    likeness = [np.corrcoef(rows[at], rows[at + 1])[0, 1] for at in range(399)]
    assert min(likeness[126:129] + likeness[254:257]) > 0.5
    other = clean.copy()
    other[:50] += 2000
    assert (give_back(other, _EVEN, 80) - other != give_back(clean, _EVEN, 80) - clean).any()


def test_grey_stays_grey_and_colours_keep_their_tone() -> None:
    result = give_back(_smooth(), _EVEN, 100)
    assert (result == result[..., :1]).all()
    colour = to_sixteen_bits(skimage.data.astronaut())
    added = give_back(colour, _EVEN, 100).astype(int) - colour
    assert np.abs(added - added[..., :1]).max() <= 1
    assert np.abs(added.mean()) < 30


def test_none_in_clipped_places() -> None:
    pixels = _smooth()
    pixels[:100, :60], pixels[:100, 200:] = 0, 65_535
    pixels[150:, 200:, 0] = 65_535
    result = give_back(pixels, _EVEN, 100)
    for place in (np.s_[:100, :60], np.s_[:100, 200:], np.s_[150:, 200:]):
        assert (result[place] == pixels[place]).all()


def _photo() -> Image.Image:
    return Image.fromarray(skimage.data.astronaut()[:256])


def test_blocks_of_jpeg_are_no_grain() -> None:
    clean = _photo()
    source, cleaned = (to_sixteen_bits(np.asarray(one)) for one in (jpeg(clean, 15), clean))
    assert not measure(source, cleaned)


def test_speckle_of_colour_is_no_grain() -> None:
    clean = np.asarray(_photo())
    noise = np.random.default_rng(0).normal(0, 12, clean.shape)
    noise -= 0.8 * (noise @ [0.2126, 0.7152, 0.0722])[..., None]
    source = np.rint((clean + noise).clip(0, 255)).astype(np.uint8)
    assert not measure(to_sixteen_bits(source), to_sixteen_bits(clean))
    white = np.asarray(noisy(_photo(), 12, np.random.default_rng(0)))
    assert measure(to_sixteen_bits(white), to_sixteen_bits(clean))


def test_a_photo_without_grain_stays_the_very_same() -> None:
    pixels = _smooth()
    found = measure(pixels, pixels)
    assert not found
    assert found.sigma == 0
    assert give_back(pixels, found, 100) is pixels
    assert give_back(pixels, _EVEN, 0) is pixels


@pytest.mark.parametrize("size", [(1, 1), (3, 40), (15, 15)])
def test_tiny_photos(size: tuple[int, int]) -> None:
    pixels = np.full((*size, 3), 30_000, np.uint16)
    assert not measure(pixels + np.uint16(500), pixels)
    assert give_back(pixels, _EVEN, 50, 4.0).shape == pixels.shape
