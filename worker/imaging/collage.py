"""The picture that shows at a glance what was done: before, after, and a part of both enlarged."""

from typing import Final

import cv2
import numpy as np
from PIL import Image, ImageDraw

from core.language import _, decimal
from worker.imaging import profiles
from worker.imaging.jpeg import write_jpeg
from worker.imaging.layout import Layout, Panel, layout
from worker.imaging.photo import Box, Photo, to_eight_bits
from worker.imaging.region import telling_region

_PAPER: Final = (18, 18, 20)
_CHECKER: Final = ((204, 204, 204), (230, 230, 230))
_CHECKER_FIELDS: Final = 48  # across the collage
_OVERSAMPLING: Final = 3  # of masks: corners without steps
_ZOOM: Final = 1.6  # pixels of a zoomed panel for one of the result
_LARGEST_PART: Final = 0.7  # of the photo that may still be called a part
_FACE_MARGIN: Final = 1.7  # of the panel over the face
_LETTERS: Final = 0.6  # of a label's height
_WEIGHT: Final = 450  # a little bolder than regular, as the letters lie on a photo
_QUALITIES: Final = (90, 82, 70)
_MOST_BYTES: Final = 9_000_000


def collage(before: Photo, after: Photo, *, region: Box | None = None) -> bytes:
    """A JPEG that compares `before` (enlarged by plain bicubic) with `after`.

    `region` is what to show enlarged, such as a face, in pixels of `before`; left out, the most
    detailed part is found. The longer edge is at most 2048 pixels, the file under 9 MB.
    """
    plan = layout(before.width / before.height)
    part = _part(before, after, plan, region)
    sheet = Image.new("RGB", (plan.width, plan.height), _PAPER)
    labels = {"before": _("before"), "after": _after_label(before, after)}
    for panel in plan.panels:
        photo = before if panel.side == "before" else after
        picture = _panel(photo, _area(before, photo, part if panel.zoomed else None), panel, plan)
        if not panel.zoomed:
            _mark(picture, part, before, plan)
        _label(picture, labels[panel.side], plan)
        mask = _rounded(picture.size, _corner(plan))
        sheet.paste(picture, (panel.place.left, panel.place.top), mask)
    return _jpeg(sheet)


def _after_label(before: Photo, after: Photo) -> str:
    scale = after.width / before.width
    if abs(scale - 1) < 0.02:
        return _("after")
    return _("after {scale}×").format(scale=decimal(f"{scale:.2g}"))


def _part(before: Photo, after: Photo, plan: Layout, region: Box | None) -> Box:
    """What the zoomed panels show, in pixels of `before` and in the panels' shape."""
    scale = after.width / before.width
    shape = plan.zoom_shape
    panel_width = next(panel.place.width for panel in plan.panels if panel.zoomed)
    most = min(before.width, before.height * shape) * _LARGEST_PART
    width = min(panel_width / _ZOOM / scale, most)
    if region is None:
        return telling_region(before, (max(1, round(width)), max(1, round(width / shape))))
    needed = max(region.width, region.height * shape) * _FACE_MARGIN
    width = min(max(needed, width / 2), before.width, before.height * shape)
    height = width / shape
    left = region.left + (region.width - width) / 2
    top = region.top + (region.height - height) / 2
    size = (max(1, int(width)), max(1, int(height)))
    return Box(
        int(min(max(left, 0), before.width - size[0])),
        int(min(max(top, 0), before.height - size[1])),
        *size,
    )


def _area(before: Photo, photo: Photo, part: Box | None) -> tuple[float, float, float, float]:
    """A part of `before` (None: all of it) as left, top, right, bottom in pixels of `photo`."""
    if part is None:
        return (0, 0, photo.width, photo.height)
    across, down = photo.width / before.width, photo.height / before.height
    return (
        part.left * across,
        part.top * down,
        (part.left + part.width) * across,
        (part.top + part.height) * down,
    )


