"""From the bytes of a file to upright sRGB pixels."""

import struct
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageFile import ImageFile

from core.errors import PhotoRefused
from core.exif import Exif, block
from core.images import KINDS, Limits, inspect, open_photo, orientation
from core.language import _
from worker.imaging import profiles
from worker.imaging.colour import grey_to_srgb, managed_to_srgb, rgb_to_srgb
from worker.imaging.origin import generated, jpeg_quality
from worker.imaging.photo import Photo, Pixels, to_sixteen_bits

_BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _EXTRA = 258, 259, 262, 277, 338
_TIFF_JPEG: Final = (6, 7)
_TIFF_RGB: Final = 2
_ASSOCIATED: Final = 1
_WHOLE_TIFF_FIELDS: Final = 4096  # bytes: the strips' offsets and the like are no metadata


@dataclass(frozen=True)
class _Raster:
    """Pixels as stored, before orientation: H×W (grey) or H×W×3, and alpha, both 16-bit."""

    values: Pixels
    alpha: Pixels | None = None
    depth: int = 8
    in_srgb: bool = False


def decode(data: bytes, limits: Limits | None = None) -> Photo:
    """The photo in a file, upright, in sRGB, alpha apart; the first frame of an animation.

    Raises PhotoRefused: what `core.images.inspect` refuses, and "truncated" or "broken".
    """
    header = inspect(data, limits)
    try:
        image = open_photo(data, header.kind)
        image.load()
        raster = _sixteen_bit_raster(data, image, header.kind) or _raster(image)
        raster = _upright(raster, orientation(image, header.kind))
        pixels, grey = _in_srgb(raster, image)
    except (PhotoRefused, MemoryError):
        raise
    except Exception as error:  # the decoders raise anything on broken data
        raise _refusal(data, header.kind) from error
    alpha = raster.alpha
    if alpha is not None and int(alpha.min()) == 65535:
        alpha = None
    return Photo(
        pixels=pixels,
        alpha=alpha,
        grey=grey,
        depth=raster.depth,
        kind=header.kind,
        lossless=_lossless(data, image, header.kind),
        exif=_exif(data, image, header.kind),
        animated=header.frames > 1,
        jpeg_quality=jpeg_quality(image),
        generated=generated(data, image),
    )


def _raster(image: ImageFile) -> _Raster:
    mode = image.mode
    transparency = image.info.get("transparency")
    if mode in ("I;16", "I;16L", "I;16B", "I;16N"):
        values = np.asarray(image).astype(np.uint16)
        return _Raster(values, _keyed(values, transparency), 16)
    if mode in ("I", "F"):
        return _Raster(_stretched(np.asarray(image)), None, 16)
    if mode == "1" or (mode == "L" and transparency is None):
        return _Raster(to_sixteen_bits(np.asarray(image.convert("L"))))
    if mode == "L":
        eight = np.asarray(image)
        return _Raster(to_sixteen_bits(eight), _keyed(eight, transparency))
    if mode in ("LA", "La"):
        both = to_sixteen_bits(np.asarray(image.convert("LA")))
        return _Raster(both[..., 0].copy(), both[..., 1].copy())
    if mode in ("RGBA", "RGBa", "PA") or (mode in ("P", "RGB") and transparency is not None):
        four = to_sixteen_bits(np.asarray(image.convert("RGBA")))
        return _Raster(np.ascontiguousarray(four[..., :3]), four[..., 3].copy())
    if mode in ("CMYK", "LAB"):
        profile = image.info.get("icc_profile") if mode == "CMYK" else None
        managed = managed_to_srgb(image, profile) if profile or mode == "LAB" else None
        if managed is not None:
            return _Raster(managed, in_srgb=True)
        return _Raster(to_sixteen_bits(np.asarray(image.convert("RGB"))), in_srgb=True)
    return _Raster(to_sixteen_bits(np.asarray(image.convert("RGB"))))


def _keyed(values: NDArray[np.uint8] | Pixels, transparency: object) -> Pixels | None:
    """Alpha of a grey picture in which one value stands for nothing."""
    if not isinstance(transparency, int):
        return None
    return np.where(values == transparency, 0, 65535).astype(np.uint16)


