"""Sharpening."""

import cv2
import numpy as np

from tests.worker.networks import picture
from worker.stages.sharpen import sharpen


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
