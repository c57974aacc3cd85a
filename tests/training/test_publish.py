import json
from pathlib import Path

import pytest
from PIL import Image

from training import publish
from training.__main__ import main
from training.card import read_log
from training.recipes import RECIPES


@pytest.fixture(scope="module")
def trained(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every model, trained for two steps by the one command."""
    out = tmp_path_factory.mktemp("out")
    common = ["--tiny", "--device", "cpu", "--threads", "1", "--steps", "2"]
    assert main(["all", "--data", str(data_folder), "--out", str(out), *common]) == 0
    return out


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_finished_training_becomes_a_shipped_model(
    trained: Path, tmp_path: Path, name: str
) -> None:
    recipe = RECIPES[name]
    model, shipped, figures = recipe.model, tmp_path / "shipped", tmp_path / "figures.json"
    kind = "detect" if name == "face-find" else "image"
    figures.write_text(json.dumps(figures_of(model, recipe.scale, kind)))
    arguments = [model, "--from", str(trained), "--to", str(shipped), "--figures", str(figures)]
    (tmp_path / "data.md").write_text("- Two photos of a cat.\n")
    arguments += ["--data-note", str(tmp_path / "data.md"), "--note", "It was stopped once."]
    assert publish.main(arguments) == 0

    ends = ("-curve.png", "-example.jpg", "-log.csv", ".md", recipe.suffix)
    assert sorted(file.name for file in shipped.iterdir()) == [f"{model}{end}" for end in ends]
    assert (shipped / f"{model}{recipe.suffix}").read_bytes() == (
        trained / f"{model}{recipe.suffix}"
    ).read_bytes()
    card = (shipped / f"{model}.md").read_text()
    assert recipe.purpose.lower() in card.lower()
    assert "another" not in card
    assert "Two photos of a cat." in card
    assert "It was stopped once." in card
    assert "Licence: MIT" in card
    assert f"![example]({model}-example.jpg)" in card
    figure = f"| {model} | 30 | 97.0% |" if kind == "detect" else f"| a task | {model} | 30.13 |"
    assert figure in card
    logs = [(folder / f"{model}-log.csv").read_text() for folder in (shipped, trained)]
    assert logs[0] == logs[1]
    assert [row.step for row in read_log(shipped / f"{model}-log.csv")] == [2]
    with Image.open(shipped / f"{model}-example.jpg") as example:
        assert min(example.size) >= 240


def figures_of(model: str, scale: int, kind: str) -> dict[str, object]:
    """A report of the benchmark with a row of this model and one of another."""
    values = {"psnr_y": 30.126, "psnr_rgb": 29, "ssim": 0.9, "haarpsi": 0.8, "sharpness": 1}
    row = {"task": "a task", "method": model, "scale": scale, **values}
    finder = {"finder": model, "faces": 30, "recall": 0.97, "error": 4.2, "surplus": 0}
    finder |= {"photos": 20, "false_finds": 0.5, "seconds": 0.1}
    photos = [row, {**row, "scale": 8, "task": "another scale"}, {**row, "method": "another"}]
    return {
        "about": "Means.",
        "plain": ["input"],
        "rows": [] if kind == "detect" else photos,
        "faces": [],
        "finders": [finder, {**finder, "finder": "another"}] if kind == "detect" else [],
        "notes": [],
    }


def test_an_unknown_model_ends_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert publish.main(["upscaler", "--from", str(tmp_path), "--to", str(tmp_path)]) == 2
    assert "No recipe makes upscaler" in capsys.readouterr().err


def test_a_missing_training_ends_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["darkroom-x4", "--from", str(tmp_path), "--to", str(tmp_path / "to")]
    assert publish.main(arguments) == 2
    assert "There is no darkroom-x4.safetensors" in capsys.readouterr().err
    assert not (tmp_path / "to").exists()
