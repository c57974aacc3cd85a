"""A look at a photo's header: what it is, how large, and whether it can be enhanced."""

import io
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from PIL import Image
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile
from pillow_heif import HeifImageFile

from core.errors import PhotoRefused
from core.exif import Exif
from core.language import N_, _, decimal
from core.signatures import other_kind, photo_kind


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of photo file: what people call it, its media type and its usual extension."""

    name: str
    media_type: str
    extension: str


KINDS: Final = MappingProxyType(
    {
        "jpeg": Kind("JPEG", "image/jpeg", ".jpg"),
        "png": Kind("PNG", "image/png", ".png"),
        "webp": Kind("WebP", "image/webp", ".webp"),
        "gif": Kind("GIF", "image/gif", ".gif"),
        "bmp": Kind("BMP", "image/bmp", ".bmp"),
        "tiff": Kind("TIFF", "image/tiff", ".tif"),
        "avif": Kind("AVIF", "image/avif", ".avif"),
        "heif": Kind("HEIC", "image/heic", ".heic"),
    }
)

ACCEPTED: Final = N_("JPEG, PNG, WebP, HEIC, AVIF, TIFF, BMP or GIF")

OTHERS: Final = (
    N_("a GIMP document"),
    N_("a JPEG 2000 image"),
    N_("a JPEG XL image"),
    N_("a PDF document"),
    N_("a Photoshop document"),
    N_("a ZIP archive or an office document"),
    N_("a compressed file or an animated sticker"),
    N_("a program"),
    N_("a sound file"),
    N_("a sound or video file"),
    N_("a video"),
    N_("a web page"),
    N_("an SVG drawing"),
    N_("an archive"),
    N_("an icon"),
    N_("an office document"),
    N_("text"),
)
"""What `core.signatures.other_kind` calls files, raw files aside, marked for the catalogs."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest file in bytes, the most pixels, and the bounds of a side in pixels."""

    max_bytes: int = 50_000_000
    max_pixels: int = 50_000_000
    max_side: int = 20_000
    min_side: int = 8


@dataclass(frozen=True, slots=True)
class Header:
    """What a photo's header tells; width and height are those of the upright photo.

    `frames` is 1 for a still photo and 2 or more for an animation (a GIF's are not counted).
    """

    kind: str
    width: int
    height: int
    frames: int
    bytes: int
    media_type: str


# The classes are called directly: `Image.open` would warn or raise by a global pixel limit that is
# not ours, and for a JPEG of several pictures it would give another class.
_OPENERS: Final[dict[str, Callable[[io.BytesIO], ImageFile]]] = {
    "jpeg": JpegImageFile,
    "png": PngImageFile,
    "webp": WebPImageFile,
    "gif": GifImageFile,
    "bmp": BmpImageFile,
    "tiff": TiffImageFile,
    "avif": AvifImageFile,
    "heif": HeifImageFile,
}
# A plugin reads a header piece by piece. Real files have few pieces, save that the first picture of
# a GIF, in pieces of up to 255 bytes, is walked through. A file may have millions of tiny ones.
_FREE_READS: Final = 20_000
_BYTES_A_READ: Final = 64
_RAW_TAGS: Final = (50706, 33421)  # DNGVersion, CFARepeatPatternDim: a camera's raw file
_SUBFILE, _REDUCED = 254, 1


def inspect(data: bytes, limits: Limits | None = None) -> Header:
    """The header of a photo, read without decoding; raises PhotoRefused with one of the codes
    empty, not_an_image, unsupported_kind, too_many_bytes, too_many_pixels, too_small, broken."""
    limits = limits or Limits()
    if not data:
        raise PhotoRefused(_("This file is empty. Please send the photo again."), code="empty")
    kind = _kind_of(data)
    if len(data) > limits.max_bytes:
        megabytes, most = _apart(len(data) / 1e6, limits.max_bytes / 1e6)
        raise PhotoRefused(
            _(
                "This file has {megabytes} MB; up to {most} MB can be enhanced. "
                "Send a smaller version."
            ).format(megabytes=megabytes, most=most),
            code="too_many_bytes",
        )
    with _opening(kind):
        image = _OPENERS[kind](_Bounded(data))
    width, height = image.size
    if orientation(image, kind) > 4:
        width, height = height, width
    _check_size(width, height, limits)
    with _opening(kind):
        frames = _frames(image, kind)
    return Header(kind, width, height, frames, len(data), KINDS[kind].media_type)


