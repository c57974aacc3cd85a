"""The benchmark of the autopilot: planted damage, rivals, verdict, tables."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from benchmarks import autopilot
from benchmarks.autopilot import ALONE, AUTOPILOT, CASES, PRESETS, RIVALS, Row, verdict


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "clean"
    folder.mkdir()
    Image.fromarray(data.astronaut()[60:188, 160:288]).save(folder / "face.png")
    return folder


def row(case: str, way: str, psnr: float) -> Row:
    return Row("a.png", case, way, psnr, 0.9, f"{way} said 5.")


def test_every_damage_is_the_same_in_every_run_and_no_copy() -> None:
    clean = Image.fromarray(data.astronaut()[:128, :128])
    for case in CASES:
        file = case.file(clean, "a.png")
        assert file == case.file(clean, "a.png")
        with Image.open(io.BytesIO(file)) as poor:
            assert poor.size == (128 // case.scale, 128 // case.scale)
            assert (poor.format == "JPEG") == (case.quality is not None)
            same = poor.size == clean.size and np.array_equal(np.asarray(poor), np.asarray(clean))
        assert same == (case.name == autopilot.CLEAN)


def test_the_verdict_compares_with_the_best_preset_and_with_leaving_alone() -> None:
    rows = []
    for case, own in (("noise 5", 36.0), ("JPEG 20", 29.0), (autopilot.CLEAN, 50.0)):
        rows += [row(case, way, 30.0) for way in (*PRESETS, "full strength")]
        rows += [row(case, AUTOPILOT, own), row(case, ALONE, 29.2)]
    found = verdict(rows)
    assert found["presets"] == found["full"] == pytest.approx(2 / 3)
    assert found["loss"] == pytest.approx(0.2)
    assert (found["touched"], found["lowest"]) == (1.0, 50.0)


def test_the_command_measures_and_refreshes_a_document(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document, figures = tmp_path / "quality.md", tmp_path / "new.json"
    marks = "<!-- figures of python -m benchmarks.autopilot -->\n<!-- end of autopilot -->"
    document.write_text(f"Before.\n{marks}\nAfter.\n")
    words = ["--images", str(photos), "--case", "noise 15", "--threads", "1"]
    words += ["--samples", str(photos), "--json", str(figures), "--markdown", str(document)]
    assert autopilot.main(words) == 0
    rows = [Row(**one) for one in json.loads(figures.read_text())["rows"]]
    assert {one.way for one in rows} == {ALONE, *RIVALS}
    best = {one.way: one.psnr for one in rows}
    assert best[AUTOPILOT] > best[ALONE] + 3
    text = document.read_text()
    assert text.startswith("Before.\n")
    assert text.endswith("After.\n")
    assert "| noise 15 | " in text
    assert "| face.png | " in text
    assert "Noisy (σ ≈ 1" in capsys.readouterr().out
