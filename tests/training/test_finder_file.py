"""Tests of the exported finder: OpenCV computes with it what torch does, and the worker uses it."""

from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import torch

from training.finder import Finder, FinderDesign, Head, find
from training.finder_file import write_finder
from worker.faces import FaceFinder


@pytest.fixture
def network() -> Finder:
    """A network with averages unlike those it is born with."""
    torch.manual_seed(3)
    network = FinderDesign((8, 8, 16, 16, 24), 16).build()
    with torch.no_grad():
        for _ in range(3):
            network(torch.rand(2, 3, 64, 64))
    return network.eval()


@pytest.mark.parametrize("size", [(64, 64), (96, 160)])
def test_opencv_computes_the_same(network: Finder, tmp_path: Path, size: tuple[int, int]) -> None:
    write_finder(tmp_path / "finder.onnx", network, {"model": "test"})
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    opened = cv2.dnn.readNetFromONNX(str(tmp_path / "finder.onnx"))
    opened.setInput(cv2.dnn.blobFromImage(picture))
    names = opened.getUnconnectedOutLayersNames()
    said = dict(zip(names, opened.forward(names), strict=True))
    with torch.no_grad():
        guess = network(torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255)
    for name, expected in (
        ("cls", guess.quality.sigmoid()[..., None]),
        ("obj", guess.presence.sigmoid()[..., None]),
        ("bbox", guess.boxes),
        ("kps", guess.points),
    ):
        levels = np.concatenate([said[f"{name}_{stride}"] for stride in (8, 16, 32)], axis=1)
        np.testing.assert_allclose(levels, expected.numpy(), atol=1e-4)


def test_opencv_decodes_as_training_does(network: Finder, tmp_path: Path) -> None:
    """The best find of an untrained network, made sure on the coarse grid: box, points, score."""
    with torch.no_grad():
        for heads in (network.quality, network.presence):
            for number, head in enumerate(heads):
                assert isinstance(head, Head)
                assert head.within.bias is not None
                head.within.bias.fill_(2.0 if number == 2 else -9.0)
    write_finder(tmp_path / "finder.onnx", network, {})
    picture = np.random.default_rng(1).integers(0, 256, (96, 128, 3), np.uint8)
    finder = cv2.FaceDetectorYN.create(str(tmp_path / "finder.onnx"), "", (128, 96), 0.7, 0.3, 500)
    found = finder.detect(np.ascontiguousarray(picture[..., ::-1]))[1]
    tensor = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
    (expected,) = find(network, tensor, least=0.7)
    best = found[found[:, 14].argmax()]
    left, top, width, height = best[:4]
    np.testing.assert_allclose(best[14], expected.scores[0], atol=1e-4)
    np.testing.assert_allclose(best[4:14].reshape(5, 2), expected.points[0], atol=1e-2)
    box = (left, top, left + width, top + height)
    np.testing.assert_allclose(box, expected.boxes[0], atol=1e-2)


def test_a_shift_moves_scores_alone(network: Finder, tmp_path: Path) -> None:
    said = []
    for shift in (0.0, -0.5):
        write_finder(tmp_path / "finder.onnx", network, {}, shift=shift)
        opened = cv2.dnn.readNetFromONNX(str(tmp_path / "finder.onnx"))
        opened.setInput(np.full((1, 3, 64, 64), 90, np.float32))
        names = opened.getUnconnectedOutLayersNames()
        said.append(dict(zip(names, opened.forward(names), strict=True)))
    for name in ("cls_8", "obj_32"):
        plain, moved = (np.log(one[name] / (1 - one[name])) for one in said)
        np.testing.assert_allclose(moved, plain - 0.5, atol=1e-3)
    np.testing.assert_array_equal(said[0]["bbox_8"], said[1]["bbox_8"])


def test_the_worker_takes_the_file(network: Finder, tmp_path: Path) -> None:
    write_finder(tmp_path / "finder.onnx", network, {})
    assert FaceFinder(tmp_path / "finder.onnx").find(np.zeros((64, 64, 3), np.uint16)) == ()


def test_the_file_says_where_it_comes_from(network: Finder, tmp_path: Path) -> None:
    path = tmp_path / "finder.onnx"
    write_finder(path, network, {"model": "darkroom-finder", "licence": "MIT"})
    opened = onnx.load(path)
    assert {row.key: row.value for row in opened.metadata_props}["licence"] == "MIT"
    assert [file.name for file in tmp_path.iterdir()] == ["finder.onnx"]


def test_the_shipped_size_stays_small(tmp_path: Path) -> None:
    network = FinderDesign((16, 32, 64, 64, 96), 64).build()
    write_finder(tmp_path / "finder.onnx", network.eval(), {})
    assert (tmp_path / "finder.onnx").stat().st_size <= 600_000


def test_only_a_finder_is_written(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        write_finder(tmp_path / "finder.onnx", torch.nn.Conv2d(3, 3, 1), {})
