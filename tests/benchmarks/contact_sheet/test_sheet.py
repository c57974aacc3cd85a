"""Sheets and table show what was found, and the command makes them of real files."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from benchmarks.contact_sheet.__main__ import main
from benchmarks.contact_sheet.flaws import figures
from benchmarks.contact_sheet.photos import photos
from benchmarks.contact_sheet.sheet import CELL, MARK, draw
from benchmarks.contact_sheet.table import table
from benchmarks.contact_sheet.trials import Trial, trials
from core.recipe import Recipe
from tests.benchmarks.contact_sheet.pairs import pair, source
from tests.worker.networks import Lab
from worker.imaging.decode import decode
from worker.imaging.photo import to_eight_bits


def cast(levels: NDArray[Any]) -> None:
    levels += 2


def trial(way: str, *, flawed: bool) -> Trial:
    seen = pair(source(), cast) if flawed else pair(source())
    return Trial(way, f"{way} was done.", seen, figures(seen))


def test_a_row_with_a_flaw_is_marked_and_shows_before_and_after() -> None:
    rows = [trial("good", flawed=False), trial("bad", flawed=True), Trial("refused", "No.")]
    sheet = draw("astronaut", rows)
    marked = [row for row in range(len(sheet)) if tuple(sheet[row, 0]) == MARK]
    height = (len(sheet) - 80) // 3
    assert 80 + height <= min(marked) <= max(marked) < 80 + 2 * height
    before, after = sheet[80:, 12:268], sheet[80:, 12 + CELL + 12 :]
    assert (before[:256, :256] == to_eight_bits(source().pixels)).all()
    assert after[: CELL - 12, : CELL - 12].std() > 20


def test_a_transparent_photo_lies_on_a_checkered_ground() -> None:
    photo = replace(source(), alpha=np.zeros((256, 256), np.uint16))
    seen = replace(pair(source()), source=photo)
    sheet = draw("hidden", [Trial("auto", "Nothing.", seen)])
    assert set(np.unique(sheet[80:336, 12:268])) == {170, 210}


def test_the_table_names_every_flaw_and_the_worst_of_each_figure() -> None:
    text = table({"astronaut": [trial("good", flawed=False), trial("bad", flawed=True)]})
    assert text.startswith("2 results of 1 photos, ")
    assert "| astronaut | bad | colour | 2 levels | 0.5 |  |" in text
    assert "| astronaut | good | colour" not in text
    assert "| halo | 2 |" in text


def test_a_photo_is_tried_in_every_way_and_a_refusal_is_a_row(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "weights")
    file = tmp_path / "photo.png"
    Image.fromarray(to_eight_bits(source().pixels[:64, 64:128])).save(file)
    recipes = {"plain": Recipe(), "4x": Recipe(scale=4)}
    ways = list(trials(file.read_bytes(), lab.models, lab.engine, recipes))
    assert [way.way for way in ways] == ["plain", "4x"]
    assert ways[1].pair is not None
    assert ways[1].pair.size == (256, 256)
    assert "4× → 256 × 256" in ways[1].words
    assert {figure.name for figure in ways[1].figures} >= {"seam", "halo"}
    Image.new("RGB", (64, 64)).save(file)
    (refused,) = trials(file.read_bytes(), lab.models, lab.engine, {"plain": Recipe()})
    assert refused.pair is None
    assert "black" in refused.words


def test_scikit_images_photos_are_the_same_in_every_run() -> None:
    first, again = dict(photos(None)), dict(photos(None))
    assert first == again
    opened = {name: decode(data) for name, data in first.items()}
    assert len(opened) == 6
    assert any(photo.alpha is not None for photo in opened.values())
    assert any(photo.grey for photo in opened.values())
    assert any(photo.jpeg_quality for photo in opened.values())


def test_the_command_writes_a_sheet_for_each_photo_and_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(to_eight_bits(source().pixels[:96, 64:160])).save(folder / "a.png")
    (folder / "b.png").write_bytes(b"no photo")
    out = tmp_path / "sheets"
    threads = str(torch.get_num_threads())
    where = ["--photos", str(folder), "--out", str(out)]
    status = main([*where, "--preset", "auto", "--threads", threads])
    told = capsys.readouterr().out
    assert "b.png is left out" in told
    assert (out / "flaws.md").read_text(encoding="utf-8").startswith("1 results of 1 photos")
    with Image.open(out / "a.png.jpg") as sheet:
        assert sheet.size == (4 * CELL + 60, 80 + CELL + 92)
    assert status == int("0 flaws" not in told)
