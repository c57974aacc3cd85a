"""The working form of a photo: pixels in sRGB with all that the result has to keep."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint16]


class Box(NamedTuple):
    """A rectangle in pixels of the photo that it belongs to."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, eq=False, slots=True)
class Photo:
    """A decoded photo, upright and in sRGB.

    `pixels` are H×W×3 of uint16, sRGB-encoded RGB over the full range 0–65535; an 8-bit value v
    is v × 257, so that 8-bit sources come back exactly. `alpha` is H×W straight alpha of the same
    range, or None. `grey` says that the source had one channel: the three are equal and the
    result is written as grey. `depth` is 8 or 16, the bits per channel of source and result.
    `kind` is a key of `core.images.KINDS`; `lossless` tells how the source was encoded. `exif` is
    the block of the source, not yet filtered. `animated` says that further frames were left out.
    `jpeg_quality` (1–100) is that of a JPEG's own tables, None for other files; `generated` says
    that the file declares a picture made by a model.
    """

    pixels: Pixels
    alpha: Pixels | None = None
    grey: bool = False
    depth: int = 8
    kind: str = "png"
    lossless: bool = True
    exif: bytes | None = None
    animated: bool = False
    jpeg_quality: float | None = None
    generated: bool = False

    @property
    def width(self) -> int:
        """Columns of pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Rows of pixels."""
        return int(self.pixels.shape[0])


def to_eight_bits(values: Pixels) -> NDArray[np.uint8]:
    """The nearest 8-bit values of 16-bit ones, of any shape; v × 257 gives v back exactly."""
    result = np.empty(values.shape, np.uint8)
    rows = max(1, 1 << 20 >> max(0, int(values[:1].size).bit_length() - 1))
    for top in range(0, values.shape[0], rows):
        strip = values[top : top + rows].astype(np.uint32)
        strip *= 255
        strip += 32895
        strip >>= 16
        result[top : top + rows] = strip
    return result


def to_sixteen_bits(values: NDArray[np.uint8]) -> Pixels:
    """8-bit values spread over the 16-bit range."""
    result = values.astype(np.uint16)
    result *= 257
    return result
