"""The rows of the catalog are sound, and names are understood loosely."""

import shutil
from pathlib import Path

import pytest

from core.errors import ModelUnavailable
from weights.catalog import (
    CATALOG_FILE,
    SHIPPED_FOLDER,
    Catalog,
    CatalogRow,
    Purpose,
    digest,
    stamp,
)

CATALOG = Catalog.load()


@pytest.mark.parametrize("row", CATALOG.rows, ids=lambda row: row.id)
def test_every_row_is_complete(row: CatalogRow) -> None:
    assert row.licence
    assert row.commercial is not None
    assert row.source
    assert row.description
    assert row.purpose is not Purpose.UNKNOWN
    assert not row.own
    assert (row.crop is not None) == (row.purpose is Purpose.FACES)
    if not row.shipped:
        assert row.url.startswith("https://")
        assert row.url.endswith("/" + row.file)
        assert len(row.sha256) == 64
        assert row.bytes > 100_000


def test_shipped_files_are_the_ones_of_the_catalog() -> None:
    shipped = [row for row in CATALOG if row.shipped]
    assert {(row.purpose, row.scale) for row in shipped} >= {
        (Purpose.UPSCALE, 4),
        (Purpose.UPSCALE, 2),
        (Purpose.DENOISE, 1),
    }
    for row in shipped:
        path = SHIPPED_FOLDER / row.file
        assert path.stat().st_size == row.bytes, f"{row.id}: python -m weights.catalog --stamp"
        assert digest(path) == row.sha256, f"{row.id}: python -m weights.catalog --stamp"


def test_shipped_folder_holds_nothing_else() -> None:
    known = {row.file for row in CATALOG if row.shipped}
    forms = (".safetensors", ".onnx", ".pth")
    found = {path.name for path in SHIPPED_FOLDER.iterdir() if path.suffix in forms}
    assert found == known


def test_non_commercial_weights_are_not_recommended() -> None:
    assert all(row.commercial for row in CATALOG if row.recommended)


@pytest.mark.parametrize("field", ["id", "file"])
def test_duplicates_raise(field: str) -> None:
    first, second = CATALOG.rows[:2]
    twin = second.model_copy(update={field: getattr(first, field)})
    with pytest.raises(ValueError, match=f"same {field}"):
        Catalog([first, twin])


def test_published_row_without_hash_is_refused(tmp_path: Path) -> None:
    text = CATALOG_FILE.read_text(encoding="utf-8")
    row = CATALOG.find("gfpgan")
    broken = tmp_path / "catalog.toml"
    broken.write_text(text.replace(row.sha256, ""), encoding="utf-8")
    with pytest.raises(ValueError, match=r"gfpgan-v1\.4 needs"):
        Catalog.load(broken)


def test_unknown_field_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "catalog.toml"
    text = CATALOG_FILE.read_text(encoding="utf-8")
    broken.write_text(text + "\nrecomended = true\n", encoding="utf-8")
    with pytest.raises(ValueError, match="recomended"):
        Catalog.load(broken)


def test_twin_of_another_network_is_refused(tmp_path: Path) -> None:
    text = CATALOG_FILE.read_text(encoding="utf-8")
    broken = tmp_path / "catalog.toml"
    for wrong in ("realesrgan-x2plus", "no-such-model"):
        twin = f'faithful_twin = "{wrong}"'
        broken.write_text(
            text.replace('faithful_twin = "realesrnet-x4plus"', twin), encoding="utf-8"
        )
        with pytest.raises(ValueError, match=f"names {wrong}, which is not of the same network"):
            Catalog.load(broken)


def test_published_twins_are_paired() -> None:
    twins = {row.id: row.faithful_twin or row.grainy_twin for row in CATALOG}
    assert twins["realesrgan-x4plus"] == "realesrnet-x4plus"
    assert twins["realesr-general-x4v3"] == "realesr-general-wdn-x4v3"


def test_published_models_go_before_the_shipped_ones() -> None:
    """Each purpose's recommended models outrank what comes with the project."""
    for row in CATALOG:
        if row.recommended:
            own = [other.rank for other in CATALOG if other.shipped and _like(other, row)]
            assert row.rank > max(own, default=0), row.id


def _like(one: CatalogRow, other: CatalogRow) -> bool:
    return (one.purpose, one.scale) == (other.purpose, other.scale)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("realesr-general-x4v3", "realesr-general-x4v3"),
        ("general-x4v3", "realesr-general-x4v3"),
        ("General X4V3", "realesr-general-x4v3"),
        ("wdn", "realesr-general-wdn-x4v3"),
        ("RealESRGAN_x4plus", "realesrgan-x4plus"),
        ("realesrgan_x4plus", "realesrgan-x4plus"),
        ("anime video", "realesr-animevideov3"),
        ("GFPGAN", "gfpgan-v1.4"),
        ("gfpganv1.4", "gfpgan-v1.4"),
        ("swinir", "swinir-m-x4-gan"),
        ("code former", "codeformer"),
    ],
)
def test_names_match_loosely(said: str, meant: str) -> None:
    assert CATALOG.find(said).id == meant


def test_wrong_name_gets_the_nearest_ones() -> None:
    with pytest.raises(ModelUnavailable, match=r"Did you mean .*gfpgan-v1\.4") as raised:
        CATALOG.find("gfpgn")
    assert "weights list" in str(raised.value)
    assert "`" not in raised.value.text, "nobody in a chat has a shell"


def test_name_that_fits_several_lists_them() -> None:
    with pytest.raises(ModelUnavailable, match="realesrgan-x4plus, realesrnet-x4plus"):
        CATALOG.find("x4plus")


def test_empty_name_is_no_model() -> None:
    with pytest.raises(ModelUnavailable, match="no model called"):
        CATALOG.find("  ")


def test_stamp_writes_size_and_hash_and_nothing_else(tmp_path: Path) -> None:
    copy = tmp_path / "catalog.toml"
    shutil.copy(CATALOG_FILE, copy)
    (tmp_path / "darkroom-x4.safetensors").write_bytes(b"new weights")
    assert stamp(copy, tmp_path) == ["darkroom-x4"]
    before, after = CATALOG.find("darkroom-x4"), Catalog.load(copy).find("darkroom-x4")
    assert after.sha256 == digest(tmp_path / "darkroom-x4.safetensors")
    assert after.bytes == 11
    same = after.model_copy(update={"sha256": before.sha256, "bytes": before.bytes})
    assert same == before
    assert Catalog.load(copy).rows[1:] == CATALOG.rows[1:]


def test_figures_are_those_of_the_published_list(shared: Path) -> None:
    text = (shared / "facts" / "published-weights.md").read_text(encoding="utf-8")
    for row in CATALOG:
        if not row.shipped:
            line = next(line for line in text.splitlines() if line.startswith(f"| {row.file} "))
            assert row.sha256 in line
            assert f"{row.bytes:,}" in line
            assert row.url.rsplit("/", 2)[1] in text
