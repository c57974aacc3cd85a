"""Faces set into photos at known places, and how many of them a finder finds."""

import math
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from benchmarks.quality.damage import jpeg
from benchmarks.quality.landmarks import Finder, Points, matched, template_points
from benchmarks.quality.photos import clean_photo
from worker.imaging.photo import to_sixteen_bits

__all__ = ["WITH_HEADS", "FinderRow", "Scene", "face_free", "measure_finders", "scenes"]

WITH_HEADS: Mapping[str, str] = {
    "1044329": "people in a street, seen from above",
    "1418519": "two heads from behind",
    "159550": "a baseball player",
    "162520": "a rider",
    "164595": "a drawn face on the wall",
    "2190188": "football players",
    "2389166": "people on a bridge",
    "2670327": "cooks",
    "297394": "paintings of people",
    "5055743": "two men at a table",
    "6292444": "a man with a ball",
    "7062219": "a woman in a street",
}
"""Photos of CID22's validation set that show a head, found by looking at all of them. Photos with
no more than a hand or an arm stay: a finder has to pass them by."""

ROUNDS = 2
_EYE_DISTANCES = (10.0, 80.0)
_MOST_TURN = 30.0
_MOST_FACES = 3
_TRIES = 30
_MOST_OF_PHOTO = 0.16
"""Largest eye distance as a share of the photo's shorter side; a turned crop then has room."""

_LEAST_SIDE = 64


@dataclass(frozen=True, eq=False)
class Scene:
    """A photo with faces set in, and their points, each 5×2 (x, y) in pixels."""

    picture: NDArray[np.uint8]
    points: tuple[Points, ...]


@dataclass(frozen=True)
class FinderRow:
    """What one finder did.

    `recall` is the share of the known faces that it found, `error` the mean distance of their
    points from the known ones in percent of the eye distance. `surplus` are finds in the scenes
    that fit no known face, `false_finds` those in face-free photos, per 20 of them. `seconds` is
    the median for a photo.
    """

    finder: str
    faces: int
    recall: float
    error: float | None
    surplus: int
    photos: int
    false_finds: float
    seconds: float


def measure_finders(
    faces: Sequence[Path], photos: Sequence[Path], finders: Mapping[str, Finder]
) -> list[FinderRow]:
    """Measure every finder on aligned `faces` set into face-free `photos`, and on these alone."""
    made = scenes(faces, photos)
    empty = [np.asarray(clean_photo(photo)) for photo in photos]
    return [_measured(name, finder, made, empty) for name, finder in finders.items()]


def face_free(photos: Sequence[Path], also: Sequence[str] = ()) -> list[Path]:
    """The photos that show no head: without those of `WITH_HEADS` and `also`, by their stem."""
    return [photo for photo in photos if photo.stem not in {*WITH_HEADS, *also}]


def scenes(faces: Sequence[Path], photos: Sequence[Path]) -> list[Scene]:
    """Photos with one to three of the faces each, until every face was set in twice.

    Drawn by chance, always the same: the eye distance (10 to 80 pixels), the turn (up to 30°), the
    light (of the face and of the whole) and JPEG quality (40 to 95). Raises ValueError for photos
    of less than 64 pixels a side.
    """
    chance = np.random.default_rng(zlib.crc32(b"faces set into photos"))
    waiting = [file for _ in range(ROUNDS) for file in faces]
    made: list[Scene] = []
    while waiting:
        file = photos[len(made) % len(photos)]
        photo = clean_photo(file)
        if min(photo.size) < _LEAST_SIDE:
            raise ValueError(f"{file.name} is too small to set faces in")
        count = min(int(chance.integers(1, _MOST_FACES + 1)), len(waiting))
        some, waiting = waiting[:count], waiting[count:]
        scene, left_over = _scene(photo, some, chance)
        made.append(scene)
        waiting += left_over
    return made


