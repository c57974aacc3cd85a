"""From pixels to the bytes of the result, made to fit what the platform can send."""

import io
import math
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
from PIL import Image

from core.errors import PhotoRefused
from core.images import KINDS
from core.language import _, decimal
from core.recipe import Format
from worker.imaging import profiles
from worker.imaging.jpeg import write_jpeg
from worker.imaging.metadata import kept
from worker.imaging.photo import Photo, to_eight_bits
from worker.imaging.png import write_png

QUALITIES: Final = (95, 92, 88, 84, 80)
# About what share of the bytes at quality 95 a photo takes at each of them, on the low side: a step
# that has no chance is not tried.
_SHARES: Final = (1.0, 0.6, 0.45, 0.35, 0.28)
_WEBP_SIDE: Final = 16_383
_JPEG_SIDE: Final = 65_500
# WebP takes a third off a PNG at best, and a second and a half a megapixel of one core.
_WEBP_GAIN: Final = 1.5
_WEBP_LOSSLESS_PIXELS: Final = 6_000_000
_WEBP_EFFORT: Final = 50
_PNG_LEVEL: Final = 6
_LEAST_SIDE: Final = 16
# A large PNG takes seconds to write; one that a sample of rows promises to be far too large is
# passed over.
_GUESSED_PIXELS: Final = 4_000_000
_GUESS_BANDS, _GUESS_ROWS = 12, 8
_SURE: Final = 1.5


@dataclass(frozen=True, slots=True)
class Encoded:
    """A file ready to be sent; `notes` are fragments for the caption on what had to give way."""

    data: bytes
    media_type: str
    extension: str
    width: int
    height: int
    notes: tuple[str, ...] = ()


class _Step(NamedTuple):
    """One way to write a photo; no quality means lossless."""

    format: Format
    quality: int | None = None
    depth: int = 8


def encode(photo: Photo, wanted: Format = Format.AUTO, *, max_bytes: int) -> Encoded:
    """The photo as a file of at most `max_bytes`, in sRGB, with its EXIF filtered.

    `auto` is PNG for a source with alpha, 16 bits or lossless encoding, else JPEG at quality 95
    without chroma subsampling. What does not fit gives up quality first, then the format, then
    size; raises PhotoRefused "too_many_bytes" when even that is not enough.
    """
    limit = decimal(f"{max_bytes / 1e6:.3g}")
    picture = _picture(photo)
    steps = _steps(photo, wanted)
    size = top_size = 0
    for step in steps:
        if not _worth_trying(step, picture, size, top_size, max_bytes):
            continue
        if step.format is Format.PNG and (guess := _png_guess(photo, step)) > _SURE * max_bytes:
            size = guess
            continue
        data = _written(photo, picture, step)
        size = len(data)
        if step.quality == QUALITIES[0]:
            top_size = size
        if size <= max_bytes:
            notes = (*_format_notes(photo, wanted, step), *_ladder_notes(step, steps[0], limit))
            return _encoded(data, step, picture, notes)
    step = steps[-1]
    data, smaller = _shrunk(photo, picture, step, size, max_bytes)
    notes = (
        *_format_notes(photo, wanted, step),
        *_ladder_notes(step, steps[0], limit),
        _("made smaller, {width} × {height}, to fit the {limit} MB limit").format(
            width=smaller.width, height=smaller.height, limit=limit
        ),
    )
    return _encoded(data, step, smaller, notes)


def _steps(photo: Photo, wanted: Format) -> tuple[_Step, ...]:
    """The ladder, best first."""
    longest = max(photo.width, photo.height)
    target = wanted
    if wanted is Format.AUTO:
        faithful = photo.lossless or photo.alpha is not None or photo.depth == 16
        target = Format.PNG if faithful else Format.JPEG
    if target is Format.WEBP and longest > _WEBP_SIDE:
        target = Format.PNG if photo.alpha is not None else Format.JPEG
    if target is Format.JPEG and longest > _JPEG_SIDE:
        target = Format.PNG
    if target is not Format.PNG:
        return tuple(_Step(target, quality) for quality in QUALITIES)
    steps = [_Step(Format.PNG)]
    if photo.depth == 16:
        steps.insert(0, _Step(Format.PNG, depth=16))
    if longest <= _WEBP_SIDE:
        steps.append(_Step(Format.WEBP))
    with_alpha = photo.alpha is not None and longest <= _WEBP_SIDE
    lossy = Format.WEBP if with_alpha else Format.JPEG
    return (*steps, *(_Step(lossy, quality) for quality in QUALITIES))


def _worth_trying(
    step: _Step, picture: Image.Image, size: int, top_size: int, max_bytes: int
) -> bool:
    """Whether a step may fit, after one of `size` bytes (0: none yet) did not."""
    if step.format is Format.WEBP and step.quality is None:
        few = picture.width * picture.height <= _WEBP_LOSSLESS_PIXELS
        return few and size <= _WEBP_GAIN * max_bytes
    if step.quality is None or step.quality == QUALITIES[-1]:
        return True
    return top_size * _SHARES[QUALITIES.index(step.quality)] <= max_bytes


