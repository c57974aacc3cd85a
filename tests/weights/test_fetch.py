"""Downloads from a real HTTP server on this machine: resumed, checked, told in words."""

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import ModelUnavailable
from tests.doubles.origin import Origin, serving
from weights.catalog import Catalog, CatalogRow
from weights.fetch import fetch
from weights.store import WeightsStore

DATA = {f"net{number}.pth": bytes([number]) * 700_000 for number in range(4)}


@pytest.fixture
def origin() -> Iterator[Origin]:
    with serving(DATA) as running:
        yield running


def rows(origin: Origin, **fields: Any) -> list[CatalogRow]:
    return [
        CatalogRow.model_validate(
            {
                "id": name.removesuffix(".pth"),
                "name": name,
                "purpose": "upscale",
                "file": name,
                "url": f"{origin.url}/releases/{name}",
                "sha256": hashlib.sha256(data).hexdigest(),
                "bytes": len(data),
                "licence": "MIT",
                "commercial": True,
                "source": "here",
            }
            | fields
        )
        for name, data in DATA.items()
    ]


def store_of(tmp_path: Path, wanted: list[CatalogRow]) -> WeightsStore:
    return WeightsStore(tmp_path / "new" / "weights", catalog=Catalog(wanted), shipped=tmp_path)


def files(store: WeightsStore) -> set[str]:
    assert store.folder is not None
    return {path.name for path in store.folder.iterdir()}


def test_files_arrive_whole_and_verified(origin: Origin, tmp_path: Path) -> None:
    wanted = rows(origin)
    store = store_of(tmp_path, wanted)
    told: dict[str, list[int]] = {}
    done = fetch(wanted, store, progress=lambda row, have: told.setdefault(row.id, []).append(have))
    assert [item.row.id for item in done] == ["net0", "net1", "net2", "net3"]
    assert all(item.fresh and item.error is None for item in done)
    assert files(store) == set(DATA)
    for row in wanted:
        assert store.verify(row) == row.sha256
        assert told[row.id][-1] == row.bytes
        assert told[row.id] == sorted(told[row.id])


def test_downloads_run_side_by_side(origin: Origin, tmp_path: Path) -> None:
    origin.together = threading.Barrier(3)  # Answers only when three have asked.
    wanted = rows(origin)[:3]
    assert all(item.fresh for item in fetch(wanted, store_of(tmp_path, wanted), parallel=3))


def test_file_that_is_there_is_not_asked_for(origin: Origin, tmp_path: Path) -> None:
    wanted = rows(origin)[:1]
    store = store_of(tmp_path, wanted)
    fetch(wanted, store)
    origin.asked.clear()
    told: list[int] = []
    (again,) = fetch(wanted, store, progress=lambda row, have: told.append(have))
    assert told == [700_000]
    assert again.path is not None
    assert not again.fresh
    assert origin.asked == []


def test_broken_line_goes_on_where_it_ended(origin: Origin, tmp_path: Path) -> None:
    wanted = rows(origin)[:1]
    origin.breaks_after = [300_000, 100_000]
    (done,) = fetch(wanted, store_of(tmp_path, wanted))
    assert done.fresh
    assert origin.asked == [
        ("net0.pth", None),
        ("net0.pth", "bytes=300000-"),
        ("net0.pth", "bytes=400000-"),
    ]


def test_later_call_goes_on_where_the_first_gave_up(origin: Origin, tmp_path: Path) -> None:
    wanted = rows(origin)[:1]
    store = store_of(tmp_path, wanted)
    origin.breaks_after = [100_000] * 4
    (failed,) = fetch(wanted, store)
    assert failed.error is not None
    assert "the same command goes on" in failed.error
    assert not store.installed(wanted[0])
    origin.asked.clear()
    assert fetch(wanted, store)[0].fresh
    assert origin.asked == [("net0.pth", "bytes=400000-")]


def test_server_without_ranges_begins_anew(origin: Origin, tmp_path: Path) -> None:
    wanted = rows(origin)[:1]
    origin.ranges, origin.breaks_after = False, [300_000]
    store = store_of(tmp_path, wanted)
    assert fetch(wanted, store)[0].fresh
    assert store.verify(wanted[0])


def test_wrong_hash_never_gets_the_name(origin: Origin, tmp_path: Path) -> None:
    wanted = rows(origin)[:2]
    origin.swapped = {"net0.pth"}
    store = store_of(tmp_path, wanted)
    bad, good = fetch(wanted, store)
    assert bad.path is None
    assert bad.error is not None
    assert "sent something else than net0.pth" in bad.error
    assert good.fresh
    assert files(store) == {"net1.pth"}


def test_file_longer_than_said_is_cut_off(origin: Origin, tmp_path: Path) -> None:
    wanted = rows(origin, bytes=1000)[:1]
    store = store_of(tmp_path, wanted)
    (bad,) = fetch(wanted, store)
    assert bad.error is not None
    assert "sent something else" in bad.error
    assert files(store) == set()


