"""Drawings and screenshots, drawn by code; none is among what the models learn from.

    python -m benchmarks.diagnosis.pictures OUT

writes twenty each for `benchmarks.quality`, the letters of the screenshots four times as large.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

__all__ = ["drawing", "screenshot"]

_FINER = 3
_INK = (20, 20, 30)
_WORDS = ("settings", "file", "edit", "12:45", "the quick brown fox", "jumps over", "a lazy dog")


def drawing(seed: int, side: int = 512) -> NDArray[np.uint8]:
    """Outlined shapes and strokes on a plain ground, antialiased; every third one is shaded."""
    chance = np.random.default_rng(seed)
    large = side * _FINER
    image = Image.new("RGB", (large, large), _colour(chance, 120))
    pen = ImageDraw.Draw(image)
    for _number in range(int(chance.integers(12, 40))):
        fill = _colour(chance, 20)
        left, top = (int(one) for one in chance.integers(0, large, 2))
        wide, high = (int(one) for one in chance.integers(large // 20, large // 3, 2))
        points = [
            (left + int(x), top + int(y))
            for x, y in chance.integers(-large // 6, large // 6, (6, 2))
        ]
        match int(chance.integers(3)):
            case 0:
                box = (left, top, left + wide, top + high)
                pen.ellipse(box, fill=fill, outline=_INK, width=3 * _FINER)
            case 1:
                pen.polygon(points, fill=fill, outline=_INK, width=3 * _FINER)
            case _:
                pen.line(points, fill=_INK, width=3 * _FINER, joint="curve")
    found = np.asarray(image.resize((side, side), Image.Resampling.LANCZOS))
    if seed % 3 == 0:
        shade = np.linspace(0.75, 1.0, side)[:, None, None]
        found = np.rint(found * shade).astype(np.uint8)
    return found


def screenshot(seed: int, side: int = 512, *, times: int = 1) -> NDArray[np.uint8]:
    """Lines of text under a bar with a button, `times` as large as on a usual screen; every third
    one is dark."""
    chance = np.random.default_rng(seed)
    ground, ink = ((30, 30, 36), (220, 220, 220)) if seed % 3 == 0 else ((255,) * 3, _INK)
    image = Image.new("RGB", (side, side), ground)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, side, side // 12), fill=_colour(chance, 40))
    font = ImageFont.load_default(float(chance.integers(11, 20)) * times)
    top = side // 10
    while top < side - 20 * times:
        words = chance.choice(_WORDS, int(chance.integers(2, 6)))
        pen.text((12 * times, top), " ".join(words), fill=ink, font=font)
        top += int(chance.integers(20, 34)) * times
    pen.rectangle((side // 2, side // 2, side * 3 // 4, side * 4 // 7), fill=(60, 120, 230))
    return np.asarray(image)


def _colour(chance: np.random.Generator, darkest: int) -> tuple[int, int, int]:
    red, green, blue = (int(one) for one in chance.integers(darkest, 255, 3))
    return red, green, blue


def _write(out: Path, count: int = 20) -> None:
    for name, make in (
        ("drawings", drawing),
        ("screenshots", lambda seed: screenshot(seed, 1024, times=4)),
    ):
        (out / name).mkdir(parents=True, exist_ok=True)
        for seed in range(count):
            Image.fromarray(make(seed)).save(out / name / f"{seed:02}.png")


if __name__ == "__main__":
    _write(Path(sys.argv[1]))
