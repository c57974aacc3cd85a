"""Brings published model files, checked by hash before they get their name."""

import errno
import http.client
import shutil
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from core.errors import ModelUnavailable
from weights.catalog import CatalogRow, digest
from weights.store import WeightsStore

__all__ = ["Fetched", "fetch"]

Progress = Callable[[CatalogRow, int], None]

_CHUNK = 1 << 18
_TRIES = 4
_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Fetched:
    """What became of one model: its file, or a sentence that says why there is none.

    `fresh` tells whether it was downloaded now or was there already.
    """

    row: CatalogRow
    path: Path | None = None
    error: str | None = None
    fresh: bool = False


class _Stopped(Exception):
    """Another thread is being interrupted."""


def fetch(
    wanted: Iterable[CatalogRow],
    store: WeightsStore,
    *,
    accept_license: bool = False,
    mirror: str | None = None,
    parallel: int = 3,
    progress: Progress | None = None,
) -> tuple[Fetched, ...]:
    """Downloads the wanted models into the store's folder, `parallel` at once, in their order.

    A broken download is taken up where it ended, also by a later call. A file gets its name only
    after its SHA-256 was right. `mirror` replaces everything of the address but the file's name;
    `progress` is told the row and the bytes that lie here, from several threads. A model that
    cannot be had does not stop the others: its `error` says why. Raises ModelUnavailable if there
    is no folder.
    """
    if store.folder is None:
        raise ModelUnavailable("There is no weights folder yet; set DARKROOM_WEIGHTS_DIR.")
    published = {row.id: row for row in store.published}
    # A file of the user's own may stand in for the published one, which is what is fetched.
    rows = [published.get(row.id, row) for row in {row.id: row for row in wanted}.values()]
    folder = store.folder
    stop = threading.Event()

    def one(row: CatalogRow) -> Fetched:
        if not row.url:
            origin = "is your own file" if row.own else "comes with Darkroom"
            return Fetched(row, error=f"{row.id} {origin}; there is nothing to fetch.")
        if row.commercial is False and not accept_license:
            return Fetched(
                row,
                error=f"{row.id} may not be used commercially ({row.licence}); "
                "add --accept-license if that suits you.",
            )
        try:
            if stop.is_set():
                raise _Stopped
            return _bring(row, folder, mirror, stop, progress)
        except _Stopped:
            return Fetched(row, error=f"{row.id} was interrupted; the next call goes on with it.")
        except OSError as error:
            return Fetched(row, error=_in_words(row, error))

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelUnavailable(f"The weights folder {folder} cannot be made.") from error
    with ThreadPoolExecutor(max_workers=max(1, parallel)) as pool:
        tasks = [pool.submit(one, row) for row in rows]
        try:
            return tuple(task.result() for task in tasks)
        except BaseException:
            stop.set()
            raise


def _bring(
    row: CatalogRow,
    folder: Path,
    mirror: str | None,
    stop: threading.Event,
    progress: Progress | None,
) -> Fetched:
    path, part = folder / row.file, folder / f".{row.file}.part"
    if path.is_file() and digest(path) == row.sha256:
        if progress is not None:
            progress(row, row.bytes)
        return Fetched(row, path)
    have = part.stat().st_size if part.is_file() else 0
    if shutil.disk_usage(folder).free < row.bytes - have:
        raise OSError(errno.ENOSPC, "no space")
    address = f"{mirror.rstrip('/')}/{row.file}" if mirror else row.url
    _complete(row, address, part, stop, progress)
    found = digest(part)
    if found != row.sha256 and have:
        # What an earlier call left may have come from elsewhere, or in another version.
        part.unlink()
        _complete(row, address, part, stop, progress)
        found = digest(part)
    if found != row.sha256:
        size = part.stat().st_size
        part.unlink()
        host = urlsplit(address).hostname
        return Fetched(
            row,
            error=f"{host} sent something else than {row.file} ({size} bytes, SHA-256 "
            f"{found[:12]}…, expected {row.sha256[:12]}…); it was thrown away.",
        )
    part.replace(path)
    return Fetched(row, path, fresh=True)


def _complete(
    row: CatalogRow,
    address: str,
    part: Path,
    stop: threading.Event,
    progress: Progress | None,
) -> None:
    """Fill `part` in several tries; raises OSError if the last one fails too."""
    for left in reversed(range(_TRIES)):
        try:
            _download(row, address, part, stop, progress)
        except urllib.error.HTTPError:
            raise
        except (OSError, http.client.HTTPException) as error:
            broken = isinstance(error, OSError) and error.errno == errno.ENOSPC
            if broken or not left:
                raise error if isinstance(error, OSError) else OSError(str(error)) from error
        else:
            break


def _download(
    row: CatalogRow, address: str, part: Path, stop: threading.Event, progress: Progress | None
) -> None:
    """Fill `part` up to the row's size; raises OSError or HTTPException if the line breaks."""
    have = part.stat().st_size if part.is_file() else 0
    if have > row.bytes:
        part.unlink()
        have = 0
    if have == row.bytes:
        return
    request = urllib.request.Request(address, headers={"User-Agent": "darkroom"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        opened = urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS)
    except urllib.error.HTTPError as error:
        if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        part.unlink(missing_ok=True)
        raise OSError("what had come was longer than the file") from error
    with opened as answer:
        if have and answer.status != http.client.PARTIAL_CONTENT:
            have = 0  # The server begins anew.
        with part.open("ab" if have else "wb") as file:
            # One byte too many is enough to see that it is not the file.
            while have <= row.bytes and (chunk := answer.read(_CHUNK)):
                if stop.is_set():
                    raise _Stopped
                file.write(chunk)
                have += len(chunk)
                if progress is not None:
                    progress(row, have)
    if have < row.bytes:
        raise OSError(f"the connection ended after {have} of {row.bytes} bytes")


def _in_words(row: CatalogRow, error: OSError) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"{row.id}: {urlsplit(error.url).hostname} answered {error.code} {error.reason}."
    if error.errno == errno.ENOSPC:
        return f"{row.id}: the disk is too full for {row.bytes / 1e6:.0f} MB."
    if isinstance(error, PermissionError):
        return f"{row.id}: the weights folder may not be written to."
    host = urlsplit(row.url).hostname
    return (
        f"{row.id}: no connection to {host}, or it broke off ({_reason(error)}); what came is "
        f"kept, the same command goes on. Offline, put {row.file} into the weights folder yourself."
    )


def _reason(error: OSError) -> str:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    return str(reason) or type(reason).__name__
