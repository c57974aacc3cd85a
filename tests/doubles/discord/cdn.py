"""The files that lie on Discord's servers, behind links that are signed and expire."""

import io
import re
import secrets
import time
import zlib
from dataclasses import dataclass, field
from urllib.parse import urlencode

from PIL import Image, UnidentifiedImageError

from tests.doubles.discord.rules import Json, Refused

GONE = "This content is no longer available."


@dataclass(eq=False)
class StoredFile:
    """A file of a message or of a slash option, its bytes kept as they are."""

    file_id: int
    name: str
    data: bytes = field(repr=False)
    media_type: str
    folder: str
    title: str | None = None
    description: str | None = None
    size: tuple[int, int] | None = None

    @property
    def path(self) -> str:
        """Where it lies, without the signature."""
        return f"{self.folder}/{self.file_id}/{self.name}"


class Cdn:
    """Every file by its path; links live `seconds` of the double's own time."""

    def __init__(self) -> None:
        self.base = ""
        self.now = time.time()
        self.seconds = 86_400.0
        self._secret = secrets.token_bytes(16)
        self._files: dict[str, StoredFile] = {}

    def store(
        self, file_id: int, name: str, data: bytes, media_type: str, folder: str
    ) -> StoredFile:
        """Keep a file; its name loses what Discord takes out of names."""
        kept = safe_name(name)
        stored = StoredFile(
            file_id=file_id,
            name=kept,
            data=data,
            media_type=media_type,
            folder=folder,
            title=None if kept == name else name.rpartition(".")[0] or name,
            size=_pixels(data) if media_type.startswith("image/") else None,
        )
        self._files[stored.path] = stored
        return stored

    def forget(self, stored: StoredFile) -> None:
        """Take a file off the servers, as happens with a deleted message."""
        self._files.pop(stored.path, None)

    def link(self, stored: StoredFile, place: str = "") -> str:
        """An address of the file that works until it expires."""
        issued = int(self.now)
        expires = int(self.now + self.seconds)
        signed = {"ex": f"{expires:x}", "is": f"{issued:x}"}
        signature = self._sign(stored.path, signed["ex"], signed["is"])
        return f"{self.base}{place}{stored.path}?{urlencode({**signed, 'hm': signature})}&"

    def at(self, path: str, query: dict[str, str]) -> StoredFile:
        """The file behind a link; raises Refused where the link is not valid, or not any more."""
        stored = self._files.get(path)
        expires, issued = query.get("ex", ""), query.get("is", "")
        genuine = query.get("hm") == self._sign(path, expires, issued)
        if stored is None or not genuine or int(expires or "0", 16) <= self.now:
            raise Refused(0, status=404, message=GONE)
        return stored

    def expire_links(self) -> None:
        """Make every link handed out so far lead nowhere."""
        self._secret = secrets.token_bytes(16)

    def described(self, stored: StoredFile, *, ephemeral: bool = False) -> Json:
        """The attachment object of the API, with fresh links."""
        described: Json = {
            "id": str(stored.file_id),
            "filename": stored.name,
            "size": len(stored.data),
            "url": self.link(stored),
            "proxy_url": self.link(stored, "/media"),
            "content_type": stored.media_type,
        }
        if stored.size is not None:
            described |= {"width": stored.size[0], "height": stored.size[1]}
        if stored.title is not None:
            described["title"] = stored.title
        if stored.description is not None:
            described["description"] = stored.description
        return described | ({"ephemeral": True} if ephemeral else {})

    def _sign(self, path: str, expires: str, issued: str) -> str:
        text = f"{path}?{expires}&{issued}".encode()
        return f"{zlib.crc32(text + self._secret):08x}" * 8


def safe_name(name: str) -> str:
    """A file name as Discord keeps it: spaces are underscores, only plain characters remain."""
    kept = re.sub(r"[^A-Za-z0-9._-]", "", name.replace(" ", "_"))
    stem, dot, suffix = kept.rpartition(".")
    return f"{stem or 'unknown'}{dot}{suffix}" if dot else kept or "unknown"


def _pixels(data: bytes) -> tuple[int, int] | None:
    try:
        with Image.open(io.BytesIO(data)) as image:
            return image.size
    except (UnidentifiedImageError, OSError):
        return None
