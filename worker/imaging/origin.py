"""What a file tells of its past: how hard it was compressed, and whether a model made it."""

from typing import Final

from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile

from core.exif import Exif

# ITU-T T.81 (the JPEG standard), table K.1, by rows.
_LUMA_STEPS: Final = (
    *(16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99),
)

# IPTC NewsCodes, "Digital Source Type": in XMP and C2PA as an address or as a short code. A
# photo that was only edited with a model is "compositeWithTrainedAlgorithmicMedia".
_DECLARED: Final = (b"/trainedAlgorithmicMedia", b"digsrctype:trainedAlgorithmicMedia")

# What programs write into PNG's text, and what is in it then: stable-diffusion-webui's
# parameters, ComfyUI's graph, InvokeAI's and NovelAI's own fields.
_TEXTS: Final = {
    "parameters": "Steps: ",
    "prompt": '"class_type"',
    "workflow": '"nodes"',
    "invokeai_metadata": "{",
    "sd-metadata": "{",
    "Software": "NovelAI",
}
_USER_COMMENT: Final = 0x9286  # where the same parameters stand in JPEG and WebP


def luma_steps(quality: int) -> tuple[int, ...]:
    """The 64 steps (1–255, by rows) of libjpeg's luma table (`jcparam.c`) at a quality of 1–100."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return tuple(min(255, max(1, (step * scale + 50) // 100)) for step in _LUMA_STEPS)


def jpeg_quality(image: ImageFile) -> float | None:
    """The quality (1–100) of libjpeg whose luma table is nearest in its sum to that of a JPEG.

    Exact for files of libjpeg, an equivalent for tables of cameras and others (as ImageMagick's
    `JPEGImageQuality` does); None for other files.
    """
    if not isinstance(image, JpegImageFile) or 0 not in image.quantization:
        return None
    coarseness = sum(image.quantization[0])
    return float(min(range(100, 0, -1), key=lambda one: abs(sum(luma_steps(one)) - coarseness)))


def generated(data: bytes, image: ImageFile) -> bool:
    """Whether a file declares that a model made its picture; `image` is loaded."""
    if any(word in data for word in _DECLARED):
        return True
    if any(word in str(image.info.get(key, "")) for key, word in _TEXTS.items()):
        return True
    comment = Exif(image.info.get("exif") or b"").sub.get(_USER_COMMENT)
    # Two bytes a character, in an order that programs do not agree on.
    plain = comment.data.replace(b"\0", b"") if comment else b""
    return b"Steps: " in plain and b"Sampler: " in plain
