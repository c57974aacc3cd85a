"""Finds faces: a box and five points each."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import ModelUnavailable
from worker.imaging.photo import Box, Pixels, to_eight_bits

__all__ = ["Face", "FaceFinder"]

_LONG_EDGE = 1280
_THRESHOLD = 0.7
_OVERLAP = 0.3


@dataclass(frozen=True, eq=False)
class Face:
    """One face in pixels of the photo it was found in.

    `points` are 5×2 (x, y): the eyes and the corners of the mouth from the left to the right of
    the picture with the nose between them, in the order of the alignment template.
    """

    box: Box
    points: NDArray[np.float32]
    score: float

    @property
    def eye_distance(self) -> float:
        """Pixels between the eyes."""
        return float(np.hypot(*(self.points[1] - self.points[0])))


class FaceFinder:
    """OpenCV's YuNet (W. Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023).

    Runs on the CPU over a copy of at most 1280 pixels. Raises ModelUnavailable if the file is not
    a YuNet network.
    """

    def __init__(self, path: Path) -> None:
        level = cv2.utils.logging.getLogLevel()
        # OpenCV 5 warns on every network that its new engine ignores the target.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        try:
            self._network = cv2.FaceDetectorYN.create(
                str(path), "", (320, 320), _THRESHOLD, _OVERLAP, 500
            )
            self.find(np.zeros((64, 64, 3), np.uint16))
        except cv2.error as error:
            raise ModelUnavailable(f"The face finder {path.name} cannot be read.") from error
        finally:
            cv2.utils.logging.setLogLevel(level)

    def find(self, pixels: Pixels) -> tuple[Face, ...]:
        """The faces in H×W×3 RGB pixels, the largest first."""
        height, width = pixels.shape[:2]
        factor = min(1.0, _LONG_EDGE / max(height, width))
        small = pixels
        if factor < 1:
            size = (max(1, round(width * factor)), max(1, round(height * factor)))
            small = cast("Pixels", cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
        self._network.setInputSize((small.shape[1], small.shape[0]))
        blue_first = np.ascontiguousarray(to_eight_bits(small)[..., ::-1])
        # OpenCV's own types leave out that nothing found is None.
        found: Any = self._network.detect(blue_first)[1]
        if found is None:
            return ()
        back = np.array([width / small.shape[1], height / small.shape[0]], np.float32)
        faces = [_face(row, back, width, height) for row in found]
        return tuple(sorted(faces, key=lambda face: face.box.width * face.box.height, reverse=True))


def _face(row: NDArray[np.float32], back: NDArray[np.float32], width: int, height: int) -> Face:
    # Points sit at pixel centres, which move by half a pixel when a picture is resized.
    points = (row[4:14].reshape(5, 2) + 0.5) * back - 0.5
    left, top = np.maximum(row[0:2] * back, 0)
    right, bottom = np.minimum((row[0:2] + row[2:4]) * back, (width, height))
    box = Box(round(left), round(top), max(1, round(right - left)), max(1, round(bottom - top)))
    return Face(box, points.astype(np.float32), float(row[14]))
