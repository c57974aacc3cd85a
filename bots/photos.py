"""Photos by their outer marks: what counts as one before it is fetched, and what it is called."""

from pathlib import PurePath

from core.language import N_

PHOTO_NAME = "photo.jpg"
_SUFFIXES = (
    *("jpg", "jpeg", "jpe", "jfif", "mpo", "png", "webp", "gif", "bmp", "dib"),
    *("tif", "tiff", "avif", "heic", "heif", "hif"),
)
_UNKNOWN = (None, "", "application/octet-stream", "binary/octet-stream")
_NAME_MAX = 120
_SUFFIX_MAX = 5
_OTHER = N_("files of this kind")


def is_photo(media_type: str | None, name: str | None) -> bool:
    """Whether a file may be a photo, by its media type, or by its name where that says nothing."""
    if media_type in _UNKNOWN:
        return PurePath(name or "").suffix.lower().lstrip(".") in _SUFFIXES
    return str(media_type).startswith("image/")


def other_kind(name: str | None) -> str:
    """What a file is that is no photo: its suffix in capitals, such as `PDF`, else a msgid.

    A photo's suffix tells nothing of what only bears it.
    """
    suffix = PurePath(name or "").suffix.lstrip(".").upper()
    told = suffix.isupper() and len(suffix) <= _SUFFIX_MAX and suffix.lower() not in _SUFFIXES
    return suffix if told else _OTHER


def short_name(name: str) -> str:
    """The file's name, one line, its suffix kept."""
    clean = "".join(letter for letter in PurePath(name).name if letter.isprintable())
    path = PurePath(PurePath(clean).name or PHOTO_NAME)
    return path.stem[: _NAME_MAX - len(path.suffix)] + path.suffix[:_NAME_MAX]
