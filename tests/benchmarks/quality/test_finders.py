from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.quality.finders import face_free, measure_finders, scenes
from benchmarks.quality.landmarks import Points, template_points
from worker.faces import Face
from worker.imaging.photo import Box, Pixels


class Knowing:
    """A finder that knows the scenes, and sees `extra` faces in every other picture."""

    def __init__(self, known: dict[bytes, tuple[Points, ...]], off: float, extra: int = 0) -> None:
        self.known, self.off, self.extra = known, off, extra

    def find(self, pixels: Pixels) -> tuple[Face, ...]:
        points = self.known.get(pixels.tobytes())
        if points is None:
            points = (template_points(40),) * self.extra
        return tuple(Face(Box(0, 0, 1, 1), own + np.float32(self.off), 0.9) for own in points)


@pytest.fixture
def marked_face(tmp_path: Path) -> list[Path]:
    """A black crop with the five points in white."""
    levels = np.zeros((256, 256, 3), np.uint8)
    for x, y in template_points(256):
        levels[round(float(y)) - 3 : round(float(y)) + 4, round(float(x)) - 3 :][:, :7] = 255
    path = tmp_path / "marked.png"
    Image.fromarray(levels).save(path)
    return [path]


@pytest.fixture
def plain_photos(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{name}.png" for name in ("one", "two", "three")]
    for path in paths:
        Image.new("RGB", (512, 384), (60, 60, 60)).save(path)
    return paths


def test_points_lie_where_the_face_was_set_in(
    marked_face: list[Path], plain_photos: list[Path]
) -> None:
    made = scenes(marked_face * 8, plain_photos)
    assert sum(len(scene.points) for scene in made) == 16
    for scene in made:
        light = scene.picture.astype(float).mean(2)
        for points in scene.points:
            eyes = float(np.hypot(*(points[1] - points[0])))
            assert 9.9 < eyes < 0.17 * 384
            assert abs(np.degrees(np.arctan2(*(points[1] - points[0])[::-1]))) < 30.2
            reach = max(2, round(eyes / 8))
            for x, y in points.round().astype(int):
                spot = light[y - reach : y + reach + 1, x - reach : x + reach + 1]
                weight = np.clip(spot - np.median(spot), 0, None) ** 2
                grid = np.arange(-reach, reach + 1)
                away = np.hypot((weight.sum(0) * grid).sum(), (weight.sum(1) * grid).sum())
                assert away / weight.sum() < max(1.0, 0.05 * eyes)


def test_scenes_repeat(marked_face: list[Path], plain_photos: list[Path]) -> None:
    one, two = scenes(marked_face, plain_photos), scenes(marked_face, plain_photos)
    assert [scene.picture.tobytes() for scene in one] == [scene.picture.tobytes() for scene in two]


def test_a_photo_without_room_is_refused(marked_face: list[Path], tmp_path: Path) -> None:
    Image.new("RGB", (48, 300)).save(tmp_path / "strip.png")
    with pytest.raises(ValueError, match=r"strip\.png is too small"):
        scenes(marked_face, [tmp_path / "strip.png"])


def test_recall_errors_and_false_finds(marked_face: list[Path], plain_photos: list[Path]) -> None:
    made = scenes(marked_face * 5, plain_photos)
    known = {(scene.picture.astype(np.uint16) * 257).tobytes(): scene.points for scene in made}
    finders = {
        "right": Knowing(known, 0),
        "off": Knowing(known, 0.7),
        "wild": Knowing(known, 1000, extra=2),
    }
    right, off, wild = measure_finders(marked_face * 5, plain_photos, finders)
    assert (right.faces, right.photos) == (10, 3)
    assert (right.recall, right.error, right.surplus, right.false_finds) == (1, 0, 0, 0)
    eyes = [np.hypot(*(p[1] - p[0])) for scene in made for p in scene.points]
    assert off.error == pytest.approx(np.mean([0.7 * 2**0.5 / eye * 100 for eye in eyes]), rel=1e-3)
    assert (wild.recall, wild.error, wild.surplus, wild.false_finds) == (0, None, 10, 40)


def test_photos_with_heads_are_left_out(tmp_path: Path) -> None:
    photos = [tmp_path / name for name in ("159550.png", "1025469.png", "mine.png")]
    assert [photo.stem for photo in face_free(photos, ["mine"])] == ["1025469"]
