import sys
from pathlib import Path

import pytest

from benchmarks import chain
from tests.doubles.photos import photo_file


def test_one_round_prints_a_line_a_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = tmp_path / "a.png"
    photo.write_bytes(photo_file())
    monkeypatch.setattr(sys, "argv", ["chain", "--photo", str(photo), "--rounds", "1"])
    monkeypatch.setenv("DARKROOM_THREADS", "1")
    chain.main()
    machine, heads, *rows = capsys.readouterr().out.splitlines()
    assert "32 × 24 px" in machine
    assert "chain ms" in heads
    assert [row[:28].strip() for row in rows] == list(chain.RECIPES)
    for row in rows:
        whole, whole_p95, model, files, through, p95 = map(float, row[28:].split())
        assert 0 <= model < whole <= whole_p95
        assert 0 < files <= through <= p95
        assert through == pytest.approx(1000 * (whole - model), abs=2)