def test_left_over_of_a_longer_file_is_no_obstacle(origin: Origin, tmp_path: Path) -> None:
    wanted = rows(origin)[:1]
    store = store_of(tmp_path, wanted)
    assert store.folder is not None
    store.folder.mkdir(parents=True)
    (store.folder / ".net0.pth.part").write_bytes(b"?" * 800_000)
    assert fetch(wanted, store)[0].fresh


def test_left_over_of_another_file_is_fetched_anew(origin: Origin, tmp_path: Path) -> None:
    wanted = rows(origin)[:1]
    store = store_of(tmp_path, wanted)
    assert store.folder is not None
    store.folder.mkdir(parents=True)
    (store.folder / ".net0.pth.part").write_bytes(b"?" * 300_000)
    assert fetch(wanted, store)[0].fresh
    assert origin.asked == [("net0.pth", "bytes=300000-"), ("net0.pth", None)]


def test_left_over_longer_than_what_the_server_has_is_dropped(
    origin: Origin, tmp_path: Path
) -> None:
    wanted = rows(origin)[:1]
    store = store_of(tmp_path, wanted)
    assert store.folder is not None
    store.folder.mkdir(parents=True)
    (store.folder / ".net0.pth.part").write_bytes(b"?" * 300_000)
    origin.data = {"net0.pth": b"short"}
    (failed,) = fetch(wanted, store)
    assert failed.error is not None
    assert "ended after 5 of 700000 bytes" in failed.error


def test_interrupted_call_names_no_file_and_keeps_what_came(origin: Origin, tmp_path: Path) -> None:
    wanted = rows(origin)
    store = store_of(tmp_path, wanted)

    def interrupt(row: CatalogRow, have: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(wanted, store, progress=interrupt)
    assert ".net0.pth.part" in files(store)
    assert not files(store) & set(DATA)
    origin.asked.clear()
    assert all(item.fresh for item in fetch(wanted, store))
    assert ("net0.pth", "bytes=262144-") in origin.asked


def test_missing_file_is_said(origin: Origin, tmp_path: Path) -> None:
    wanted = rows(origin)[:1]
    gone = [wanted[0].model_copy(update={"url": f"{origin.url}/elsewhere.pth"})]
    (failed,) = fetch(gone, store_of(tmp_path, gone))
    assert failed.error is not None
    assert "answered 404" in failed.error
    assert len(origin.asked) == 1


def test_offline_is_said(origin: Origin, tmp_path: Path) -> None:
    wanted = [rows(origin)[0].model_copy(update={"url": "http://127.0.0.1:9/net0.pth"})]
    (failed,) = fetch(wanted, store_of(tmp_path, wanted))
    assert failed.error is not None
    assert "no connection to 127.0.0.1" in failed.error
    assert "put net0.pth into the weights folder yourself" in failed.error


def test_mirror_takes_the_place_of_the_address(origin: Origin, tmp_path: Path) -> None:
    wanted = rows(origin, url="https://gone.invalid/net.pth")[:1]
    assert fetch(wanted, store_of(tmp_path, wanted), mirror=f"{origin.url}/mirror/")[0].fresh


def test_non_commercial_licence_wants_a_yes(origin: Origin, tmp_path: Path) -> None:
    wanted = rows(origin, commercial=False, licence="S-Lab 1.0")[:1]
    store = store_of(tmp_path, wanted)
    (refused,) = fetch(wanted, store)
    assert refused.error is not None
    assert "--accept-license" in refused.error
    assert origin.asked == []
    assert fetch(wanted, store, accept_license=True)[0].fresh


def test_shipped_model_is_nothing_to_fetch(origin: Origin, tmp_path: Path) -> None:
    wanted = rows(origin, url="", shipped=True)[:1]
    (refused,) = fetch(wanted, store_of(tmp_path, wanted))
    assert refused.error == "net0 comes with Darkroom; there is nothing to fetch."


def test_published_file_is_fetched_although_another_form_stands_in(
    origin: Origin, tmp_path: Path
) -> None:
    store = store_of(tmp_path, rows(origin))
    assert store.folder is not None
    store.folder.mkdir(parents=True)
    (store.folder / "net0.safetensors").write_bytes(b"converted")
    stand_in = store.catalog.find("net0")
    assert stand_in.own
    assert fetch([stand_in], store)[0].path == store.folder / "net0.pth"


def test_no_folder_is_said(origin: Origin, tmp_path: Path) -> None:
    wanted = rows(origin)
    with pytest.raises(ModelUnavailable, match="DARKROOM_WEIGHTS_DIR"):
        fetch(wanted, WeightsStore(None, catalog=Catalog(wanted), shipped=tmp_path))