def _panel(
    photo: Photo, area: tuple[float, float, float, float], panel: Panel, plan: Layout
) -> Image.Image:
    size = (panel.place.width, panel.place.height)
    margin = 4  # pixels around the area: the kernel wants neighbours
    left, top = max(0, int(area[0]) - margin), max(0, int(area[1]) - margin)
    right = min(photo.width, int(area[2]) + 1 + margin)
    bottom = min(photo.height, int(area[3]) + 1 + margin)
    pixels = photo.pixels[top:bottom, left:right]
    box = (area[0] - left, area[1] - top, area[2] - left, area[3] - top)
    alpha = None if photo.alpha is None else photo.alpha[top:bottom, left:right]
    reduction = int(min((box[2] - box[0]) / size[0], (box[3] - box[1]) / size[1]) / 2)
    if reduction > 1 and alpha is None:
        small = (
            max(1, round(pixels.shape[1] / reduction)),
            max(1, round(pixels.shape[0] / reduction)),
        )
        across, down = small[0] / pixels.shape[1], small[1] / pixels.shape[0]
        pixels = np.asarray(cv2.resize(pixels, small, interpolation=cv2.INTER_AREA), np.uint16)
        box = (box[0] * across, box[1] * down, box[2] * across, box[3] * down)
    picture = Image.fromarray(to_eight_bits(pixels))
    if alpha is not None:
        picture.putalpha(Image.fromarray(to_eight_bits(alpha)))
    shrinks = box[2] - box[0] > size[0]
    kernel = Image.Resampling.LANCZOS if shrinks else Image.Resampling.BICUBIC
    picture = picture.resize(size, kernel, box=box)
    if alpha is None:
        return picture
    paper = _checker(size, max(4, max(plan.width, plan.height) // _CHECKER_FIELDS))
    paper.paste(picture.convert("RGB"), mask=picture.getchannel("A"))
    return paper


def _checker(size: tuple[int, int], field: int) -> Image.Image:
    down, across = np.indices((size[1], size[0])) // field
    odd = ((down + across) % 2).astype(np.uint8)
    return Image.fromarray(np.array(_CHECKER, np.uint8)[odd])


def _mark(picture: Image.Image, part: Box, before: Photo, plan: Layout) -> None:
    """A thin frame in the whole view around what the zoomed panels show."""
    across, down = picture.width / before.width, picture.height / before.height
    left, top = round(part.left * across), round(part.top * down)
    right = max(left, round((part.left + part.width) * across) - 1)
    bottom = max(top, round((part.top + part.height) * down) - 1)
    line = max(2, plan.width // 500)
    draw = ImageDraw.Draw(picture, "RGBA")
    draw.rectangle((left - 1, top - 1, right + 1, bottom + 1), None, (0, 0, 0, 110), line + 2)
    draw.rectangle((left, top, right, bottom), None, (255, 255, 255, 235), line)


def _label(picture: Image.Image, text: str, plan: Layout) -> None:
    """A translucent pill with a word in the lower left corner."""
    height = max(12, round(min(plan.width * 0.042, picture.height / 5)))
    size = round(height * _LETTERS)
    # Pillow's own font knows neither accents nor Cyrillic; OpenCV's Rubik does.
    font = cv2.FontFace("sans")
    end = cv2.putText(np.zeros((1, 1), np.uint8), text, (0, 0), 0, font, size, _WEIGHT)[0][0]
    margin, inset = round(height * 0.3), round(height * 0.5)
    width = end + 2 * inset
    left, top = margin, picture.height - margin - height
    shade = _rounded((width, height), height / 2).point(lambda value: value * 150 // 255)
    picture.paste((0, 0, 0), (left, top), shade)
    letters = np.zeros((height, width), np.uint8)
    baseline = round(height * 0.5 + size * 0.35)
    cv2.putText(letters, text, (inset, baseline), 255, font, size, _WEIGHT)
    picture.paste((255, 255, 255), (left, top), Image.fromarray(letters))


def _corner(plan: Layout) -> float:
    return plan.width / 100


def _rounded(size: tuple[int, int], radius: float) -> Image.Image:
    """A mask of a rectangle with round corners."""
    large = (size[0] * _OVERSAMPLING, size[1] * _OVERSAMPLING)
    mask = Image.new("L", large, 0)
    ImageDraw.Draw(mask).rounded_rectangle(
        (0, 0, large[0] - 1, large[1] - 1), radius * _OVERSAMPLING, 255
    )
    return mask.resize(size, Image.Resampling.BOX)


def _jpeg(sheet: Image.Image) -> bytes:
    data = b""
    for quality in _QUALITIES:
        data = write_jpeg(sheet, quality, icc=profiles.srgb())
        if len(data) < _MOST_BYTES:
            break
    return data
