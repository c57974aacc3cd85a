"""The order in which all models are trained, each from the one it goes on from."""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["ORDER"]

ORDER: Mapping[str, str | None] = MappingProxyType(
    {
        "upscale-x4": None,
        "upscale-x2": "upscale-x4",
        "denoise": None,
        "face-find": None,
        "face-restore": "upscale-x4",
        "vivid-x4": "upscale-x4",
        "drawing-x4": "upscale-x4",
        "vivid-x2": "upscale-x2",
    }
)
"""Each recipe and the recipe whose weights it starts from, if any, which comes before it."""
