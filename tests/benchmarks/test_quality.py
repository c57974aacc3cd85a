import json
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import skimage.metrics
import torch
from PIL import Image

from benchmarks.quality import TASKS, main, measure
from training.card import write_card
from training.export import write_weights
from training.networks import BlindUNetDesign, CompactDesign, Design, published_state


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(skimage.data.astronaut()[:131, 100:236]).save(folder / "astronaut.png")
    Image.fromarray(skimage.data.coffee()[100:228, 200:328]).save(folder / "coffee.png")
    return folder


@pytest.fixture
def models(tmp_path: Path) -> list[Path]:
    torch.manual_seed(0)
    paths = [tmp_path / "fresh-x2.safetensors", tmp_path / "fresh-denoise.safetensors"]
    designs: list[Design] = [CompactDesign(8, 2, 2), BlindUNetDesign((8, 8, 8, 8), 2)]
    for path, design in zip(paths, designs, strict=True):
        write_weights(path, published_state(design.build()), {})
    return paths


def test_bicubic_is_measured_as_scikit_image_measures_it(photos: Path) -> None:
    rows = list(measure([photos / "coffee.png"], [], TASKS))
    (row,) = [r for r in rows if (r.task, r.method) == ("x2 bicubic", "bicubic")]
    with Image.open(photos / "coffee.png") as clean:
        small = clean.resize((64, 64), Image.Resampling.BICUBIC)
        large = small.resize((128, 128), Image.Resampling.BICUBIC)
        inner = (slice(4, -4), slice(4, -4))
        expected = skimage.metrics.peak_signal_noise_ratio(
            np.asarray(clean)[inner], np.asarray(large)[inner]
        )
    assert row.psnr_rgb == pytest.approx(expected)
    assert row.psnr_y > row.psnr_rgb
    assert 0.5 < row.ssim < 1


def test_models_are_measured_on_the_tasks_of_their_scale(
    photos: Path, models: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = tmp_path / "figures.json"
    arguments = ["--images", str(photos), "--threads", "1", "--json", str(figures)]
    assert main([*arguments, *(part for path in models for part in ("--model", str(path)))]) == 0
    rows = json.loads(figures.read_text())["rows"]
    scales = {task.name: task.scale for task in TASKS}
    for name, scale in (("fresh-x2", 2), ("fresh-denoise", 1)):
        measured = {row["task"] for row in rows if row["method"] == name}
        assert measured == {task for task, own in scales.items() if own == scale}
    assert "fresh-denoise" in capsys.readouterr().out
    noise = {row["task"]: row["psnr_rgb"] for row in rows if row["method"] == "input"}
    assert noise["clean"] == 100
    assert noise["noise 15"] == pytest.approx(24.8, abs=0.6)  # 20 log10(255 / 15), less clipping.
    assert noise["noise 15"] > noise["noise 25"] > noise["noise 50"]


def test_upscalers_are_also_measured_behind_denoisers(photos: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    designs: dict[str, Design] = {
        "up": CompactDesign(8, 2, 4),
        "clean": BlindUNetDesign((8, 8, 8, 8), 2),
    }
    paths = [tmp_path / f"{name}.safetensors" for name in designs]
    for path, design in zip(paths, designs.values(), strict=True):
        write_weights(path, published_state(design.build()), {})
    rows = list(measure([photos / "coffee.png"], paths, TASKS))
    assert [row.task for row in rows if row.method == "clean + up"] == ["x4 real-world"]


def test_a_photo_that_cannot_be_decoded_is_left_out_and_named(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = (photos / "coffee.png").read_bytes()
    (photos / "broken.png").write_bytes(whole[: len(whole) // 2])
    figures = tmp_path / "figures.json"
    model = tmp_path / "up.safetensors"
    write_weights(model, published_state(CompactDesign(8, 2, 4).build()), {})
    arguments = ["--images", str(photos), "--model", str(model), "--task", "x4 bicubic"]
    main([*arguments, "--json", str(figures)])
    content = json.loads(figures.read_text())
    assert {row["task"] for row in content["rows"]} == {"x4 bicubic"}
    assert "over 2 photos" in content["about"]
    assert "broken.png is left out" in capsys.readouterr().err


def test_degradations_repeat(photos: Path) -> None:
    files = sorted(photos.iterdir())
    assert list(measure(files, [], TASKS)) == list(measure(files, [], TASKS))


def test_the_card_shows_the_figures(photos: Path, models: list[Path], tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    arguments = ["--images", str(photos), "--model", str(models[0]), "--threads", "1"]
    main([*arguments, "--json", str(figures)])
    metadata = {
        "model": "fresh-x2",
        "recipe": "upscale-x2",
        "purpose": "faithful upscaling by 2",
        "architecture": "Compact",
        "parameters": "1234",
        "scale": "2",
        "version": "1",
        "command": "python -m training",
        "steps": "10",
        "batch": "4",
        "patch": "16",
        "minutes": "1.0",
        "device": "1 CPU thread(s)",
        "setting": "tiny",
    }
    write_card(tmp_path / "card.md", metadata, [], figures=figures)
    card = (tmp_path / "card.md").read_text()
    assert "| x2 bicubic | fresh-x2 |" in card
    assert "| x2 bicubic | Lanczos |" in card
    assert "x4" not in card.split("## Figures")[1].split("## Known")[0]
    assert str(tmp_path) not in card
