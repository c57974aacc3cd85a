"""Finds faces: a box and five points each."""

import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import ModelUnavailable
from core.language import _
from worker.imaging.photo import Box, Pixels, to_eight_bits

__all__ = ["Face", "FaceFinder"]

_LONG_EDGE = 1280
_SMALL_EDGE, _MOST_GROWTH = 640, 4
_WHOLE_EDGE, _LARGE = 320, 0.2
_UPRIGHT_SIDE, _TILT, _LOOKS = 256, 8.0, 2
_THRESHOLD = 0.7
_OVERLAP = 0.3
_COVERED = 0.6
"""Two finds are one face if they share this much of the smaller box."""


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

    @property
    def tilt(self) -> float:
        """Degrees by which the head leans to the right of the picture, from all five points."""
        eyes, mouth = self.points[:2], self.points[3:]
        down = mouth.mean(axis=0) - eyes.mean(axis=0)
        across = eyes[1] - eyes[0] + mouth[1] - mouth[0] + (down[1], -down[0])
        return float(np.degrees(np.arctan2(across[1], across[0])))


class FaceFinder:
    """OpenCV's YuNet (W. Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023).

    Runs on the CPU over two copies of a photo, since the network knows faces of some 15 to 500
    pixels: one with a long edge of 640 to 1280, where small faces are seen, and one of 320, where
    a face that fills the photo is. From the latter only faces of a fifth of the photo are taken;
    smaller things look like faces more easily there. Raises ModelUnavailable if the file is not a
    network with YuNet's inputs and outputs.
    """

    def __init__(self, path: Path) -> None:
        # The network keeps the size of its input between the two calls of a find.
        self._one_at_a_time = threading.Lock()
        level = cv2.utils.logging.getLogLevel()
        # OpenCV 5 warns on every network that its new engine ignores the target.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
        try:
            self._network = cv2.FaceDetectorYN.create(
                str(path), "", (320, 320), _THRESHOLD, _OVERLAP, 500
            )
            self.find(np.zeros((64, 64, 3), np.uint16))
        except cv2.error as error:
            raise ModelUnavailable(
                _("The face finder {file} cannot be read.").format(file=path.name)
            ) from error
        finally:
            cv2.utils.logging.setLogLevel(level)

    def find(self, pixels: Pixels) -> tuple[Face, ...]:
        """The faces in H×W×3 RGB pixels, the largest first."""
        height, width = pixels.shape[:2]
        edge = max(height, width)
        fine = min(_LONG_EDGE, max(edge, min(_SMALL_EDGE, _MOST_GROWTH * edge)))
        found = self._find_at(pixels, fine / edge)
        if fine > _WHOLE_EDGE:
            coarse = self._find_at(pixels, _WHOLE_EDGE / edge)
            found += [face for face in coarse if max(face.box[2:]) > _LARGE * edge]
        faces = _single(found)
        for _look in range(_LOOKS):
            faces = [self._seen_upright(pixels, face) for face in faces]
        return tuple(sorted(faces, key=_area, reverse=True))

    def _find_at(self, pixels: Pixels, factor: float) -> list[Face]:
        height, width = pixels.shape[:2]
        copy = _resized(pixels, factor)
        blue_first = np.ascontiguousarray(to_eight_bits(copy)[..., ::-1])
        with self._one_at_a_time:
            self._network.setInputSize((copy.shape[1], copy.shape[0]))
            # OpenCV's own types leave out that nothing found is None.
            found: Any = self._network.detect(blue_first)[1]
        if found is None:
            return []
        back = np.array([width / copy.shape[1], height / copy.shape[0]], np.float32)
        return [_face(row, back, width, height) for row in found]

    def _seen_upright(self, pixels: Pixels, face: Face) -> Face:
        """The face with points from another look at it with its eyes level, if it is tilted.

        The network draws points of tilted faces towards where upright ones have them: by 10 of 50
        pixels between the eyes at 30 degrees and 19 at 45, after one more look by 6 and 6 to 11,
        after two by 5 and 5 to 8; upright ones are off by 3.5.
        """
        if abs(face.tilt) < _TILT:
            return face
        centre = face.points.mean(axis=0)
        reach = max(face.box.width, face.box.height)
        height, width = pixels.shape[:2]
        left, top = np.clip(centre.astype(int) - reach, 0, (width - 1, height - 1))
        right, bottom = np.clip(centre.astype(int) + reach, 1, (width, height))
        region = pixels[top:bottom, left:right]
        copy = _resized(region, _UPRIGHT_SIDE / (2 * reach))
        ratio = np.array(copy.shape[1::-1]) / region.shape[1::-1]
        middle = (centre - (left, top) + 0.5) * ratio - 0.5
        turn = cv2.getRotationMatrix2D((float(middle[0]), float(middle[1])), face.tilt, 1)
        turn[:, 2] += _UPRIGHT_SIDE / 2 - middle
        upright = cv2.warpAffine(
            copy, turn, (_UPRIGHT_SIDE, _UPRIGHT_SIDE), borderMode=cv2.BORDER_REPLICATE
        )
        found = self._find_at(cast("Pixels", upright), 1)
        if not found:
            return face
        points = max(found, key=_area).points
        back = cv2.invertAffineTransform(turn)
        points = (points @ back[:, :2].T + back[:, 2] + 0.5) / ratio - 0.5 + (left, top)
        if np.abs(points - face.points).max() > reach / 2:
            return face  # It saw another face.
        return replace(face, points=points.astype(np.float32))


def _resized(pixels: Pixels, factor: float) -> Pixels:
    if factor == 1:
        return pixels
    height, width = pixels.shape[:2]
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    return cast("Pixels", cv2.resize(pixels, size, interpolation=way))


def _single(faces: list[Face]) -> list[Face]:
    """Each face once, as it was found most surely."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: face.score, reverse=True):
        if all(_shared(face.box, other.box) < _COVERED for other in kept):
            kept.append(face)
    return kept


def _shared(one: Box, other: Box) -> float:
    """What two boxes have in common, as a share of the smaller."""
    width = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    height = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    smaller = min(one.width * one.height, other.width * other.height)
    return max(0, width) * max(0, height) / smaller


def _area(face: Face) -> int:
    return face.box.width * face.box.height


def _face(row: NDArray[np.float32], back: NDArray[np.float32], width: int, height: int) -> Face:
    # Points sit at pixel centres, which move by half a pixel when a picture is resized.
    points = (row[4:14].reshape(5, 2) + 0.5) * back - 0.5
    left, top = np.maximum(row[0:2] * back, 0)
    right, bottom = np.minimum((row[0:2] + row[2:4]) * back, (width, height))
    box = Box(round(left), round(top), max(1, round(right - left)), max(1, round(bottom - top)))
    return Face(box, points.astype(np.float32), float(row[14]))
