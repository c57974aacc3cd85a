"""Small maps are enlarged as a whole would be, by any rows."""

import cv2
import numpy as np
import pytest

from worker.stages.coarse import enlarged, ramp


@pytest.mark.parametrize("channels", [(), (3,)])
@pytest.mark.parametrize("size", [(97, 60), (12, 9), (5, 30), (1, 1)])
def test_rows_are_those_of_the_whole(size: tuple[int, int], channels: tuple[int, ...]) -> None:
    small = np.random.default_rng(0).random((7, 9, *channels)).astype(np.float32)
    whole = cv2.resize(small, size[::-1], interpolation=cv2.INTER_LINEAR)
    whole = whole.reshape(*size, *channels)
    for start in range(0, size[0], 5):
        rows = slice(start, min(size[0], start + 5))
        assert enlarged(small, rows, size) == pytest.approx(whole[rows], abs=1e-3)


def test_a_ramp_is_flat_outside() -> None:
    values = np.array([-1, 0.2, 0.3, 0.4, 2], np.float32)
    assert ramp(values, 0.2, 0.4) == pytest.approx([0, 0, 0.5, 1, 1], abs=1e-6)
