"""What a diagnosis tells, as plain values whose defaults say that nothing is wrong."""

from dataclasses import dataclass
from enum import StrEnum
from math import hypot

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
]


class BlurKind(StrEnum):
    """What made a photo soft."""

    SHARP = "sharp"
    SOFT = "soft"
    """Out of focus, or smoothed."""
    MOTION = "motion"
    ENLARGED = "enlarged"
    """Enlarged from a smaller photo."""


class Blank(StrEnum):
    """What a photo is that shows nothing."""

    BLACK = "black"
    WHITE = "white"
    PLAIN = "plain"
    """One colour all over."""


class Kind(StrEnum):
    """What sort of picture it is."""

    PHOTO = "photo"
    DRAWING = "drawing"
    """Flat colours and lines: drawings, anime, logos."""
    SCREENSHOT = "screenshot"
    """Text or the surface of a program."""


class Use(StrEnum):
    """What so many pixels are enough for."""

    ICON = "icon"
    MESSAGE = "message"
    """A small photo in a chat."""
    SCREEN = "screen"
    PRINT = "print"


@dataclass(frozen=True)
class Blur:
    """How soft a photo is, and by what.

    `sigma` is that of the Gaussian, in pixels, whose blur is as strong where the photo is sharpest
    (0–12, 0 = sharp). `length` in pixels and `angle` in degrees (0 ≤ angle < 180, 0 across, 90
    down, 45 rising to the right) are those of a motion, else 0. `factor` is how many times the
    photo was enlarged in each direction, 1 if it was not.
    """

    kind: BlurKind = BlurKind.SHARP
    sigma: float = 0.0
    length: float = 0.0
    angle: float = 0.0
    factor: float = 1.0


@dataclass(frozen=True)
class Light:
    """How a photo is exposed.

    `shadows` and `highlights` are the shares (0–1) of pixels clipped to black and to white. Of CIE
    lightness L* (0–100), seen in a small copy, `low`, `dark`, `median`, `bright` and `high` are the
    1st, 5th, 50th, 95th and 99th percentile, and `black` is the share (0–1) of it below 3. `gamma`
    is the exponent that brings L*/100 to a usual exposure, as estimated: below 1 the photo is too
    dark, above 1 too bright, if by enough.
    """

    shadows: float = 0.0
    highlights: float = 0.0
    low: float = 3.0
    dark: float = 10.0
    median: float = 50.0
    bright: float = 90.0
    high: float = 95.0
    black: float = 0.0
    gamma: float = 1.0

    @property
    def contrast(self) -> float:
        """The span of L* (0–100) without its ends."""
        return self.high - self.low


@dataclass(frozen=True)
class Colour:
    """The colours of a photo, in units of CIE L*a*b* (D65).

    `cast_a` (green to red) and `cast_b` (blue to yellow) are what a neutral grey of L* 60 has
    become, as estimated, rather too little than too much, whether it is a fault or not. `grey` says
    that the three channels are equal, `toned` that it is monochrome in one tint (sepia), `faded`
    that it has neither black nor white, as old prints and their scans.
    """

    cast_a: float = 0.0
    cast_b: float = 0.0
    grey: bool = False
    toned: bool = False
    faded: bool = False

    @property
    def cast(self) -> float:
        """The size of the cast, in units of chroma; some 2 are seen by a trained eye."""
        return hypot(self.cast_a, self.cast_b)


@dataclass(frozen=True)
class FaceFigures:
    """How one found face can be seen.

    `eye_distance` in pixels; `sharpness` is the energy of fine over that of coarser edges in the
    face at its own resolution (1 for none that are fine, below 1.25 soft, above 1.4 sharp);
    `inside` the share (0–1) of the face that lies in the photo.
    """

    eye_distance: float
    sharpness: float = 2.0
    inside: float = 1.0


@dataclass(frozen=True)
class Diagnosis:
    """What is seen in one photo of `width` × `height` pixels.

    `noise_sigma` is the standard deviation of the grain and `blocking` the step at the borders of
    JPEG's blocks, both on the scale 0–255. `jpeg_quality` (1–100, as libjpeg counts) is the worst
    that the photo went through, None where nothing shows that it was ever JPEG. `texture` (0–255)
    is the deviation of fine detail beyond the grain where there is most of it: what smoothing would
    take away. `blank` is set where it shows nothing. `doubtful` says that what is taken for
    a photo may as well be a drawing, `generated` that the file itself declares a picture made by a
    model.
    """

    width: int
    height: int
    noise_sigma: float
    blocking: float
    jpeg_quality: float | None = None
    blur: Blur = Blur()
    light: Light = Light()
    colour: Colour = Colour()
    kind: Kind = Kind.PHOTO
    doubtful: bool = False
    blank: Blank | None = None
    generated: bool = False
    texture: float = 0.0

    @property
    def long_edge(self) -> int:
        """The longer side in pixels."""
        return max(self.width, self.height)

    @property
    def use(self) -> Use:
        """What it is large enough for: a print of 20 cm at 254 dpi takes 2000 pixels."""
        for most, use in ((256, Use.ICON), (800, Use.MESSAGE), (2000, Use.SCREEN)):
            if self.long_edge < most:
                return use
        return Use.PRINT
