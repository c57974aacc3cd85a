import csv
from pathlib import Path

import pytest
from spandrel import ImageModelDescriptor, ModelLoader

from training.__main__ import main
from training.export import read_metadata, read_weights


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


def test_a_vivid_twin_starts_from_the_faithful_one(
    data_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("upscale-x2", data_folder, tmp_path, "--steps", "2") == 0
    assert run("vivid-x2", data_folder, tmp_path / "none", "--steps", "2") == 2
    assert "goes on from darkroom-x2" in capsys.readouterr().err
    faithful = tmp_path / "darkroom-x2.safetensors"
    start = ("--init-from", str(faithful))
    assert run("vivid-x2", data_folder, tmp_path, "--steps", "8", *start) == 0
    assert "sharpness" in capsys.readouterr().out
    twin = read_weights(tmp_path / "darkroom-x2-vivid.safetensors")
    for name, value in read_weights(faithful).items():
        assert twin[name].shape == value.shape
        assert (twin[name] - value).abs().max() < 0.01
    with (tmp_path / "darkroom-x2-vivid-log.csv").open() as file:
        assert float(next(csv.DictReader(file))["second"]) > 0


def test_all_models_go_on_where_they_stopped(
    data_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order = {"upscale-x4": None, "upscale-x2": "upscale-x4"}
    monkeypatch.setattr("training.__main__.ORDER", order)
    assert run("upscale-x4", data_folder, tmp_path, "--steps", "2") == 0
    assert run("all", data_folder, tmp_path, "--steps", "2", "--resume") == 0
    said = capsys.readouterr().out
    assert "== upscale-x4\nResumed at step 2." in said
    assert "== upscale-x2\n9 tensors taken from darkroom-x4.safetensors." in said
    assert (tmp_path / "darkroom-x2.safetensors").is_file()
    with pytest.raises(SystemExit):
        run("all", data_folder, tmp_path, "--init-from", "weights.safetensors")


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
