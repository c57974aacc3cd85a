"""Windows cover a side, keep their context and leave room for the ramps."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from worker.tiles import FEATHER, Span, smallest_window, spans, strips

MULTIPLES = st.sampled_from([1, 2, 4, 8, 16, 64])


def check(windows: list[Span], length: int, pad: int, multiple: int, begin: int) -> None:
    assert windows[0].seam == begin
    assert windows[-1].stop == length
    assert len({window.stop - window.start for window in windows}) == 1
    for window in windows:
        assert window.start % multiple == 0
        assert window.stop % multiple == 0
        assert 0 <= window.start < window.stop <= length
        if window.start > 0:
            assert window.seam - FEATHER - window.start >= pad
    for before, after in pairwise(windows):
        assert before.stop - (after.seam + FEATHER) >= pad
        assert after.seam - before.seam >= 2 * FEATHER or before is windows[0]
        assert after.start > before.start


@given(st.integers(1, 400), st.integers(1, 900), st.integers(0, 64), MULTIPLES)
def test_windows_cover_the_side_with_context(
    units: int, window: int, pad: int, multiple: int
) -> None:
    length = units * multiple
    windows = spans(length, window, pad, multiple)
    check(windows, length, pad, multiple, 0)
    longest = max(window, smallest_window(pad, multiple))
    assert all(one.stop - one.start <= longest for one in windows)


@given(st.integers(40, 400), st.integers(1, 40), MULTIPLES, st.data())
def test_side_goes_on_with_smaller_windows(
    units: int, pad: int, multiple: int, data: st.DataObject
) -> None:
    length = units * multiple
    first = spans(length, 3 * smallest_window(pad, multiple), pad, multiple)
    begin = data.draw(st.sampled_from([window.seam for window in first]))
    windows = spans(length, 1, pad, multiple, begin)
    check(windows, length, pad, multiple, begin)
    for before, after in pairwise(windows):
        assert after.seam - before.seam >= 2 * FEATHER


def test_short_side_is_one_window() -> None:
    assert spans(100, 256, 32, 1) == [Span(0, 100, 0)]


def test_no_window_is_wasted() -> None:
    windows = spans(4000, 512, 18, 1)
    useful = 512 - 2 * (18 + FEATHER)
    assert len(windows) == 1 + -(-(4000 - 512) // useful)


@given(st.integers(1, 300), st.integers(1, 80), st.integers(0, 20))
def test_strips_give_every_row_once_with_its_margin(length: int, size: int, margin: int) -> None:
    side = np.arange(length)
    seen = []
    for read, keep, write in strips(length, size, margin):
        assert (side[read][keep] == side[write]).all()
        assert read.start == max(0, write.start - margin)
        assert read.stop == min(length, write.stop + margin)
        seen += side[write].tolist()
    assert seen == side.tolist()
