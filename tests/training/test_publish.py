import json
from pathlib import Path

import pytest
from PIL import Image

from training import publish
from training.__main__ import main
from training.card import read_log


@pytest.mark.parametrize(
    ("name", "model"), [("upscale-x2", "darkroom-x2"), ("denoise", "darkroom-denoise")]
)
def test_a_finished_training_becomes_a_shipped_model(
    data_folder: Path, tmp_path: Path, name: str, model: str
) -> None:
    out, shipped, figures = tmp_path / "out", tmp_path / "shipped", tmp_path / "figures.json"
    common = ["--tiny", "--device", "cpu", "--threads", "1", "--steps", "4", "--mark-every", "0"]
    assert main([name, "--data", str(data_folder), "--out", str(out), *common]) == 0
    row = {"task": "a task", "method": model, "psnr_y": 30.126, "psnr_rgb": 29, "ssim": 0.9}
    scale = 1 if name == "denoise" else 2
    others = [
        {**row, "scale": scale},
        {**row, "scale": 4, "task": "another scale"},
        {**row, "scale": scale, "method": "another-model"},
    ]
    figures.write_text(json.dumps({"about": "Means.", "plain": ["input"], "rows": others}))
    arguments = [model, "--from", str(out), "--to", str(shipped), "--figures", str(figures)]
    (tmp_path / "data.md").write_text("- Two photos of a cat.\n")
    arguments += ["--data-note", str(tmp_path / "data.md"), "--note", "It was stopped once."]
    assert publish.main(arguments) == 0

    assert sorted(file.name for file in shipped.iterdir()) == [
        f"{model}{end}" for end in ("-curve.png", "-example.jpg", "-log.csv", ".md", ".safetensors")
    ]
    card = (shipped / f"{model}.md").read_text()
    assert f"| a task | {model} | 30.13 | 29.00 | 0.9000 |" in card
    assert "another" not in card
    assert "Two photos of a cat." in card
    assert "It was stopped once." in card
    assert f"![example]({model}-example.jpg)" in card
    assert read_log(shipped / f"{model}-log.csv") == read_log(out / f"{model}-log.csv")
    assert [row.step for row in read_log(shipped / f"{model}-log.csv")] == [1, 2, 3, 4]
    with Image.open(shipped / f"{model}-example.jpg") as example:
        assert example.size == (720, 240)


def test_a_missing_training_ends_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["darkroom-x4", "--from", str(tmp_path), "--to", str(tmp_path / "to")]
    assert publish.main(arguments) == 2
    assert "There is no darkroom-x4.safetensors" in capsys.readouterr().err
    assert not (tmp_path / "to").exists()