def open_photo(data: bytes, kind: str) -> ImageFile:
    """The undecoded picture of a file that was inspected, by Pillow; raises PhotoRefused "broken".

    Only the one plugin that fits the first bytes is tried. The picture of a TIFF or HEIF turns
    upright by itself when it is loaded, and its size is told so.
    """
    with _opening(kind):
        return _OPENERS[kind](io.BytesIO(data))


class _Bounded(io.BytesIO):
    """A file that can be read in so many steps as its size makes likely, and no more."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self._steps = _FREE_READS + len(data) // _BYTES_A_READ

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as any file; raises ValueError when it was read too often."""
        self._steps -= 1
        if self._steps < 0:
            raise ValueError("the header has too many parts")
        return super().read(size)


@contextmanager
def _opening(kind: str) -> Iterator[None]:
    """Turn whatever a plugin raises on a broken header into PhotoRefused."""
    try:
        with _quiet():
            yield
    except Image.DecompressionBombError:
        raise PhotoRefused(
            _("This photo has more pixels than can be read. Send a smaller version."),
            code="too_many_pixels",
        ) from None
    except Exception as error:  # plugins raise anything on a broken file: struct, index, value…
        raise PhotoRefused(
            _(
                "This {kind} file is broken or incomplete and cannot be opened. "
                "Please send it again, or export it anew."
            ).format(kind=KINDS[kind].name),
            code="broken",
        ) from error


def orientation(image: ImageFile, kind: str) -> int:
    """How the decoded pixels must be turned, as an EXIF orientation 1–8; the decoders of TIFF
    (OpenCV's too) and HEIF turn them themselves."""
    if kind in ("tiff", "heif"):
        return 1
    return Exif(image.info.get("exif") or b"").orientation


def _kind_of(data: bytes) -> str:
    kind = photo_kind(data)
    if kind == "tiff":
        exif = Exif(data)
        reduced = exif.number(exif.main.get(_SUBFILE)) == _REDUCED
        if reduced or any(tag in exif.main for tag in _RAW_TAGS):
            kind = None
    if kind is not None:
        return kind
    other = other_kind(data)
    if other == "a camera raw file":
        text = _("This is a camera raw file. Develop it first and send it as JPEG or TIFF.")
        raise PhotoRefused(text, code="unsupported_kind")
    if other is not None:
        text = _("This is {what}, not a photo. Send a {accepted} file.")
        text = text.format(what=_(other), accepted=_(ACCEPTED))
        raise PhotoRefused(text, code="unsupported_kind")
    raise PhotoRefused(
        _("This file is not a photo that can be read. Send a {accepted} file.").format(
            accepted=_(ACCEPTED)
        ),
        code="not_an_image",
    )


def _check_size(width: int, height: int, limits: Limits) -> None:
    if width * height > limits.max_pixels:
        megapixels, most = _apart(width * height / 1e6, limits.max_pixels / 1e6)
        raise PhotoRefused(
            _(
                "This photo has {megapixels} megapixels; up to {most} can be enhanced. "
                "Send a smaller version."
            ).format(megapixels=megapixels, most=most),
            code="too_many_pixels",
        )
    if max(width, height) > limits.max_side:
        raise PhotoRefused(
            _(
                "This photo is {width} × {height} pixels; a side may have up to {most}. "
                "Send a smaller version or a part of it."
            ).format(width=width, height=height, most=limits.max_side),
            code="too_many_pixels",
        )
    if min(width, height) < limits.min_side:
        raise PhotoRefused(
            _(
                "This photo is only {width} × {height} pixels; "
                "at least {least} on each side are needed."
            ).format(width=width, height=height, least=limits.min_side),
            code="too_small",
        )


def _frames(image: ImageFile, kind: str) -> int:
    if kind == "gif":
        # Counting would walk through the whole file, which a hostile one can make very slow.
        return 2 if getattr(image, "is_animated", False) else 1
    if kind in ("png", "webp", "avif"):
        return max(1, int(getattr(image, "n_frames", 1)))
    return 1


def _apart(value: float, limit: float) -> tuple[str, str]:
    """Both figures, the first with as few decimals as show that it is above the second."""
    shown = f"{value:.6f}"
    for decimals in (0, 1, 2, 3):
        if round(value, decimals) > limit:
            shown = f"{value:.{decimals}f}"
            break
    return decimal(shown), decimal(f"{limit:g}")


_warnings_lock = threading.Lock()


@contextmanager
def _quiet() -> Iterator[None]:
    # Plugins warn about odd metadata, which nobody here can act on. The filters belong to the
    # whole process, hence the lock.
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
