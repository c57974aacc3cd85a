import json
from pathlib import Path

import pytest
import torch

from benchmarks.quality.__main__ import main
from benchmarks.quality.damage import TASKS
from benchmarks.quality.methods import gather
from training.export import write_weights
from training.networks import BlindUNetDesign, CompactDesign, Design, published_state
from weights.catalog import Catalog, CatalogRow, Purpose
from weights.store import WeightsStore
from worker.engine import Engine


def _run(*arguments: object) -> None:
    assert main(["--threads", "1", "--device", "cpu", *map(str, arguments)]) == 0


def test_photos_and_faces_end_in_json_and_in_a_document(
    photos: Path,
    faces: Path,
    models: list[Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    figures, document = tmp_path / "figures.json", tmp_path / "quality.md"
    named = [part for path in models for part in ("--model", path)]
    _run("--images", photos, "--faces", faces, *named, "--json", figures)
    printed = capsys.readouterr().out
    content = json.loads(figures.read_text())
    assert "Means over 2 photos of" in content["about"]
    assert content["plain"] == ["Lanczos", "bicubic", "input"]

    scales = {task.name: task.scale for task in TASKS}
    for name, scale in (("up", 4), ("twice", 2), ("clean", 1)):
        measured = {row["task"] for row in content["rows"] if row["method"] == name}
        assert measured == {task for task, own in scales.items() if own == scale}
    chains = {row["task"] for row in content["rows"] if "clean + " in row["method"]}
    assert chains == {"x4 real-world", "x2 real-world"}
    noise = {row["task"]: row for row in content["rows"] if row["method"] == "input"}
    assert noise["clean"]["psnr_rgb"] == 100
    assert noise["noise 15"]["psnr_rgb"] == pytest.approx(24.8, abs=0.6)  # 20 log10(255 / 15).
    assert noise["noise 15"]["haarpsi"] > noise["noise 50"]["haarpsi"]
    assert [row["method"] for row in content["faces"]] == ["bicubic", "Lanczos", "up", "clean + up"]

    document.write_text(
        "# Quality\n\n<!-- figures of python -m benchmarks.quality -->\nold\n"
        "<!-- end of figures -->\n\nMore.\n"
    )
    _run("--figures", figures, "--markdown", document)
    assert capsys.readouterr().out == printed
    text = document.read_text()
    assert "| x4 real-world | clean + up |" in text
    assert "| faces ×4 | PSNR Y |" in text
    assert "old" not in text
    assert text.endswith("<!-- end of figures -->\n\nMore.\n")


def test_several_runs_are_shown_as_one(
    photos: Path, models: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    _run("--images", photos, "--model", models[2], "--task", "noise 15", "--json", one)
    tasks = ["--task", "noise 15", "--task", "x2 bicubic"]
    _run("--images", photos, "--model", models[1], *tasks, "--json", two)
    capsys.readouterr()
    _run("--figures", one, "--figures", two)
    _, _, _, *rows = capsys.readouterr().out.splitlines()
    shown = [(row[:10].strip(), row[12:20].strip()) for row in rows]
    assert shown == [
        ("x2 bicubic", "bicubic"),
        ("x2 bicubic", "Lanczos"),
        ("x2 bicubic", "twice"),
        ("noise 15", "input"),
        ("noise 15", "clean"),
    ]


def test_a_photo_that_cannot_be_decoded_is_left_out_and_named(
    photos: Path, models: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = (photos / "coffee.png").read_bytes()
    (photos / "broken.png").write_bytes(whole[: len(whole) // 2])
    figures = tmp_path / "figures.json"
    _run("--images", photos, "--model", models[0], "--task", "x4 bicubic", "--json", figures)
    content = json.loads(figures.read_text())
    assert {row["task"] for row in content["rows"]} == {"x4 bicubic"}
    assert "over 2 photos" in content["about"]
    assert "broken.png is left out" in capsys.readouterr().err


def test_a_folder_without_photos_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["--images", str(tmp_path)])
    assert "No readable PNG or JPEG" in capsys.readouterr().err


def test_between_twins_the_middle_is_measured(tmp_path: Path) -> None:
    rows = []
    for name, twin in (("vivid", "faithful"), ("faithful", "")):
        network = CompactDesign(8, 2, 4).build()
        state = published_state(network)
        for value in state.values():
            value.fill_(1.0 if name == "vivid" else 0.5)
        write_weights(tmp_path / f"{name}.safetensors", state, {})
        rows.append(_row(name, twin))
    store = WeightsStore(tmp_path, catalog=Catalog(rows), shipped=tmp_path)
    files = [str(tmp_path / f"{row.id}.safetensors") for row in rows]
    bench = gather(store, Engine("cpu"), files)
    assert [model.id for model in bench.upscalers] == ["vivid", "vivid at 50", "faithful"]
    values = [torch.cat([p.flatten() for p in m.module.parameters()]) for m in bench.upscalers]
    assert [float(one.mean()) for one in values] == pytest.approx([1, 0.75, 0.5])


def test_files_of_a_training_say_what_they_are(tmp_path: Path) -> None:
    torch.manual_seed(0)
    face, up = BlindUNetDesign((8, 8, 8, 8), 2), CompactDesign(8, 2, 4)
    headers: dict[str, tuple[str, Design]] = {
        "one": ("face-restore", face),
        "two-vivid": ("vivid-x4", up),
        "two": ("", up),
    }
    files = []
    for name, (recipe, design) in headers.items():
        files.append(tmp_path / f"{name}.safetensors")
        header = {"recipe": recipe, "model": name}
        write_weights(files[-1], published_state(design.build()), header)
    store = WeightsStore(None, catalog=Catalog([]), shipped=tmp_path)
    bench = gather(store, Engine("cpu"), [str(file) for file in files])
    assert [(model.id, model.crop) for model in bench.restorers] == [("one", 256)]
    assert not bench.denoisers
    assert [model.id for model in bench.upscalers] == ["two-vivid", "two-vivid at 50", "two"]


def test_a_model_that_cannot_be_used_is_left_out_and_named(
    tmp_path: Path, models: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"nothing")
    store = WeightsStore(None, catalog=Catalog([]), shipped=tmp_path)
    bench = gather(store, Engine("cpu"), [str(broken), str(models[2])])
    assert [model.id for model in bench.denoisers] == ["clean"]
    assert "broken is left out" in capsys.readouterr().err


def _row(name: str, twin: str) -> CatalogRow:
    return CatalogRow(
        id=name,
        name=name,
        purpose=Purpose.UPSCALE,
        architecture="Compact",
        scale=4,
        file=f"{name}.safetensors",
        licence="MIT",
        commercial=True,
        source="a test",
        faithful_twin=twin,
    )
