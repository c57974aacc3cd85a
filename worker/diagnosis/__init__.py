"""What is seen in a photo before anything is done to it; each figure is a room."""

from worker.diagnosis.compression import blocking
from worker.diagnosis.noise import noise_sigma
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
    "Kind",
    "Light",
    "Use",
    "blocking",
    "diagnose",
    "noise_sigma",
]


def diagnose(photo: Photo) -> Diagnosis:
    """The figures of a photo; transparent areas do not count."""
    height, width = photo.pixels.shape[:2]
    return Diagnosis(width, height, noise_sigma(photo), blocking(photo))
