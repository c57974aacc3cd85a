"""Files of the catalog and of the user's own, and what is known about their hashes."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import ModelUnavailable
from weights.catalog import Catalog, CatalogRow, Purpose
from weights.store import WeightsStore

PAYLOAD = b"not really a network"


def row(**fields: Any) -> CatalogRow:
    values = {
        "id": "some-net",
        "name": "Some net",
        "purpose": "upscale",
        "scale": 4,
        "file": "SomeNet.pth",
        "url": "https://example.org/SomeNet.pth",
        "sha256": hashlib.sha256(PAYLOAD).hexdigest(),
        "bytes": len(PAYLOAD),
        "licence": "MIT",
        "commercial": True,
        "source": "https://example.org",
    }
    return CatalogRow.model_validate(values | fields)


@pytest.fixture
def store(tmp_path: Path) -> WeightsStore:
    (tmp_path / "weights").mkdir()
    (tmp_path / "shipped").mkdir()
    shipped = row(id="ours", file="ours.safetensors", shipped=True, url="", sha256="", bytes=0)
    return WeightsStore(
        tmp_path / "weights", catalog=Catalog([row(), shipped]), shipped=tmp_path / "shipped"
    )


def place(store: WeightsStore, name: str, data: bytes = PAYLOAD) -> Path:
    assert store.folder is not None
    path = store.folder / name
    path.write_bytes(data)
    return path


def test_missing_model_says_how_to_get_it(store: WeightsStore) -> None:
    known = store.catalog.find("some-net")
    assert not store.installed(known)
    assert store.rows() == ()
    with pytest.raises(ModelUnavailable, match="darkroom weights fetch some-net"):
        store.verify(known)


def test_published_file_is_verified(store: WeightsStore) -> None:
    place(store, "SomeNet.pth")
    known = store.catalog.find("some-net")
    assert store.rows(Purpose.UPSCALE) == (known,)
    assert store.rows(Purpose.DENOISE) == ()
    assert store.verify(known) == known.sha256


def test_wrong_bytes_are_refused(store: WeightsStore) -> None:
    place(store, "SomeNet.pth", PAYLOAD[:-1] + b"?")
    with pytest.raises(ModelUnavailable, match="damaged or not the published one"):
        store.verify(store.catalog.find("some-net"))


def test_unstamped_shipped_file_is_refused(store: WeightsStore) -> None:
    (store.shipped / "ours.safetensors").write_bytes(PAYLOAD)
    with pytest.raises(ModelUnavailable, match="--stamp"):
        store.verify(store.catalog.find("ours"))


def test_dropped_file_shows_up_by_its_name(store: WeightsStore) -> None:
    place(store, "4x-Community_Net.safetensors")
    found = store.catalog.find("4x community net")
    assert found.own
    assert found.id == "4x-Community_Net"
    assert found.purpose is Purpose.UNKNOWN
    assert found.commercial is None
    assert store.installed(found)


@pytest.mark.parametrize("name", ["notes.txt", ".hidden.pth", ".SomeNet.pth.part", "x.ckpt"])
def test_other_files_are_no_models(store: WeightsStore, name: str) -> None:
    place(store, name)
    assert len(store.catalog) == 2


def test_dropped_yunet_is_a_face_finder(store: WeightsStore) -> None:
    place(store, "face_detection_yunet_2099.onnx")
    (found,) = store.rows(Purpose.DETECT)
    assert found.id == "face_detection_yunet_2099"
    published = Catalog.load().find("yunet-2023mar")
    assert 10 < found.rank < published.rank, "before a shipped finder, after the published one"


def test_dropped_file_is_written_down_at_first_sight_and_held_to_it(
    store: WeightsStore, caplog: pytest.LogCaptureFixture
) -> None:
    path = place(store, "mine.pth")
    mine = store.catalog.find("mine")
    assert store.verify(mine) == hashlib.sha256(PAYLOAD).hexdigest()
    assert "mine.pth has no published hash" in caplog.text
    assert store.verify(mine) == hashlib.sha256(PAYLOAD).hexdigest()
    path.write_bytes(b"swapped")
    with pytest.raises(ModelUnavailable, match=r"changed since .* --trust mine"):
        store.verify(mine)
    assert store.trust(mine) == hashlib.sha256(b"swapped").hexdigest()
    assert store.verify(mine) == hashlib.sha256(b"swapped").hexdigest()


def test_published_file_cannot_be_trusted_in_place_of_its_hash(store: WeightsStore) -> None:
    place(store, "SomeNet.pth", b"else")
    with pytest.raises(ModelUnavailable, match="published hash"):
        store.trust(store.catalog.find("some-net"))


def test_other_form_of_a_published_file_stands_in_for_it(store: WeightsStore) -> None:
    place(store, "somenet.safetensors", b"converted")
    known = store.catalog.find("some-net")
    assert known.own
    assert known.file == "somenet.safetensors"
    assert known.purpose is Purpose.UPSCALE
    assert store.verify(known) == hashlib.sha256(b"converted").hexdigest()
    place(store, "SomeNet.pth")
    assert not store.catalog.find("some-net").own


def test_two_forms_of_one_dropped_file_are_one_model(store: WeightsStore) -> None:
    place(store, "mine.pth")
    place(store, "mine.safetensors")
    assert [row.file for row in store.catalog if row.own] == ["mine.pth"]


def test_what_a_dropped_file_turned_out_to_be_is_remembered(store: WeightsStore) -> None:
    place(store, "mine.pth")
    mine = store.catalog.find("mine")
    store.verify(mine)
    store.learn(mine, purpose=Purpose.DENOISE, scale=1, architecture="SCUNet")
    again = WeightsStore(store.folder, catalog=store.published, shipped=store.shipped)
    assert again.rows(Purpose.DENOISE)[0].architecture == "SCUNet"
    assert store.verify(again.catalog.find("mine"))


def test_broken_record_is_said(store: WeightsStore) -> None:
    place(store, "mine.pth")
    place(store, "known-files.json", b"{")
    with pytest.raises(ModelUnavailable, match="not readable JSON"):
        list(store.catalog)


def test_records_are_plain_json(store: WeightsStore) -> None:
    place(store, "mine.pth")
    store.verify(store.catalog.find("mine"))
    assert store.folder is not None
    records = json.loads((store.folder / "known-files.json").read_text(encoding="utf-8"))
    assert records == {"mine.pth": {"sha256": hashlib.sha256(PAYLOAD).hexdigest()}}


def test_store_without_a_folder_knows_the_shipped_files_alone(store: WeightsStore) -> None:
    (store.shipped / "ours.safetensors").write_bytes(PAYLOAD)
    bare = WeightsStore(None, catalog=store.published, shipped=store.shipped)
    assert [row.id for row in bare.rows()] == ["ours"]
    assert [row.id for row in bare.catalog] == ["some-net", "ours"]
