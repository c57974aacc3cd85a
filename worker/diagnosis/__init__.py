"""What is seen in a photo before anything is done to it; each figure is a room."""

from worker.diagnosis.blank import blank_of
from worker.diagnosis.blur import blur_of
from worker.diagnosis.cast import cast_of
from worker.diagnosis.colour import colour_of
from worker.diagnosis.colourspace import fast_lab
from worker.diagnosis.compression import blocking, quality
from worker.diagnosis.faces import figures_of
from worker.diagnosis.kind import kind_of
from worker.diagnosis.light import light_of
from worker.diagnosis.need import Fault, LightNeed, need
from worker.diagnosis.noise import luma_sigma, noise_sigma
from worker.diagnosis.samples import detail, glimpse, reduced, spots
from worker.diagnosis.texture import texture_of
from worker.diagnosis.values import (
    Blank,
    Blur,
    BlurKind,
    Colour,
    Diagnosis,
    FaceFigures,
    Kind,
    Light,
    Use,
)
from worker.imaging.photo import Photo

__all__ = [
    "Blank",
    "Blur",
    "BlurKind",
    "Colour",
    "Diagnosis",
    "FaceFigures",
    "Fault",
    "Kind",
    "Light",
    "LightNeed",
    "Use",
    "blocking",
    "diagnose",
    "figures_of",
    "need",
    "noise_sigma",
]

_BLOCKS = 0.3
"""A step at the borders of blocks that photos without JPEG do not have."""


def diagnose(photo: Photo) -> Diagnosis:
    """The figures of a photo; transparent areas do not count, except for exposure and cast, which
    count what is carried on under them.

    Noise, light and colour are looked for all over the photo, the rest in the window of 512 pixels
    that has most contrast.
    """
    part, areas, some = detail(photo), glimpse(photo), spots(photo)
    levels = reduced(photo.pixels)
    seen = fast_lab(levels)
    grain = luma_sigma(part)
    jpeg_quality, steps = quality(photo.jpeg_quality, part), blocking(photo)
    jpeg = jpeg_quality is not None or steps > _BLOCKS
    kind, doubtful = kind_of(part, jpeg=jpeg)
    return Diagnosis(
        width=photo.width,
        height=photo.height,
        noise_sigma=noise_sigma(photo),
        blocking=steps,
        jpeg_quality=jpeg_quality,
        blur=blur_of(part, grain, jpeg=jpeg),
        light=light_of(some, seen[..., 0]),
        colour=colour_of(areas, cast_of(levels, seen), grey=photo.grey),
        kind=kind,
        doubtful=doubtful,
        blank=blank_of(some, areas) if photo.alpha is None else None,
        generated=photo.generated,
        texture=texture_of(part, grain),
    )
