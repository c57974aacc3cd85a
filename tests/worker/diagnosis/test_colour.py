"""Casts, grey and faded photos."""

import numpy as np
import pytest

from benchmarks.diagnosis.planting import grainy, tinted
from tests.worker.diagnosis.scenes import Levels, leaves, photo_of
from worker.diagnosis import Colour, diagnose


def colour(levels: Levels, **fields: object) -> Colour:
    return diagnose(photo_of(levels, **fields)).colour


def in_grey() -> Levels:
    return np.repeat(leaves()[..., :1], 3, axis=2)


def red_coat() -> Levels:
    levels = in_grey()
    levels[60:330, 130:250] = np.rint(levels[60:330, 130:250] * (0.8, 0.2, 0.2))
    return levels


def test_no_cast() -> None:
    found = colour(leaves())
    assert found.cast < 6
    assert (found.grey, found.toned, found.faded) == (False, False, False)


@pytest.mark.parametrize("turn", [0, 1.5, 3, 4.5])
def test_a_planted_cast_is_seen_and_not_overrated(turn: float) -> None:
    levels, truth = tinted(red_coat(), 0.3, turn)
    found = colour(levels)
    share = complex(found.cast_a, found.cast_b) / truth
    assert 0.4 < abs(share) < 1
    assert abs(np.angle(share, deg=True)) < 10


@pytest.mark.parametrize("turn", [0, 1.5, 3, 4.5])
def test_of_a_colourful_photo_no_more_cast_is_told_than_there_is(turn: float) -> None:
    levels, truth = tinted(leaves(), 0.3, turn)
    assert colour(levels).cast < abs(truth)


def test_a_red_coat_is_red_by_itself() -> None:
    found = colour(red_coat())
    assert found.cast < 3
    assert (found.grey, found.toned) == (False, False)


def test_grey_in_one_channel_and_in_three() -> None:
    for found in (colour(in_grey(), grey=True), colour(in_grey())):
        assert found.grey
        assert found.cast < 0.5
        assert not found.toned


def test_sepia_is_toned_and_not_grey() -> None:
    share = in_grey() / 255.0
    sepia = np.rint(255 * np.stack([share[..., 0] ** 0.8, share[..., 1], share[..., 2] ** 1.4], 2))
    found = colour(sepia.astype(np.uint8))
    assert found.toned
    assert not found.grey


def test_toned_paper_with_grain() -> None:
    share = in_grey() / 255.0
    sepia = np.rint(255 * np.stack([share[..., 0] ** 0.8, share[..., 1], share[..., 2] ** 1.4], 2))
    found = colour(grainy(sepia.astype(np.uint8), 2, np.random.default_rng(2)))
    assert found.toned


def test_faded() -> None:
    faded = np.rint(leaves() * 0.45 + 70).astype(np.uint8)
    assert colour(faded).faded
    assert not colour(leaves()).faded


def test_what_is_transparent_has_no_colour() -> None:
    levels = leaves().copy()
    levels[:, :192] = (255, 0, 0)
    alpha = np.full(levels.shape[:2], 65535, np.uint16)
    alpha[:, :192] = 0
    assert colour(levels, alpha=alpha).cast < 8
    nothing = colour(levels, alpha=np.zeros_like(alpha))
    assert (nothing.grey, nothing.toned, nothing.faded) == (False, False, False)
