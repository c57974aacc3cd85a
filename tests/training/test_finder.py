"""Tests of the face finder: network, coding, assignment and loss, and that it can learn."""

import torch

from training.finder import FinderDesign, Guess, decode, find, places
from training.finding import finding_loss
from training.scenes import FACE, HIDDEN, NOTHING, Scene

_SMALL = FinderDesign((8, 8, 16, 16, 16), 16)


def _scene(*faces: tuple[float, float, float, int], size: int = 96) -> Scene:
    """One grey picture with faces given as (centre x, centre y, side, kind)."""
    boxes, points, kinds = [], [], []
    for x, y, side, kind in faces:
        half = side / 2
        boxes.append([x - half, y - half, x + half, y + half])
        around = ((-0.25, -0.2), (0.25, -0.2), (0, 0.05), (-0.2, 0.3), (0.2, 0.3))
        points.append([[x + right * side, y + down * side] for right, down in around])
        kinds.append(kind)
    return Scene(
        torch.full((1, 3, size, size), 0.5),
        torch.tensor(boxes)[None],
        torch.tensor(points)[None],
        torch.tensor(kinds)[None],
    )


def _perfect(scene: Scene) -> Guess:
    """Every place says exactly the first face; sure are those that training would choose."""
    size = scene.pictures.shape[2]
    corners, strides = places(size, size, torch.device("cpu"))
    box, points = scene.boxes[0, 0], scene.points[0, 0]
    centre = ((box[:2] + box[2:]) / 2 - corners) / strides[:, None]
    sides = ((box[2:] - box[:2]) / strides[:, None]).log()
    shifts = (points - corners[:, None]) / strides[:, None, None]
    middle = (corners + strides[:, None] / 2 - (box[:2] + box[2:]) / 2).abs().amax(1)
    reach = strides * torch.where(strides == 8, 1.5, 0.5)
    sure = torch.where((middle < reach) & (strides < 32), 12.0, -12.0)[None]
    return Guess(sure, sure, torch.cat([centre, sides], 1)[None], shifts.flatten(1)[None])


def test_it_answers_at_every_place_of_three_grids() -> None:
    guess = _SMALL.build()(torch.rand(2, 3, 64, 96))
    count = 8 * 12 + 4 * 6 + 2 * 3
    assert guess.quality.shape == guess.presence.shape == (2, count)
    assert guess.boxes.shape == (2, count, 4)
    assert guess.points.shape == (2, count, 10)
    assert len(places(64, 96, torch.device("cpu"))[0]) == count


def test_boxes_and_points_are_coded_as_opencv_decodes_them() -> None:
    size = 64
    boxes, points = torch.zeros(1, 84, 4), torch.zeros(1, 84, 10)
    place = 64 + 1 * 4 + 2  # Stride 16, row 1, column 2.
    boxes[0, place] = torch.tensor([0.5, 0.25, 0.0, 0.6931472])
    points[0, place] = torch.arange(10) / 10
    box, point = decode(boxes, points, size, size)
    torch.testing.assert_close(box[0, place], torch.tensor([32.0, 4.0, 48.0, 36.0]))
    torch.testing.assert_close(point[0, place, 3], torch.tensor([(2 + 0.6) * 16, (1 + 0.7) * 16]))


def test_every_wrong_answer_costs_more_than_the_right_one() -> None:
    scene = _scene((44, 52, 40, FACE))
    right = _perfect(scene)
    least = float(finding_loss(right, scene))
    for wrong in (
        right._replace(points=right.points + 0.2),
        right._replace(boxes=right.boxes + 0.2),
        right._replace(presence=-right.presence),
        right._replace(quality=-right.quality),
    ):
        assert float(finding_loss(wrong, scene)) > least + 0.1


def test_a_face_that_hardly_shows_is_neither_asked_for_nor_forbidden() -> None:
    seen, hidden, none = (_scene((44, 52, 40, kind)) for kind in (FACE, HIDDEN, NOTHING))
    found = _perfect(seen)
    nothing = found._replace(
        quality=torch.full_like(found.quality, -12), presence=torch.full_like(found.presence, -12)
    )
    for guess in (found, nothing):
        assert float(finding_loss(guess, hidden)) < 0.05
    assert float(finding_loss(found, none)) > 1
    assert float(finding_loss(nothing, seen)) > 1


def test_two_faces_are_told_apart() -> None:
    scene = _scene((24, 24, 24, FACE), (72, 72, 24, FACE))
    guess = _SMALL.build()(scene.pictures)
    finding_loss(guess, scene).backward()  # type: ignore[no-untyped-call]
    first = _perfect(_scene((24, 24, 24, FACE)))
    assert float(finding_loss(first, scene)) > float(
        finding_loss(first, _scene((24, 24, 24, FACE)))
    )


class _Said(torch.nn.Module):
    """Answers with what it was given."""

    def __init__(self, guess: Guess) -> None:
        super().__init__()
        self.guess = guess

    def forward(self, _: torch.Tensor) -> Guess:
        return self.guess


def test_finding_keeps_one_box_a_face() -> None:
    scene = _scene((44, 52, 40, FACE))
    (found,) = find(_Said(_perfect(scene)), scene.pictures, least=0.5)
    assert len(found.scores) == 1
    torch.testing.assert_close(found.boxes, scene.boxes[0])
    torch.testing.assert_close(found.points, scene.points[0])
    (nothing,) = find(_Said(_perfect(scene)), scene.pictures, least=1.1)
    assert len(nothing.scores) == 0


def test_it_learns_one_picture_by_heart() -> None:
    torch.manual_seed(0)
    scene = _scene((24, 32, 32, FACE), size=64)
    scene.pictures[0, :, 16:48, 8:40] = torch.tensor([0.9, 0.6, 0.4])[:, None, None]
    network = FinderDesign((8, 8, 8, 16, 16), 8, deep=1).build()
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-2)
    pictures = scene.pictures.flip(1)
    for _ in range(50):
        loss = finding_loss(network(pictures), scene)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    (found,) = find(network, scene.pictures, least=0.5)
    assert len(found.scores) == 1
    assert float((found.points[0] - scene.points[0, 0]).norm(dim=1).mean()) < 0.2 * 16
