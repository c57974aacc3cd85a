"""What the person wants done to a photo."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Percent = Annotated[int, Field(ge=0, le=100)]

SCALES = (1, 2, 3, 4, 8)
INTENSITY_MIN, INTENSITY_MAX = 20, 250
MODEL_NAME_MAX = 80


class Preset(StrEnum):
    """A starting point for what the recipe leaves open.

    `auto` also decides by the kind of picture; `photo` takes it for a photo whatever it looks like.
    """

    AUTO = "auto"
    PHOTO = "photo"
    PORTRAIT = "portrait"
    LANDSCAPE = "landscape"
    ART = "art"


class Format(StrEnum):
    """The file format of the result; `auto` keeps lossless sources lossless."""

    AUTO = "auto"
    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"


class Which(StrEnum):
    """The faces that are restored; `main` is the one in front."""

    ALL = "all"
    MAIN = "main"
    NONE = "none"


class Recipe(BaseModel):
    """The wishes of one request; a field left at None is decided by the plan.

    Strengths are percentages 0–100, 0 meaning "leave this stage out". `scale` is one of `SCALES`
    (1: keep the size); `long_edge` is the wanted longer side of the result in pixels and wins
    over `scale`. `light` corrects exposure, contrast and colour cast; `grain` is the share of the
    original's own grain that comes back. `intensity` (percent, 100 = as planned) multiplies the
    strengths that the plan chooses; it never touches a strength that the person set. `creativity`
    leads from 0, true to the photo, to 100, where the upscaler may invent detail. `model` names a
    model, loosely; it serves its own purpose, the others are served as always. `largest_scale` is
    no wish but a community's ceiling on how many times larger the result may be.
    """

    model_config = ConfigDict(frozen=True)

    preset: Preset = Preset.AUTO
    denoise: Percent | None = None
    faces: Percent | None = None
    which_faces: Which | None = None
    sharpen: Percent | None = None
    light: Percent | None = None
    grain: Percent | None = None
    creativity: Percent | None = None
    model: str | None = Field(default=None, max_length=MODEL_NAME_MAX)
    scale: int | None = Field(default=None, ge=1, le=8)
    long_edge: int | None = Field(default=None, ge=16, le=20_000)
    largest_scale: int | None = Field(default=None, ge=1, le=8)
    intensity: int = Field(default=100, ge=INTENSITY_MIN, le=INTENSITY_MAX)
    format: Format = Format.AUTO
    collage: bool = True

    def over(self, other: "Recipe") -> "Recipe":
        """These wishes where they say something, `other`'s where they leave it open."""
        wishes = self.model_dump(exclude_defaults=True)
        size = {"scale": None, "long_edge": None} if wishes.keys() & {"scale", "long_edge"} else {}
        return other.model_copy(update=size | wishes)

    def scaled_by(self, scale: int) -> "Recipe":
        """The same wishes at another scale."""
        return self.model_copy(update={"scale": scale, "long_edge": None})

    def with_intensity(self, factor: float) -> "Recipe":
        """The same wishes, softer (`factor` < 1) or stronger (> 1), kept within the limits."""

        def capped(value: int | None) -> int | None:
            return None if value is None else min(100, round(value * factor))

        intensity = round(self.intensity * factor)
        return self.model_copy(
            update={
                "intensity": max(INTENSITY_MIN, min(INTENSITY_MAX, intensity)),
                "denoise": capped(self.denoise),
                "faces": capped(self.faces),
                "sharpen": capped(self.sharpen),
                "light": capped(self.light),
            }
        )


PLAIN = Recipe()
"""No wish at all: the plan decides everything."""
