from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import resemblance
from tests.benchmarks.quality.conftest import astronaut


def test_tables_tell_restored_faces_from_planted_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DARKROOM_WEIGHTS_DIR", str(tmp_path / "weights"))
    faces = tmp_path / "faces"
    faces.mkdir()
    large = Image.fromarray(astronaut()).resize((256, 256), Image.Resampling.BICUBIC)
    large.save(faces / "one.png")
    Image.fromarray(np.asarray(large)[:, ::-1]).save(faces / "other.png")
    with pytest.raises(SystemExit):
        resemblance.main(["--faces", str(faces), "--limit", "1"])
    assert "two faces" in capsys.readouterr().err
    wanted = ["--model", "darkroom-face", "--threads", "1"]
    assert resemblance.main(["--faces", str(faces), *wanted]) == 0
    drifts, textures = capsys.readouterr().out.split("\n\n")
    about, _, name, *rows, summary = drifts.splitlines()
    assert about.startswith("2 faces at 70 %")
    assert name == "darkroom-face"
    lowered = {row[:38].strip(): row.split()[-2] for row in rows}
    assert lowered["restored"] == "0%"
    assert {lowered[case] for case in lowered if "another's" in case or "15 %" in case} == {"100%"}
    assert lowered["twice as smooth"] == "100%"
    assert len(lowered) == 17
    assert summary.endswith("lowered: 0")
    for row in textures.splitlines()[2:]:
        _, detail, guarded, _, _ = row.split()
        assert int(detail[:-1]) < int(guarded[:-1])
