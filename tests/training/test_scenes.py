"""Tests of the composed pictures: what is said to be in them is where it is said to be."""

from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor

from training.backgrounds import Backgrounds, Photo, Region, read_backgrounds
from training.degradations import Draw
from training.poses import BOX, TEMPLATE, draw_pose
from training.scenes import FACE, NOTHING, Scene, SceneMaker, face_pyramid

CPU = torch.device("cpu")


def _draw(seed: int = 0) -> Draw:
    return Draw(torch.Generator().manual_seed(seed), torch.Generator().manual_seed(seed + 1))


def _marked_face() -> Tensor:
    """A black face with white spots at the template's eyes and a red one at its nose."""
    face = torch.zeros(3, 256, 256, dtype=torch.uint8)
    for number, (x, y) in enumerate(TEMPLATE[:3]):
        column, row = round(x * 256), round(y * 256)
        spot = (slice(row - 9, row + 9), slice(column - 9, column + 9))
        face[0][spot] = 255
        if number < 2:
            face[1][spot] = face[2][spot] = 255
    return face


@pytest.fixture(scope="module")
def scene() -> Scene:
    """Twelve pictures of marked faces on plain blue."""
    blue = torch.zeros(3, 300, 400, dtype=torch.uint8)
    blue[2] = 128
    maker = SceneMaker(
        Backgrounds([Photo(blue, ())], device=CPU),
        face_pyramid([_marked_face()], device=CPU),
        size=128,
    )
    return maker.draw(24, _draw())


def test_pictures_are_eight_bit_and_boxes_hold_their_points(scene: Scene) -> None:
    assert scene.pictures.shape == (24, 3, 128, 128)
    levels = scene.pictures * 255
    torch.testing.assert_close(levels, levels.round(), atol=1e-3, rtol=0)
    assert float(scene.pictures.min()) >= 0
    assert float(scene.pictures.max()) <= 1
    chosen = scene.kinds == FACE
    assert int(chosen.sum()) > 20
    points, boxes = scene.points[chosen], scene.boxes[chosen]
    assert bool((points > boxes[:, None, :2] - 1).all())
    assert bool((points < boxes[:, None, 2:] + 1).all())


def test_the_left_eye_is_the_left_one_also_in_mirrored_faces(scene: Scene) -> None:
    points = scene.points[scene.kinds == FACE]
    assert bool((points[:, 0, 0] < points[:, 1, 0]).all())
    assert bool((points[:, 3, 0] < points[:, 4, 0]).all())


def test_noses_are_where_the_points_say(scene: Scene) -> None:
    """The nose's spot has green and blue far below the eyes', whatever the light."""
    right = total = 0
    for picture, points, kinds in zip(scene.pictures, scene.points, scene.kinds, strict=True):
        for face in points[kinds == FACE]:
            if float((face[1] - face[0]).norm()) < 15 or float(face.min()) < 3:
                continue
            if float(face.max()) > 124:
                continue
            eye, _, nose = (
                picture[:, round(float(y)), round(float(x))] for x, y in face[:3].tolist()
            )
            total += 1
            right += float(eye[1]) > float(nose[1]) + 0.05
    assert total > 10
    assert right >= 0.7 * total


def test_the_second_half_mirrors_the_first(scene: Scene) -> None:
    left, _, right, _ = scene.boxes[:12].unbind(2)
    torch.testing.assert_close(scene.boxes[12:, :, 0], 128 - right)
    torch.testing.assert_close(scene.boxes[12:, :, 2], 128 - left)
    assert torch.equal(scene.kinds[:12], scene.kinds[12:])


def test_the_same_seed_gives_the_same_pictures() -> None:
    photo = torch.randint(0, 256, (3, 200, 200), dtype=torch.uint8)
    maker = SceneMaker(
        Backgrounds([Photo(photo, ())], device=CPU),
        face_pyramid([_marked_face()], device=CPU),
        size=64,
    )
    first, second, other = (maker.draw(3, _draw(seed)) for seed in (1, 1, 2))
    assert torch.equal(first.pictures, second.pictures)
    assert torch.equal(first.boxes, second.boxes)
    assert not torch.equal(first.pictures, other.pictures)
    assert first.pictures.shape == (3, 3, 64, 64)


def test_a_pose_maps_the_template_to_its_points() -> None:
    pose = draw_pose(50, (10, 30), size=256, taken=torch.zeros(50, 0, 4), draw=_draw())
    eyes = (pose.points[:, 1] - pose.points[:, 0]).norm(dim=1)
    assert float(eyes.min()) > 8
    assert float(eyes.max()) < 33
    nose = pose.matrix @ (torch.tensor(TEMPLATE[2]) - torch.tensor(BOX[:2])) + pose.centre - 0.5
    torch.testing.assert_close(nose, pose.points[:, 2])
    assert bool(pose.free.all())
    full = torch.tensor([0.0, 0, 256, 256]).expand(50, 1, 4)
    assert not draw_pose(50, (10, 30), size=256, taken=full, draw=_draw()).free.any()


def test_backgrounds_keep_away_from_faces() -> None:
    photo = torch.zeros(3, 300, 400, dtype=torch.uint8)
    photo[:, 60:240, 100:260] = 255
    face = Region(0.25, 0.2, 0.65, 0.8)
    backgrounds = Backgrounds([Photo(photo, (face,))], device=CPU)
    pieces = backgrounds.draw(20, 64, _draw())
    assert pieces.shape == (20, 3, 64, 64)
    assert float(pieces.max()) < 0.2
    with pytest.raises(ValueError, match="without faces"):
        Backgrounds([Photo(photo, (Region(0, 0, 1, 1),))], device=CPU)


def test_a_list_beside_the_photos_says_where_faces_are(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    file = tmp_path / "photos" / "a.png"
    Image.new("RGB", (40, 30), "red").save(file)
    assert read_backgrounds([file])[0].faces == ()
    (tmp_path / "photo_faces.csv").write_text(
        "photo,width,height,left,top,right,bottom\na.png,40,30,0,0,0.5,1\na.png,41,30,0,0,1,1\n"
    )
    (photo,) = read_backgrounds([file])
    assert photo.faces == (Region(0, 0, 0.5, 1),)
    assert photo.pixels.shape == (3, 30, 40)


def test_some_pictures_hold_nothing(scene: Scene) -> None:
    assert bool((scene.kinds == NOTHING).any())