def _png_guess(photo: Photo, step: _Step) -> int:
    """About how many bytes a large photo will take as PNG, told from some of its rows."""
    few = photo.width * photo.height < _GUESSED_PIXELS
    if few or photo.height <= _GUESS_BANDS * _GUESS_ROWS:
        return 0
    tops = np.linspace(0, photo.height - _GUESS_ROWS, _GUESS_BANDS).astype(int)
    rows = (tops[:, None] + np.arange(_GUESS_ROWS)).ravel()
    alpha = None if photo.alpha is None else photo.alpha[rows]
    sample = replace(photo, pixels=photo.pixels[rows], alpha=alpha)
    return len(_written(sample, _picture(sample), step)) * photo.height // len(rows)


def _format_notes(photo: Photo, wanted: Format, step: _Step) -> tuple[str, ...]:
    notes = []
    if wanted is Format.WEBP and step.format is not wanted:
        notes.append(
            _("WebP holds up to {pixels} pixels a side, so another format was taken").format(
                pixels=_WEBP_SIDE
            )
        )
    if photo.alpha is not None and step.format is Format.JPEG:
        notes.append(_("transparent parts made white, as JPEG has no transparency"))
    return tuple(notes)


def _ladder_notes(step: _Step, first: _Step, limit: str) -> tuple[str, ...]:
    if step == first:
        return ()
    kind = KINDS[step.format].name
    if step.quality is not None:
        text = _("saved as {kind} at quality {quality} to fit the {limit} MB limit")
        return (text.format(kind=kind, quality=step.quality, limit=limit),)
    if step.format is Format.WEBP:
        text = _("saved as lossless {kind} to fit the {limit} MB limit")
        return (text.format(kind=kind, limit=limit),)
    return (_("saved with 8 bits per channel to fit the {limit} MB limit").format(limit=limit),)


def _encoded(data: bytes, step: _Step, picture: Image.Image, notes: tuple[str, ...]) -> Encoded:
    kind = KINDS[step.format]
    return Encoded(data, kind.media_type, kind.extension, picture.width, picture.height, notes)


def _picture(photo: Photo) -> Image.Image:
    """The photo with 8 bits per channel: L, LA, RGB or RGBA."""
    values = to_eight_bits(photo.pixels[..., 0] if photo.grey else photo.pixels)
    picture = Image.fromarray(np.ascontiguousarray(values))
    if photo.alpha is not None:
        picture.putalpha(Image.fromarray(to_eight_bits(photo.alpha)))
    return picture


def _written(photo: Photo, picture: Image.Image, step: _Step) -> bytes:
    exif = kept(photo.exif, picture.width, picture.height)
    icc = profiles.grey() if photo.grey else profiles.srgb()
    if step.depth == 16:
        values = photo.pixels[..., :1] if photo.grey else photo.pixels
        if photo.alpha is not None:
            values = np.concatenate([values, photo.alpha[..., None]], axis=2)
        return write_png(values, icc=icc, exif=exif)
    out = io.BytesIO()
    if step.format is Format.PNG:
        picture.save(out, "PNG", icc_profile=icc, exif=exif, compress_level=_PNG_LEVEL)
    elif step.format is Format.JPEG:
        return write_jpeg(_on_white(picture), step.quality or QUALITIES[0], icc=icc, exif=exif)
    else:
        # WebP has three channels only, so that the profile is the one of colours.
        lossless = step.quality is None
        picture.save(
            out, "WEBP", lossless=lossless, quality=_WEBP_EFFORT if lossless else step.quality,
            method=3 if lossless else 4, icc_profile=profiles.srgb(), exif=exif,
        )  # fmt: skip
    return out.getvalue()


def _on_white(picture: Image.Image) -> Image.Image:
    if picture.mode not in ("LA", "RGBA"):
        return picture
    mode = picture.mode.removesuffix("A")
    paper = Image.new(mode, picture.size, "white")
    paper.paste(picture.convert(mode), mask=picture.getchannel("A"))
    return paper


def _shrunk(
    photo: Photo, picture: Image.Image, step: _Step, size: int, max_bytes: int
) -> tuple[bytes, Image.Image]:
    """The largest version that fits, found from the sizes of those that did not."""
    factor = 1.0
    while True:
        factor *= min(0.95, math.sqrt(max_bytes / size) * 0.98)
        width, height = round(picture.width * factor), round(picture.height * factor)
        if min(width, height) < _LEAST_SIDE:
            raise PhotoRefused(
                _("The result cannot be made small enough to be sent here."),
                code="too_many_bytes",
            )
        smaller = picture.resize((width, height), Image.Resampling.LANCZOS)
        data = _written(photo, smaller, step)
        if len(data) <= max_bytes:
            return data, smaller
        size = len(data)
