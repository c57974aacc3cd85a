"""Which of the faces in a photo it is about."""

from collections.abc import Sequence

import numpy as np

from worker.faces import Face

__all__ = ["in_front"]

_NEARLY = 0.6
_CENTRE = 0.35


def in_front(faces: Sequence[Face], width: int, height: int) -> tuple[Face, ...]:
    """The main face of a photo of that size, and those that are nearly as large.

    The main face is the largest; one in a corner of the photo counts a third less than one in its
    middle. "Nearly" is 0.6 of its side: people in one group differ by less, passers-by by more.
    """
    if not faces:
        return ()

    def weight(face: Face) -> float:
        x, y = face.box.left + face.box.width / 2, face.box.top + face.box.height / 2
        away = np.hypot(x / width - 0.5, y / height - 0.5) / np.hypot(0.5, 0.5)
        return _side(face) * (1 - _CENTRE * float(away))

    main = max(faces, key=weight)
    return tuple(face for face in faces if _side(face) >= _NEARLY * _side(main))


def _side(face: Face) -> float:
    return float(np.sqrt(face.box.width * face.box.height))
