from pathlib import Path

import pytest
import skimage.data
from PIL import Image

from benchmarks import stages


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with one small photo."""
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(skimage.data.astronaut()[:96, 180:276]).save(folder / "astronaut.png")
    return folder


def _tables(text: str) -> list[list[str]]:
    return [block.splitlines() for block in text.strip().split("\n\n")]


def test_every_stage_has_its_table(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--images", str(photos), "--model", "darkroom-x4", "--model", "darkroom-denoise"]
    assert stages.main(arguments) == 0
    told, tone, light, sharpen, grain = _tables(capsys.readouterr().out)
    assert told[0].startswith("1 photos of ")
    assert tone[0].split()[:3] == ["task", "model", "error"]
    assert [row.split()[:2] for row in tone[1:3]] == [["x4", "bicubic"], ["x4", "real-world"]]
    for row in tone[1:]:
        errors = [float(cell) for cell in row.split()[-7:-3]]
        assert all(0 <= error < 20 for error in errors)
    assert len(light) == len(stages.LIGHTS) + 2
    assert light[1].split()[:2] == ["clean", "0%"]
    sigma, *_ = (row for row in sharpen if row.split()[2:4] == ["50", "x"])
    assert float(sigma.split()[6]) > 0, "half of a known blur undone is a gain"
    assert grain[1].split() == ["none", "0%"]


def test_one_stage_alone(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert stages.main(["--images", str(photos), "--stage", "light", "--limit", "1"]) == 0
    assert len(_tables(capsys.readouterr().out)) == 2


def test_an_empty_folder_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        stages.main(["--images", str(tmp_path)])
    assert "no readable PNG or JPEG" in capsys.readouterr().err