def _stretched(values: NDArray[np.generic]) -> Pixels:
    """32-bit grey brought into range: by the usual full scale that fits, else by its extremes."""
    finite = np.nan_to_num(values.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(finite.min()), float(finite.max())
    whole = np.issubdtype(values.dtype, np.integer)
    scales = (65535.0,) if whole else (1.0, 255.0, 65535.0)
    full = next((scale for scale in scales if high <= scale), None)
    if low < 0 or full is None:
        finite -= low
        full = (high - low) or 1.0
    return np.rint(finite * (65535 / full)).astype(np.uint16)


def _sixteen_bit_raster(data: bytes, image: ImageFile, kind: str) -> _Raster | None:
    """Pictures of several 16-bit channels, which Pillow would cut down to 8 bits."""
    if not _has_sixteen_bit_channels(data, kind):
        return None
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None or decoded.dtype != np.uint16 or decoded.ndim != 3:
        return None
    values = decoded.astype(np.uint16, copy=False)
    alpha = values[..., 3].copy() if values.shape[2] == 4 else None
    colours = np.ascontiguousarray(values[..., 2::-1])
    if kind == "png":
        key = image.info.get("transparency")
        if alpha is None and isinstance(key, tuple):
            matches = (colours == np.array(key, np.uint16)).all(axis=2)
            alpha = np.where(matches, 0, 65535).astype(np.uint16)
        if data[25] == 4:
            colours = colours[..., 0].copy()
    elif alpha is not None and Exif(data).number(Exif(data).main.get(_EXTRA)) == _ASSOCIATED:
        colours = _unmultiplied(colours, alpha)
    return _Raster(colours, alpha, 16)


def _has_sixteen_bit_channels(data: bytes, kind: str) -> bool:
    if kind == "png":
        return data[24] == 16 and data[25] in (2, 4, 6)
    if kind != "tiff":
        return False
    exif = Exif(data)
    bits, photometric, samples = (
        exif.number(exif.main.get(tag)) for tag in (_BITS, _PHOTOMETRIC, _SAMPLES)
    )
    return bits == 16 and photometric == _TIFF_RGB and samples in (3, 4)


def _unmultiplied(colours: Pixels, alpha: Pixels) -> Pixels:
    result = np.empty_like(colours)
    for row in range(colours.shape[0]):
        weight = np.maximum(alpha[row], 1).astype(np.float32)[:, None]
        straight = np.rint(colours[row] * (65535 / weight))
        result[row] = np.minimum(straight, 65535).astype(np.uint16)
    return result


def _upright(raster: _Raster, turn: int) -> _Raster:
    if turn == 1:
        return raster
    alpha = None if raster.alpha is None else _turned(raster.alpha, turn)
    return replace(raster, values=_turned(raster.values, turn), alpha=alpha)


def _turned(values: Pixels, turn: int) -> Pixels:
    if turn > 4:  # 5–8: rows and columns change places
        values = values.swapaxes(0, 1)
    if turn in (3, 4, 7, 8):
        values = values[::-1]
    if turn in (2, 3, 6, 7):
        values = values[:, ::-1]
    return np.ascontiguousarray(values)


def _in_srgb(raster: _Raster, image: ImageFile) -> tuple[Pixels, bool]:
    """The pixels as H×W×3 in sRGB, and whether they are grey."""
    profile = None if raster.in_srgb else image.info.get("icc_profile")
    if raster.values.ndim == 2:
        values = grey_to_srgb(raster.values, profile) if profile else raster.values
        return np.repeat(values[..., None], 3, axis=2), True
    if not profile and not raster.in_srgb and Exif(image.info.get("exif") or b"").adobe_rgb:
        profile = profiles.adobe_rgb()
    if not profile:
        return raster.values, False
    pixels = rgb_to_srgb(raster.values, profile)
    if pixels is None and profile[16:20] == b"RGB ":
        # Profiles with tables are left to the colour management system, which takes 8 bits.
        eight = Image.fromarray((raster.values >> 8).astype(np.uint8))
        pixels = managed_to_srgb(eight, profile)
    return raster.values if pixels is None else pixels, False


def _lossless(data: bytes, image: ImageFile, kind: str) -> bool:
    if kind == "webp":
        return b"VP8L" in _riff_chunks(data)
    if kind == "tiff":
        exif = Exif(data)
        return exif.number(exif.main.get(_COMPRESSION)) not in _TIFF_JPEG
    return kind in ("png", "gif", "bmp")


def _riff_chunks(data: bytes) -> set[bytes]:
    found: set[bytes] = set()
    at = 12
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        found.add(name)
        if name == b"ANMF":  # a frame: its own chunks follow a header of 16 bytes
            found.add(data[at + 24 : at + 28])
        at += 8 + size + size % 2
    return found


def _exif(data: bytes, image: ImageFile, kind: str) -> bytes | None:
    if kind != "tiff":
        return image.info.get("exif") or None
    exif = Exif(data)
    if not exif.order:
        return None
    main = {tag: value for tag, value in exif.main.items() if len(value.data) < _WHOLE_TIFF_FIELDS}
    return block(exif.order, main, exif.sub)


def _refusal(data: bytes, kind: str) -> PhotoRefused:
    name = KINDS[kind].name
    if _ends_early(data, kind):
        return PhotoRefused(
            _(
                "This {kind} file is cut off: a part of the photo is missing. Please send it again."
            ).format(kind=name),
            code="truncated",
        )
    return PhotoRefused(
        _(
            "This {kind} file is broken and cannot be decoded. "
            "Please export it again or send another one."
        ).format(kind=name),
        code="broken",
    )


def _ends_early(data: bytes, kind: str) -> bool:
    """Whether the end that the file itself announces lies beyond its last byte."""
    if kind == "jpeg":
        return b"\xff\xd9" not in data[-64:]
    if kind == "png":
        return b"IEND" not in data[-64:]
    if kind == "gif":
        return not data.rstrip(b"\0").endswith(b";")
    if kind == "webp":
        return len(data) < 8 + int.from_bytes(data[4:8], "little")
    if kind == "bmp":
        return len(data) < int.from_bytes(data[2:6], "little")
    if kind == "tiff":
        return True  # nothing in a TIFF says where it ends; missing strips are what fails
    return _boxes_end(data) > len(data)


def _boxes_end(data: bytes) -> int:
    """Where the last top-level box of an ISO base media file ends."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size < 8:
            return len(data)
        at += size
    return at
