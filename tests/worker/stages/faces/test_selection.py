"""The people the photo is of, and those who happened to be there."""

from tests.worker.stages.faces.portraits import boxed
from worker.stages.faces.selection import in_front


def test_nobody() -> None:
    assert in_front([], 100, 100) == ()


def test_group_is_in_front_together() -> None:
    group = [boxed(100 * n, 200, side) for n, side in enumerate((80, 70, 64, 55))]
    assert in_front(group, 500, 500) == tuple(group)


def test_passers_by_are_not() -> None:
    main, near, far = boxed(200, 200, 100), boxed(50, 180, 62), boxed(420, 100, 40)
    assert in_front([main, near, far], 500, 500) == (main, near)


def test_middle_counts() -> None:
    """A somewhat larger head in the corner does not make the person in the middle a passer-by."""
    middle, corner = boxed(220, 220, 60), boxed(0, 0, 84)
    assert in_front([corner, middle], 500, 500) == (corner, middle)
    assert in_front([boxed(0, 0, 120), middle], 500, 500) != (middle,)
    small, larger = boxed(237, 237, 30), boxed(0, 470, 45)
    passing = boxed(465, 0, 28)
    assert in_front([larger, small, passing], 500, 500) == (larger, small, passing)
