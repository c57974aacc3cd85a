"""How a long side is cut into overlapping windows of equal size."""

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["FEATHER", "Span", "smallest_window", "spans", "strips"]

FEATHER = 8
"""Half the width, in input pixels, of the ramp by which neighbouring windows are blended."""


@dataclass(frozen=True)
class Span:
    """One window [start, stop) along a side; it takes over from the one before around `seam`.

    Its own pixels count from `seam` − FEATHER on, faded in until `seam` + FEATHER; the first
    window of a side has its seam at 0 and no fade.
    """

    start: int
    stop: int
    seam: int


def smallest_window(pad: int, multiple: int) -> int:
    """The least window side that leaves room between the ramps at its two ends."""
    return _up(2 * (pad + FEATHER), multiple) + _up(4 * FEATHER + 2 * multiple, multiple)


def spans(length: int, window: int, pad: int, multiple: int, begin: int = 0) -> list[Span]:
    """Windows over [begin, length), of one size, none longer than `window` (or the smallest).

    `length` must be a multiple of `multiple`, as all starts and stops are. Every pixel that a
    window gives to the result has at least `pad` pixels of context in it, except at the true ends
    of the side. `begin` > 0 goes on with a side whose first part was done with other windows.
    """
    margin = pad + FEATHER
    overlap = _up(2 * margin, multiple)
    first = max(0, (begin - margin) // multiple * multiple)
    window = max(window // multiple * multiple, smallest_window(pad, multiple))
    rest = length - first
    if rest <= window:
        return [Span(first, length, begin)]
    count = 1 + -(-(rest - window) // (window - overlap))
    size = _up(-(-(rest + (count - 1) * overlap) // count), multiple)
    count = 1 + -(-(rest - size) // (size - overlap))
    result = [Span(first, first + size, begin)]
    for index in range(1, count):
        offset = (rest - size) * index // (count - 1) // multiple * multiple
        start = first + offset
        result.append(Span(start, start + size, (start + result[-1].stop) // 2))
    return result


def strips(length: int, size: int, margin: int) -> Iterator[tuple[slice, slice, slice]]:
    """Cuts a side for filters that look `margin` pixels around: (read, keep, write).

    `read` and `write` index the whole side, `keep` what was read.
    """
    for start in range(0, length, size):
        stop = min(length, start + size)
        low, high = max(0, start - margin), min(length, stop + margin)
        yield slice(low, high), slice(start - low, stop - low), slice(start, stop)


def _up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple
