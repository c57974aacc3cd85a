"""What became of the faces is one readable line."""

import numpy as np
import pytest

from worker.stages.faces.report import report
from worker.stages.faces.restoration import RestoredFace

CROP = np.zeros((8, 8, 3), np.uint16)


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
    assert report(faces(*[70] * restored), 70, reasons, background) == text


def faces(*strengths: int, drifted: int = 0) -> list[RestoredFace]:
    """Faces kept at these strengths; the last `drifted` ones drifted at what was asked for."""
    steady = len(strengths) - drifted
    return [
        RestoredFace(CROP, np.eye(2, 3), strength, strength < 70 or index >= steady)
        for index, strength in enumerate(strengths)
    ]


@pytest.mark.parametrize(
    ("strengths", "reasons", "background", "text"),
    [
        ((60,), (), 0, "kept 60 %: the face began to drift"),
        ((70, 40), (), 0, "1 face restored at 70 %; 1 kept at 40 %: the face began to drift"),
        ((60, 25, 25), (), 0, "3 kept at 25–60 %: the faces began to drift"),
        (
            (70, 70, 50, 50),
            ("too small",),
            1,
            "2 faces restored at 70 %; 2 kept at 50 %: the faces began to drift; "
            "1 left alone: too small; 1 in the background left alone",
        ),
    ],
)
def test_faces_that_began_to_drift(
    strengths: tuple[int, ...], reasons: tuple[str, ...], background: int, text: str
) -> None:
    assert report(faces(*strengths), 70, reasons, background) == text


@pytest.mark.parametrize(
    ("restored", "drifted", "text"),
    [
        (1, 1, "1 face restored at 70 %; the face began to drift"),
        (3, 1, "3 faces restored at 70 %; 1 of them began to drift"),
        (3, 2, "3 faces restored at 70 %; 2 of them began to drift"),
    ],
)
def test_drift_is_told_where_the_strength_was_asked_for(
    restored: int, drifted: int, text: str
) -> None:
    assert report(faces(*[70] * restored, drifted=drifted), 70, (), 0) == text
