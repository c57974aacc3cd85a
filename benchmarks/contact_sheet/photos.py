"""The photos that are looked at: those of a folder, or scikit-image's made poor in fixed ways."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage import data

from benchmarks.demo import poor
from benchmarks.quality.damage import jpeg, noisy, reduced

__all__ = ["photos"]

_SEED = 7


def photos(folder: Path | None) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each file of a folder, or of photos that come with scikit-image."""
    if folder is not None:
        for file in sorted(path for path in folder.iterdir() if path.is_file()):
            yield file.name, file.read_bytes()
        return
    for name, make in _OWN.items():
        written = io.BytesIO()
        picture, kind = make()
        picture.save(written, kind, **({"quality": 80} if kind == "JPEG" else {}))
        yield f"{name}.{kind.lower()}", written.getvalue()


def _picture(pixels: NDArray[Any]) -> Image.Image:
    return Image.fromarray(pixels)


def _phone() -> tuple[Image.Image, str]:
    """A face, half as large, with noise and blocks."""
    return poor(_picture(data.astronaut()), seed=_SEED).convert("RGB"), "PNG"


def _compressed() -> tuple[Image.Image, str]:
    """A cat, half as large, as JPEG 30."""
    return jpeg(reduced(_picture(data.chelsea()), 2), 30), "PNG"


def _grey() -> tuple[Image.Image, str]:
    """A grey photo with noise of σ 10 and a sky."""
    grainy = noisy(_picture(data.camera()).convert("RGB"), 10, np.random.default_rng(_SEED))
    return reduced(grainy.convert("L"), 2), "PNG"


def _cut_out() -> tuple[Image.Image, str]:
    """A cup within a soft oval, its surroundings transparent and black."""
    photo = reduced(_picture(data.coffee()), 2)
    down, across = np.mgrid[-1 : 1 : photo.height * 1j, -1 : 1 : photo.width * 1j]
    solid = np.clip((0.85 - np.hypot(down, across)) * 40, 0, 1)
    colours = np.asarray(photo) * (solid > 0)[..., None]
    alpha = (255 * solid).round().astype(np.uint8)
    return _picture(np.dstack([colours.astype(np.uint8), alpha])), "PNG"


def _dark() -> tuple[Image.Image, str]:
    """A rocket at dusk, two stops too dark, as JPEG."""
    levels = np.asarray(reduced(_picture(data.rocket()), 2)) / 255
    return _picture((255 * levels**1.8).round().astype(np.uint8)), "JPEG"


def _clean() -> tuple[Image.Image, str]:
    """A cat that needs nothing but size."""
    return _picture(data.chelsea()), "PNG"


_OWN: Final[dict[str, Callable[[], tuple[Image.Image, str]]]] = {
    "astronaut-phone": _phone,
    "chelsea-compressed": _compressed,
    "camera-grey": _grey,
    "coffee-cut-out": _cut_out,
    "rocket-dark": _dark,
    "chelsea-clean": _clean,
}
