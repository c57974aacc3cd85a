from collections.abc import Iterable
from pathlib import Path

import pytest

from core.blobs import BlobMissing, Blobs
from core.errors import ServiceDown


async def test_bytes_come_back_until_they_are_deleted(blobs: Blobs, tmp_path: Path) -> None:
    key = Blobs.key("job-1", "in-0", 1_700_000_000.9)
    assert key == "01700000000/job-1/in-0"
    await blobs.put(key, b"\0photo")
    assert await blobs.get(key) == b"\0photo"
    await blobs.delete([key, key, Blobs.key("other", "in-0", 5)])
    with pytest.raises(BlobMissing, match="send it again"):
        await blobs.get(key)
    assert await blobs.keys() == []
    assert not list((tmp_path / "blobs").rglob("*"))


async def test_a_blob_is_replaced_as_a_whole(blobs: Blobs) -> None:
    await blobs.put("a", b"long long long")
    await blobs.put("a", b"short")
    assert await blobs.get("a") == b"short"


async def test_what_is_past_its_deadline_is_swept_and_nothing_else(blobs: Blobs) -> None:
    keys = [Blobs.key("j", name, deadline) for name, deadline in (("a", 100), ("b", 200))]
    for key in [*keys, "somebody-elses/file", "123/short-number"]:
        await blobs.put(key, b"x")
    assert await blobs.sweep(now=150) == 1
    assert await blobs.sweep(now=150) == 0
    assert sorted(await blobs.keys()) == sorted(
        [keys[1], "somebody-elses/file", "123/short-number"]
    )


async def test_the_folder_is_the_accounts_own(tmp_path: Path) -> None:
    Blobs.open((tmp_path / "new" / "blobs").as_uri())
    assert (tmp_path / "new" / "blobs").stat().st_mode & 0o077 == 0


async def test_a_folder_with_blanks_and_umlauts_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "schöne Fotos %20"
    await Blobs.open(folder.as_uri()).put("a/b", b"x")
    assert (folder / "a" / "b").read_bytes() == b"x"


@pytest.mark.parametrize("url", ["file:///proc/nowhere/blobs", "gopher://x/y", "file:///dev/null"])
def test_a_store_that_cannot_be_opened_says_so(url: str) -> None:
    with pytest.raises(ServiceDown, match="cannot be opened"):
        Blobs.open(url)


async def test_a_store_that_refuses_says_so(blobs: Blobs, tmp_path: Path) -> None:
    (tmp_path / "blobs" / "a").write_bytes(b"a file where a folder is needed")
    with pytest.raises(ServiceDown, match="no place"):
        await blobs.put("a/b", b"x")


async def test_what_cannot_be_discarded_now_stays_and_is_no_error(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await blobs.put("a", b"x")

    async def refuse(keys: Iterable[str]) -> None:
        raise ServiceDown("The photo store does not answer.") from PermissionError("secret path")

    with monkeypatch.context() as closed:
        closed.setattr(blobs, "delete", refuse)
        await blobs.discard(["a"])
    assert "PermissionError" in caplog.text
    assert "secret path" not in caplog.text
    await blobs.discard(["a", "b"])
    assert await blobs.keys() == []
