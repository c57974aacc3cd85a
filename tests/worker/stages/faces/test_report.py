"""What became of the faces is one readable line."""

import pytest

from worker.stages.faces.report import report


@pytest.mark.parametrize(
    ("restored", "reasons", "background", "text"),
    [
        (1, (), 0, "1 face restored at 70 %"),
        (2, ("too small",), 0, "2 faces restored at 70 %; 1 left alone: too small"),
        (2, ("too small",) * 3, 0, "2 faces restored at 70 %; 3 left alone: too small"),
        (
            1,
            ("too small", "already sharp", "too small"),
            0,
            "1 face restored at 70 %; 3 left alone: 2 too small, 1 already sharp",
        ),
        (1, (), 2, "1 face restored at 70 %; 2 in the background left alone"),
        (0, ("already sharp",), 0, "already sharp"),
        (
            0,
            ("too small", "already sharp"),
            1,
            "1 too small, 1 already sharp; 1 in the background left alone",
        ),
    ],
)
def test_lines(restored: int, reasons: tuple[str, ...], background: int, text: str) -> None:
    assert report(restored, 70, reasons, background) == text
