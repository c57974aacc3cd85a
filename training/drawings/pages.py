"""Pages of text and the surfaces of programs."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from training.drawings.canvas import Colour, Levels

__all__ = ["page"]

_FACES = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSansMono",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "DejaVuSerif-Italic",
    "STIXGeneral",
    "STIXGeneralBol",
    "STIXGeneralItalic",
)
"""Of those that come with matplotlib (Bitstream Vera and STIX licences)."""
_LETTERS = "eeeeeettttaaaaooooiiinnnsssrrrhhhllldddcccuuummmfffppggwwyybbvvkkxjqz"
_MARKS = ("", "", "", "", ",", ".", "!", "?", ":", ";", "…")


def page(chance: np.random.Generator, side: int) -> Levels:
    """Blocks of text, bars, buttons and charts on a plain ground, `side` × `side` pixels."""
    dark = chance.random() < 0.3
    ground, ink = ((24, 24, 30), (225, 225, 225)) if dark else ((255, 255, 255), (16, 16, 20))
    if chance.random() < 0.4:
        ground = _near(chance, ground)
    image = Image.new("RGB", (side, side), ground)
    pen = ImageDraw.Draw(image)
    top = int(chance.integers(0, 30))
    while top < side:
        match int(chance.integers(6)):
            case 0:
                high = int(chance.integers(20, 110))
                _bar(chance, pen, (0, top, side, top + high))
                top += high
            case 1:
                high = int(chance.integers(60, 200))
                _chart(chance, pen, (20, top, side - 20, top + high), ink)
                top += high
            case _:
                colour = ink if chance.random() < 0.7 else _any(chance)
                top = _paragraph(chance, pen, top, side, colour)
        top += int(chance.integers(4, 40))
    return np.asarray(image)


def _any(chance: np.random.Generator) -> Colour:
    red, green, blue = (int(one) for one in chance.integers(0, 256, 3))
    return red, green, blue


def _near(chance: np.random.Generator, colour: Colour) -> Colour:
    red, green, blue = (int(one) for one in np.clip(colour + chance.normal(0, 25, 3), 0, 255))
    return red, green, blue


def _font(chance: np.random.Generator, low: float, high: float) -> ImageFont.FreeTypeFont:
    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    name = str(chance.choice(_FACES))
    return ImageFont.truetype(folder / f"{name}.ttf", float(np.exp(chance.uniform(low, high))))


def _word(chance: np.random.Generator) -> str:
    if chance.random() < 0.12:
        return str(chance.integers(0, 10 ** int(chance.integers(1, 6))))
    word = "".join(chance.choice(list(_LETTERS), int(chance.integers(1, 10))))
    if chance.random() < 0.2:
        word = word.upper() if chance.random() < 0.3 else word.capitalize()
    return word + str(chance.choice(_MARKS))


def _paragraph(
    chance: np.random.Generator, pen: ImageDraw.ImageDraw, top: int, side: int, colour: Colour
) -> int:
    """Some lines of one font of 16 to 90 pixels; where the next block may begin."""
    font = _font(chance, np.log(16), np.log(90))
    left = int(chance.integers(0, 60))
    leading = font.size * float(chance.uniform(1.1, 1.6))
    for _line in range(int(chance.integers(1, 5))):
        words = " ".join(_word(chance) for _ in range(1 + int(side / font.size / 3)))
        pen.text((left, top), words, fill=colour, font=font)
        top += round(leading)
        if top > side:
            break
    return top


def _bar(
    chance: np.random.Generator, pen: ImageDraw.ImageDraw, box: tuple[int, int, int, int]
) -> None:
    """A strip of colour with round buttons, signs and a word on it."""
    pen.rectangle(box, fill=_any(chance))
    left, top, right, bottom = box
    high = bottom - top
    while left < right - high:
        wide = high * float(chance.uniform(0.6, 3))
        inner = (left + high * 0.15, top + high * 0.15, left + wide, bottom - high * 0.15)
        match int(chance.integers(4)):
            case 0:
                pen.rounded_rectangle(inner, high * 0.25, _any(chance), _any(chance), 2)
            case 1:
                pen.ellipse((left, inner[1], left + high * 0.7, inner[3]), _any(chance))
            case 2:
                pen.text(inner[:2], _word(chance), _any(chance), _font(chance, 2.8, 4))
            case _:
                for step in (0.25, 0.45, 0.65):
                    at = top + high * step
                    pen.line((left, at, left + high * 0.6, at), _any(chance), max(1, high // 14))
        left = round(left + wide + high * 0.3)


def _chart(
    chance: np.random.Generator,
    pen: ImageDraw.ImageDraw,
    box: tuple[int, int, int, int],
    ink: Colour,
) -> None:
    """A frame with lines, curves or columns."""
    left, top, right, bottom = box
    pen.rectangle(box, outline=ink, width=int(chance.integers(1, 4)))
    places = np.linspace(left, right, int(chance.integers(5, 20)))
    for _curve in range(int(chance.integers(1, 4))):
        heights = chance.uniform(top, bottom, len(places))
        colour = _any(chance)
        if chance.random() < 0.4:
            for x, y in zip(places[:-1], heights[:-1], strict=True):
                pen.rectangle((x, y, x + (places[1] - places[0]) * 0.6, bottom), colour)
        else:
            curve = [(float(x), float(y)) for x, y in zip(places, heights, strict=True)]
            pen.line(curve, colour, int(chance.integers(1, 6)), joint="curve")
