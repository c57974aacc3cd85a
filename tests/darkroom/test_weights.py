"""`darkroom weights` as it is typed, with a small catalog and a file server on this machine."""

import hashlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from darkroom.__main__ import main
from tests.doubles.origin import Origin, serving
from weights.catalog import Catalog, CatalogRow, Purpose
from weights.store import WeightsStore

Run = Callable[..., tuple[int, str, str]]

DATA = {"free.pth": b"f" * 400_000, "theirs.pth": b"t" * 300_000, "twin.pth": b"w" * 1000}
LICENCES = {"theirs.pth": ("S-Lab License 1.0", False)}


def row(file: str, **fields: object) -> CatalogRow:
    licence, commercial = LICENCES.get(file, ("MIT", True))
    values: dict[str, object] = {
        "id": file.removesuffix(".pth"),
        "name": file,
        "purpose": "upscale",
        "architecture": "Compact",
        "scale": 4,
        "file": file,
        "url": f"https://gone.invalid/{file}",
        "sha256": hashlib.sha256(DATA[file]).hexdigest(),
        "bytes": len(DATA[file]),
        "licence": licence,
        "commercial": commercial,
        "source": "this test",
    }
    return CatalogRow.model_validate(values | fields)


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The weights folder, with a small catalog in place of the published one."""
    rows = [
        row("free.pth", recommended=True, rank=50, faithful_twin="twin"),
        row("twin.pth", rank=20),
        row("theirs.pth", purpose="faces", scale=1, crop=512),
    ]
    monkeypatch.setattr(Catalog, "load", classmethod(lambda cls: cls(rows)))
    monkeypatch.setenv("DARKROOM_WEIGHTS_DIR", str(tmp_path / "weights"))
    monkeypatch.setenv("DARKROOM_DEVICE", "cpu")
    return tmp_path / "weights"


@pytest.fixture
def origin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Origin]:
    with serving(DATA) as running:
        monkeypatch.setenv("DARKROOM_WEIGHTS_MIRROR", running.url)
        yield running


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `darkroom weights WORDS` in 80 columns; returns exit code, output and error output."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["darkroom", "weights", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), printed.out, printed.err

    return run


def standing(out: str, name: str) -> str:
    """The last word of a model's line in the list."""
    table = out.split("\n\n")[0]
    (line,) = (line for line in table.splitlines() if line.split()[:1] == [name])
    return line.split()[-1]


def test_recommended_models_are_fetched_and_then_active(
    run: Run, folder: Path, origin: Origin
) -> None:
    code, out, err = run("fetch", "--recommended")
    assert (code, out) == (0, f"✓ free: fetched and checked: {folder / 'free.pth'}\n")
    assert "free" in err, "the bar of the download"
    assert "400.0/400.0 kB" in err
    code, out, _ = run("list")
    assert code == 0
    assert standing(out, "free") == "active"
    assert standing(out, "twin") == "MIT"
    code, out, _ = run("fetch", "free")
    assert (code, "here already, checked" in out) == (0, True)


def test_non_commercial_model_wants_a_yes(run: Run, folder: Path, origin: Origin) -> None:
    code, out, _ = run("fetch", "free", "theirs")
    assert code == 1
    assert "✓ free" in out
    assert "✗ theirs may not be used commercially (S-Lab License 1.0)" in out
    assert "--accept-license" in out
    assert not (folder / "theirs.pth").exists()
    code, out, _ = run("fetch", "theirs", "--accept-license")
    assert (code, (folder / "theirs.pth").read_bytes()) == (0, DATA["theirs.pth"])


def test_wrong_file_and_no_network_are_said_in_words(
    run: Run, folder: Path, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin.swapped = {"free.pth"}
    code, out, _ = run("fetch", "free")
    assert code == 1
    assert "sent something else than free.pth" in out
    assert list(folder.iterdir()) == []
    monkeypatch.setenv("DARKROOM_WEIGHTS_MIRROR", "http://127.0.0.1:9")
    code, out, _ = run("fetch", "free")
    assert code == 1
    assert "Offline, put free.pth into the weights folder yourself" in out


def test_nothing_named_is_a_usage_error(run: Run, folder: Path) -> None:
    code, _, err = run("fetch")
    assert code == 2
    assert "--recommended" in err


def test_verify_finds_the_file_that_changed(run: Run, folder: Path, origin: Origin) -> None:
    run("fetch", "free", "twin")
    code, out, _ = run("verify")
    assert (code, out.count("✓")) == (0, 2)
    (folder / "twin.pth").write_bytes(b"swapped")
    code, out, _ = run("verify")
    assert code == 1
    assert "✓ free" in out
    assert "✗ twin: The model file twin.pth is damaged or not the published one." in out
    assert "darkroom weights fetch twin" in out


def test_list_tells_twin_art_and_package(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir()
    for name in ("free.pth", "twin.pth"):
        (folder / name).write_bytes(DATA[name])
    drawn = row("theirs.pth", style="drawing", rank=60)
    odd = row("twin.pth", package="no_such_package", rank=90)
    odd = odd.model_copy(update={"id": "odd", "file": "odd.pth"})
    (folder / "theirs.pth").write_bytes(DATA["theirs.pth"])
    (folder / "odd.pth").write_bytes(b"odd")
    rows = [row("free.pth", faithful_twin="twin", rank=9), row("twin.pth"), drawn, odd]
    monkeypatch.setattr(Catalog, "load", classmethod(lambda cls: cls(rows)))
    _, out, _ = run("list")
    assert (standing(out, "free"), standing(out, "twin")) == ("active", "active")
    assert "art only" in out
    assert standing(out, "odd") == "installed"
    assert "odd cannot run: its package no_such_package is not installed." in out
    assert "non-commercial" in out


def test_setting_shows_in_the_list_and_a_wrong_one_does_not_hide_it(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir()
    (folder / "free.pth").write_bytes(DATA["free.pth"])
    (folder / "mine.pth").write_bytes(b"a community file")
    monkeypatch.setenv("DARKROOM_UPSCALER", "mine")
    _, out, _ = run("list")
    assert standing(out, "mine") == "active"
    monkeypatch.setenv("DARKROOM_UPSCALER", "twin")
    code, out, _ = run("list")
    assert code == 0
    assert standing(out, "free") == "active"
    assert "A setting names a model that cannot serve. The model twin is not installed." in out


def test_published_list_fits_eighty_columns(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKROOM_DEVICE", "cpu")
    code, out, _ = run("list")
    assert code == 0
    store = WeightsStore(None)
    table = out.split("\n\n")[0]
    assert max(map(len, table.splitlines())) <= 80
    for known in store.catalog:
        stands = standing(out, known.id) in ("active", "installed", "only")
        assert stands == store.installed(known)
        if known.purpose is Purpose.UPSCALE:
            assert f"upscale {known.scale}×" in out
    assert "non-commercial" in out
