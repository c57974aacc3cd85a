import csv
from pathlib import Path

import pytest
from spandrel import ImageModelDescriptor, ModelLoader

from training.__main__ import main
from training.export import read_metadata


def run(name: str, data: Path, out: Path, *more: str) -> int:
    common = ["--tiny", "--device", "cpu", "--threads", "1"]
    return main([name, "--data", str(data), "--out", str(out), *common, *more])


def test_one_command_makes_weights_card_curve_and_log(data_folder: Path, tmp_path: Path) -> None:
    assert run("denoise", data_folder, tmp_path, "--steps", "6") == 0
    opened = ModelLoader("cpu").load_from_file(tmp_path / "darkroom-denoise.safetensors")
    assert isinstance(opened, ImageModelDescriptor)
    assert opened.scale == 1
    card = (tmp_path / "darkroom-denoise.md").read_text()
    assert "--steps 6" in card
    assert "MIT" in card
    assert str(tmp_path) not in card
    assert str(data_folder) not in card
    assert (tmp_path / "darkroom-denoise-curve.png").read_bytes().startswith(b"\x89PNG")
    with (tmp_path / "darkroom-denoise-log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert rows[-1]["step"] == "6"
    assert read_metadata(tmp_path / "darkroom-denoise.safetensors")["steps"] == "6"


def test_it_resumes_where_it_stopped(
    data_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("upscale-x2", data_folder, tmp_path, "--steps", "3") == 0
    assert run("upscale-x2", data_folder, tmp_path, "--steps", "5", "--resume") == 0
    assert "Resumed at step 3." in capsys.readouterr().out
    assert read_metadata(tmp_path / "darkroom-x2.safetensors")["steps"] == "5"


def test_x2_starts_from_the_body_of_x4(
    data_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("upscale-x4", data_folder, tmp_path, "--steps", "2") == 0
    start = ("--init-from", str(tmp_path / "darkroom-x4.safetensors"))
    assert run("upscale-x2", data_folder, tmp_path, "--steps", "2", *start) == 0
    assert "9 tensors taken from darkroom-x4.safetensors." in capsys.readouterr().out


def test_a_folder_without_photos_ends_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("upscale-x4", tmp_path, tmp_path / "out", "--steps", "1") == 2
    assert "subfolder 'photos'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_full_setting_runs_on_a_cpu(
    data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace
    from types import MappingProxyType

    from training import recipes

    recipe = recipes.RECIPES["denoise"]
    smaller = replace(recipe.settings["full"], batch=1, patch=32)
    changed = replace(recipe, settings=MappingProxyType({"full": smaller}))
    monkeypatch.setattr("training.__main__.RECIPES", {"denoise": changed})
    arguments = ["denoise", "--data", str(data_folder), "--out", str(tmp_path), "--full"]
    assert main([*arguments, "--device", "cpu", "--threads", "1", "--steps", "1"]) == 0
    assert read_metadata(tmp_path / "darkroom-denoise.safetensors")["setting"] == "full"
