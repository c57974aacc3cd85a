import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.diagnosis import __main__ as command
from benchmarks.diagnosis.__main__ import spearman
from benchmarks.diagnosis.planting import PLANTS
from tests.worker.diagnosis.scenes import leaves


def test_ranks_are_compared_not_values() -> None:
    assert spearman([1, 2, 3, 4], [10, 11, 500, 501]) == pytest.approx(1)
    assert spearman([1, 2, 3, 4], [4, 3, 2, 1]) == pytest.approx(-1)


def test_equal_values_share_their_rank() -> None:
    # Ranks 1.5, 1.5, 3, 4 against 1, 2, 3, 4: by hand 4.5 / sqrt(4.5 · 5).
    assert spearman([7, 7, 8, 9], [1, 2, 3, 4]) == pytest.approx(4.5 / np.sqrt(4.5 * 5))


def test_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(leaves(2, 256)).save(tmp_path / "leaves.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    few = {"noise", "JPEG, as PNG", "blur", "gamma", "cast"}
    monkeypatch.setattr(command, "PLANTS", [one for one in PLANTS if one.name in few])
    monkeypatch.setattr(command, "DRAWN", 1)
    monkeypatch.setattr(command, "ROUNDS", 1)
    monkeypatch.setattr(command, "LARGE", (600, 800))
    monkeypatch.setattr(sys, "argv", ["diagnosis", "--images", str(tmp_path)])
    command.main()
    printed = capsys.readouterr()
    assert "broken.png is left out" in printed.err
    rows = {line[:27].strip(): line[27:].split() for line in printed.out.splitlines()}
    assert printed.out.startswith("1 photos")
    for name in ("noise (of 255)", "JPEG, as PNG (quality)", "blur (px)"):
        rank, error = float(rows[name][0]), float(rows[name][1])
        assert 0.9 <= rank <= 1
        assert 0 <= error < 2
    assert float(rows["gamma (log2)"][0]) > 0.9
    assert "sharp 1" in printed.out
    assert "screenshot 1" in printed.out
    assert float(rows["gamma"][1]) > 0
    assert "megapixels" in printed.out
