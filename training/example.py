"""The picture on a model card: before, after and the truth.

The photo is scikit-image's astronaut (NASA, public domain); drawings are made by code.
"""

import io
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image, ImageDraw

from training.drawings import figure, page
from weights.torchvision_ops import declare_missing_operators

declare_missing_operators()

from spandrel import ImageModelDescriptor, ModelLoader  # noqa: E402

__all__ = ["draw_example"]

_PART, _DRAWN_PART = (130, 20, 370, 260), (120, 150, 360, 390)
_DRAWN, _FIGURE_SEED, _PAGE_SEED = 512, 109, 104
_SIGMA = 25
_FACE = 256
_EYES = ((203.0, 100.8), (248.0, 102.8))  # In the photo.
_TEMPLATE_EYES = ((96.5, 120.0), (159.4, 120.1))  # In an aligned face of 256 px.


def draw_example(path: Path, weights: Path, recipe: str) -> None:
    """Write a JPEG of the model's work: the plain way, the model, the original, side by side.

    For upscalers the photo or drawing is reduced by their scale; for the denoiser it carries noise
    of sigma 25; for the face restorer the aligned face is small, noisy and coded. The face finder's
    is one picture with the boxes and points it found.
    """
    photo = _photo()
    if recipe == "face-find":
        sheet = _with_faces(photo, weights)
    else:
        model = ModelLoader("cpu").load_from_file(weights)
        if not isinstance(model, ImageModelDescriptor):
            raise TypeError(f"{weights.name} does not map one image to one image.")
        source = _drawing() if recipe.startswith("drawing") else photo
        sheet = _side_by_side(_panels(source, model, recipe))
    sheet.save(path, "JPEG", quality=92, subsampling=0)


def _photo() -> Image.Image:
    import skimage.data

    picture: Any = skimage.data.astronaut  # scikit-image carries no types.
    return Image.fromarray(picture())


def _drawing() -> Image.Image:
    """A figure above, text below."""
    levels = figure(np.random.default_rng(_FIGURE_SEED), _DRAWN)
    middle = _DRAWN * 2 // 5
    levels[:middle] = levels[-middle:]
    levels[middle:] = page(np.random.default_rng(_PAGE_SEED), _DRAWN)[: _DRAWN - middle]
    return Image.fromarray(levels)


def _panels(photo: Image.Image, model: ImageModelDescriptor[Any], recipe: str) -> list[Image.Image]:
    """The plain way, the model's result, the original, equally large."""
    if recipe == "face-restore":
        original = _aligned(photo)
        given = _coded(_noisy(_reduced(original, model.scale), 8), 70)
        plain = given.resize(original.size, Image.Resampling.BICUBIC)
        return [plain, _restored(model, given), original]
    if model.scale == 1:
        given = plain = _noisy(photo, _SIGMA)
    else:
        given = _reduced(photo, model.scale)
        plain = given.resize(photo.size, Image.Resampling.BICUBIC)
    part = _DRAWN_PART if recipe.startswith("drawing") else _PART
    return [image.crop(part) for image in (plain, _restored(model, given), photo)]


def _side_by_side(panels: list[Image.Image]) -> Image.Image:
    side = panels[0].width
    sheet = Image.new("RGB", (side * len(panels), side))
    for index, panel in enumerate(panels):
        sheet.paste(panel, (side * index, 0))
    return sheet


def _with_faces(photo: Image.Image, weights: Path) -> Image.Image:
    """The photo with what the finder found in it at its usual threshold."""
    finder = cv2.FaceDetectorYN.create(str(weights), "", photo.size, 0.7)
    _, found = finder.detect(np.ascontiguousarray(np.asarray(photo)[:, :, ::-1]))
    sheet = photo.copy()
    pen = ImageDraw.Draw(sheet)
    for row in np.empty((0, 15)) if found is None else found:
        left, top, width, height = row[:4]
        pen.rectangle((left, top, left + width, top + height), outline="lime", width=3)
        for x, y in row[4:14].reshape(5, 2):
            pen.ellipse((x - 3, y - 3, x + 3, y + 3), fill="red")
    return sheet


def _aligned(photo: Image.Image) -> Image.Image:
    """The face, its eyes on those of the template."""
    (left_x, left_y), (right_x, right_y) = _EYES
    (to_left_x, to_left_y), (to_right_x, to_right_y) = _TEMPLATE_EYES
    size = math.hypot(right_x - left_x, right_y - left_y)
    size /= math.hypot(to_right_x - to_left_x, to_right_y - to_left_y)
    angle = math.atan2(right_y - left_y, right_x - left_x)
    cosine, sine = size * math.cos(angle), size * math.sin(angle)
    shift_x = left_x - cosine * to_left_x + sine * to_left_y
    shift_y = left_y - sine * to_left_x - cosine * to_left_y
    return photo.transform(
        (_FACE, _FACE),
        Image.Transform.AFFINE,
        (cosine, -sine, shift_x, sine, cosine, shift_y),
        Image.Resampling.BICUBIC,
    )


def _reduced(image: Image.Image, scale: int) -> Image.Image:
    size = (image.width // scale, image.height // scale)
    return image.resize(size, Image.Resampling.BICUBIC)


def _noisy(image: Image.Image, sigma: float) -> Image.Image:
    noise = np.random.default_rng(0).normal(0, sigma, (image.height, image.width, 3))
    levels = (np.asarray(image) + noise).round().clip(0, 255)
    return Image.fromarray(levels.astype(np.uint8))


def _coded(image: Image.Image, quality: int) -> Image.Image:
    coded = io.BytesIO()
    image.save(coded, "JPEG", quality=quality)
    with Image.open(coded) as opened:
        return opened.convert("RGB")


def _restored(model: ImageModelDescriptor[Any], image: Image.Image) -> Image.Image:
    given = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        result = model(given)[0]
    return Image.fromarray(result.mul(255).round().byte().permute(1, 2, 0).numpy())
