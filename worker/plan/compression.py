"""How much a photo was compressed, as far as it matters to the plan."""

import math

from worker.diagnosis import Diagnosis

__all__ = ["BLOCKS", "COMPRESSED", "coded", "is_coarse", "is_compressed"]

BLOCKS, COMPRESSED = 0.5, 88.0
"""From which step at block borders on (0–255), and below which JPEG quality, it is to be seen."""

_COARSE = 0.5
"""Compression from which on undoing a blur brings the blocks out, quality 80 or so."""


def coded(diagnosis: Diagnosis) -> float:
    """How much (0–1) of the compression is to be taken back: by quality, or by what is seen."""
    quality = diagnosis.jpeg_quality
    if quality is not None and quality < COMPRESSED:
        return 1 - math.exp(-(98.4 - quality) / 25.5)
    if diagnosis.blocking >= BLOCKS:
        return 1 - math.exp(-(diagnosis.blocking - 0.3) / 0.35)
    return 0.0


def is_compressed(diagnosis: Diagnosis) -> bool:
    """Whether the compression is worth a word."""
    quality = diagnosis.jpeg_quality
    return diagnosis.blocking >= BLOCKS or (quality is not None and quality < COMPRESSED)


def is_coarse(diagnosis: Diagnosis) -> bool:
    """Whether a blur cannot be undone without its blocks."""
    return coded(diagnosis) > _COARSE