def _measured(
    name: str, finder: Finder, made: Sequence[Scene], empty: Sequence[NDArray[np.uint8]]
) -> FinderRow:
    errors, surplus, seconds = [], 0, []
    for scene in made:
        pixels = to_sixteen_bits(scene.picture)
        begun = time.perf_counter()
        found = finder.find(pixels)
        seconds.append(time.perf_counter() - begun)
        own = matched(found, scene.points)
        right = [pair[1] for pair in own if pair is not None]
        errors += right
        surplus += len(found) - len(right)
    false_finds = sum(len(finder.find(to_sixteen_bits(picture))) for picture in empty)
    known = sum(len(scene.points) for scene in made)
    return FinderRow(
        name,
        known,
        len(errors) / known,
        float(np.mean(errors)) if errors else None,
        surplus,
        len(empty),
        false_finds / len(empty) * 20,
        float(np.median(seconds)),
    )


def _scene(
    photo: Image.Image, files: Sequence[Path], chance: np.random.Generator
) -> tuple[Scene, list[Path]]:
    """The photo with the faces in it, and those for which there was no room."""
    taken: list[tuple[float, float, float]] = []
    points, left_over = [], []
    for file in files:
        low, high = _EYE_DISTANCES
        high = max(low, min(high, min(photo.size) * _MOST_OF_PHOTO))
        eyes = math.exp(chance.uniform(math.log(low), math.log(high)))
        turn = chance.uniform(-_MOST_TURN, _MOST_TURN)
        side = eyes / _eye_share()
        place = _free_place(photo.size, side, turn, taken, chance)
        if place is None:
            left_over.append(file)
            continue
        taken.append((*place, side))
        face = ImageEnhance.Brightness(clean_photo(file)).enhance(chance.uniform(0.7, 1.3))
        photo, own = _set_in(photo, face, side, turn, place)
        points.append(own)
    light = chance.uniform(0.6, 1.2) * chance.uniform(0.92, 1.08, 3)
    lit = np.clip(np.asarray(photo) * light, 0, 255).round().astype(np.uint8)
    coded = jpeg(Image.fromarray(lit), int(chance.integers(40, 96)))
    return Scene(np.asarray(coded), tuple(points)), left_over


def _eye_share() -> float:
    """The eye distance of the template as a share of the crop's side."""
    points = template_points(512)
    return float(np.hypot(*(points[1] - points[0]))) / 512


def _free_place(
    size: tuple[int, int],
    side: float,
    turn: float,
    taken: Sequence[tuple[float, float, float]],
    chance: np.random.Generator,
) -> tuple[float, float] | None:
    """A middle for a crop that lies in the photo and away from the others, if chance finds one."""
    angle = math.radians(turn)
    reach = side / 2 * (abs(math.cos(angle)) + abs(math.sin(angle)))
    for _ in range(_TRIES):
        draw = chance.uniform(0, 1, 2)
        x, y = (reach + one * (length - 2 * reach) for one, length in zip(draw, size, strict=True))
        inside = all(2 * reach <= length for length in size)
        if inside and all(
            math.hypot(x - other_x, y - other_y) > 0.6 * (side + other)
            for other_x, other_y, other in taken
        ):
            return x, y
    return None


def _set_in(
    photo: Image.Image,
    face: Image.Image,
    side: float,
    turn: float,
    place: tuple[float, float],
) -> tuple[Image.Image, Points]:
    """The photo with the face's crop at `side` pixels, turned and blended through a soft oval."""
    own = max(8, min(face.width, round(side)))
    face = face.resize((own, own), Image.Resampling.LANCZOS)
    angle, scale = math.radians(turn), side / own
    forth = scale * np.array(
        [(math.cos(angle), -math.sin(angle)), (math.sin(angle), math.cos(angle))]
    )
    back = np.linalg.inv(forth)
    offset = own / 2 - back @ place
    matrix = (*back[0], offset[0], *back[1], offset[1])
    moved, mask = (
        picture.transform(photo.size, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)
        for picture in (face, _oval(own))
    )
    # Pillow counts from pixel corners, points from pixel centres.
    points = (template_points(own) + 0.5 - own / 2) @ forth.T + place - 0.5
    return Image.composite(moved, photo, mask), points.astype(np.float32)


def _oval(side: int) -> Image.Image:
    """255 over head and hair, falling to 0 at the crop's edge."""
    line = (np.arange(side) + 0.5) / side * 2 - 1
    across, down = np.meshgrid(line, line)
    reach = np.hypot(across / 0.92, down / 0.98)
    share = np.clip((1 - reach) / 0.2, 0, 1)
    return Image.fromarray((share * share * (3 - 2 * share) * 255).round().astype(np.uint8))
