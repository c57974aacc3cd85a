"""Writing of JPEG files without chroma subsampling."""

import io

from PIL import Image


def write_jpeg(picture: Image.Image, quality: int, *, icc: bytes, exif: bytes = b"") -> bytes:
    """The bytes of an L or RGB picture as JPEG 4:4:4."""
    try:
        return _written(picture, quality, icc, exif, optimize=True)
    except OSError:
        # Optimised Huffman tables make Pillow write into one buffer of a guessed size, which
        # heavy grain overflows; the standard tables are written piece by piece.
        return _written(picture, quality, icc, exif, optimize=False)


def _written(
    picture: Image.Image, quality: int, icc: bytes, exif: bytes, *, optimize: bool
) -> bytes:
    out = io.BytesIO()
    picture.save(
        out,
        "JPEG",
        quality=quality,
        subsampling=0,
        optimize=optimize,
        icc_profile=icc,
        exif=exif,
    )
    return out.getvalue()
