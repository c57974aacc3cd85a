"""Photo bytes on their way: written once, read once, deleted after delivery."""

import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlparse
from urllib.request import url2pathname

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, from_url

from core.errors import ServiceDown
from core.language import _

if TYPE_CHECKING:
    from obstore.store import ObjectStore

KEPT_SECONDS = 24 * 3600.0
"""How long beyond its job's deadline a result may wait to be delivered."""
_DIGITS = 11

log = logging.getLogger(__name__)


class BlobMissing(ServiceDown):
    """The bytes are not there any more: delivered already, or past their deadline."""

    code = "blob_missing"


class Blobs:
    """The blob store behind BLOB_URL (`file://…`, `s3://…`, whatever obstore speaks).

    Keys begin with the Unix second after which nobody needs the bytes, so that what was left
    behind by a crash is found and deleted by its name alone.
    """

    def __init__(self, backend: "ObjectStore") -> None:
        self._backend = backend

    @classmethod
    def open(cls, url: str) -> Self:
        """The store at `url`; a folder is made if it is missing.

        Credentials and endpoints of S3 come from the usual AWS_… variables. Plain http endpoints
        (a local MinIO) are permitted.
        """
        parts = urlparse(url)
        try:
            if parts.scheme == "file":
                folder = Path(url2pathname(parts.path))
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                return cls(LocalStore(folder, automatic_cleanup=True))
            return cls(from_url(url, client_options={"allow_http": True}))
        except (BaseError, OSError, ValueError) as error:
            place = parts.path if parts.scheme == "file" else f"{parts.scheme}://{parts.hostname}"
            raise ServiceDown(f"The photo store at {place} cannot be opened.") from error

    @staticmethod
    def key(job_id: str, name: str, deadline: float) -> str:
        """The key of a job's blob that may be deleted after `deadline` (Unix seconds)."""
        return f"{int(deadline):0{_DIGITS}d}/{job_id}/{name}"

    async def put(self, key: str, data: bytes) -> None:
        """Store `data`; raises ServiceDown when the store refuses (full, out of reach)."""
        try:
            await obstore.put_async(self._backend, key, data)
        except (BaseError, OSError) as error:
            raise ServiceDown(
                _("The lab has no place for another photo right now. Please try again later.")
            ) from error

    async def get(self, key: str) -> bytes:
        """The bytes under `key`; raises BlobMissing when they are gone."""
        try:
            answer = await obstore.get_async(self._backend, key)
            return bytes(await answer.bytes_async())
        except FileNotFoundError as error:
            raise BlobMissing(
                _("The photo is not in the lab any more. Please send it again.")
            ) from error
        except (BaseError, OSError) as error:
            raise ServiceDown(
                _("The photo store does not answer. Please try again in a minute.")
            ) from error

    async def delete(self, keys: Iterable[str]) -> None:
        """Delete what is there of `keys`; what is gone already is no error."""
        for key in keys:
            try:
                await obstore.delete_async(self._backend, key)
            except FileNotFoundError:
                continue
            except (BaseError, OSError) as error:
                raise ServiceDown(_("The photo store does not answer.")) from error

    async def discard(self, keys: Iterable[str]) -> None:
        """Delete what can be deleted now; what cannot is left to its deadline and the sweeper."""
        try:
            await self.delete(keys)
        except ServiceDown as error:
            log.warning("photos stay until their deadline: %s", type(error.__cause__).__name__)

    async def sweep(
        self,
        now: float | None = None,
        *,
        ended: Callable[[set[str]], Awaitable[set[str]]] | None = None,
    ) -> int:
        """Delete every blob whose deadline has passed; returns how many.

        `ended` tells which of some jobs need theirs no more: what their killed processes left.
        """
        moment = time.time() if now is None else now
        keys = await self.keys()
        jobs = await ended({_job(key) for key in keys}) if ended is not None else set()
        late = [key for key in keys if _deadline(key) < moment or _job(key) in jobs]
        await self.delete(late)
        return len(late)

    async def keys(self) -> list[str]:
        """Every key in the store."""
        try:
            return [entry["path"] async for batch in obstore.list(self._backend) for entry in batch]
        except (BaseError, OSError) as error:
            raise ServiceDown(_("The photo store does not answer.")) from error


def _job(key: str) -> str:
    return key.split("/")[1] if key.count("/") == 2 else ""


def _deadline(key: str) -> float:
    stamp = key.partition("/")[0]
    return float(stamp) if stamp.isdigit() and len(stamp) == _DIGITS else float("inf")
