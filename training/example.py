"""The picture on a model card: before, after and the truth, from a public-domain photo."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from weights.torchvision_ops import declare_missing_operators

declare_missing_operators()

from spandrel import ImageModelDescriptor, ModelLoader  # noqa: E402

__all__ = ["draw_example"]

_PART = (130, 20, 370, 260)
_SIGMA = 25


def draw_example(path: Path, weights: Path) -> None:
    """Write three panels of 240 px side by side as JPEG: the plain way, the model, the original.

    The photo is scikit-image's astronaut (NASA, public domain): reduced by the model's scale and
    enlarged again, or with noise of sigma 25 where the scale is 1.
    """
    import skimage.data

    picture: Any = skimage.data.astronaut  # scikit-image carries no types.
    original = Image.fromarray(picture())
    model = ModelLoader("cpu").load_from_file(weights)
    if not isinstance(model, ImageModelDescriptor):
        raise TypeError(f"{weights.name} does not map one image to one image.")
    if model.scale == 1:
        noise = np.random.default_rng(0).normal(0, _SIGMA, (original.height, original.width, 3))
        levels = (np.asarray(original) + noise).round().clip(0, 255)
        given = plain = Image.fromarray(levels.astype(np.uint8))
    else:
        small = (original.width // model.scale, original.height // model.scale)
        given = original.resize(small, Image.Resampling.BICUBIC)
        plain = given.resize(original.size, Image.Resampling.BICUBIC)
    panels = [image.crop(_PART) for image in (plain, _restored(model, given), original)]
    side = panels[0].width
    sheet = Image.new("RGB", (side * len(panels), side))
    for index, panel in enumerate(panels):
        sheet.paste(panel, (side * index, 0))
    sheet.save(path, "JPEG", quality=92, subsampling=0)


def _restored(model: ImageModelDescriptor[Any], image: Image.Image) -> Image.Image:
    given = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255
    with torch.inference_mode():
        result = model(given)[0]
    return Image.fromarray(result.mul(255).round().byte().permute(1, 2, 0).numpy())
