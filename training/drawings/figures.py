"""Coloured and inked pictures: outlined shapes with flat shades, hair, eyes and patterns."""

from dataclasses import dataclass

import cv2
import numpy as np

from training.drawings.canvas import Canvas, Colour, Levels, Mask, Points, Shares
from training.drawings.curves import blob, ellipse, stroke, sweep

__all__ = ["figure"]


@dataclass(frozen=True)
class _Hand:
    """How one picture is drawn: the pen's `width` in pixels (0: no outlines), in ink alone or not,
    `soft` shades rather than flat ones.
    """

    width: float
    inked: bool
    soft: bool


def figure(chance: np.random.Generator, side: int) -> Levels:
    """A picture of `side` × `side` pixels, a fifth of them in black and white with screentone."""
    inked = chance.random() < 0.2
    width = 0.0 if not inked and chance.random() < 0.15 else float(np.exp(chance.uniform(0.2, 2.3)))
    hand = _Hand(width, inked, bool(chance.random() < 0.3))
    canvas = Canvas(side, int(chance.choice((1, 2, 3), p=(0.05, 0.35, 0.6))), _light(chance, hand))
    _backdrop(chance, canvas, hand)
    for _number in range(int(chance.integers(10, 26))):
        centre = chance.uniform(0, side, 2)
        size = side * float(chance.choice((0.05, 0.1, 0.2, 0.35))) * float(chance.uniform(0.6, 1.4))
        match int(chance.integers(6)):
            case 0:
                _hair(chance, canvas, hand, centre, size)
            case 1:
                _eye(chance, canvas, hand, centre, size * 0.5)
            case 2:
                _strokes(chance, canvas, hand, centre, size)
            case _:
                outline = blob(chance, centre, size, float(chance.uniform(0, 0.7)))
                _shape(chance, canvas, hand, outline)
    return canvas.finished()


def _colour(chance: np.random.Generator, hand: _Hand) -> Colour:
    if hand.inked:
        grey = int(chance.choice((255, 255, 255, 0, int(chance.integers(256)))))
        return grey, grey, grey
    # Few of all colours are used at full strength: hue, then how much of it.
    hue, strength, light = chance.uniform(0, 180), chance.beta(1.2, 1.2), chance.uniform(0.05, 1)
    pixel = np.array([[[hue, strength * 255, light * 255]]]).astype(np.uint8)
    red, green, blue = (int(one) for one in cv2.cvtColor(pixel, cv2.COLOR_HSV2RGB)[0, 0])
    return red, green, blue


def _light(chance: np.random.Generator, hand: _Hand) -> Colour:
    return (255, 255, 255) if chance.random() < 0.4 else _colour(chance, hand)


def _darker(colour: Colour, share: float) -> Colour:
    red, green, blue = (round(level * share) for level in colour)
    return red, green, blue


def _pen(chance: np.random.Generator, hand: _Hand, fill: Colour) -> Colour:
    """Black, or the fill's own dark."""
    return (10, 10, 14) if hand.inked or chance.random() < 0.6 else _darker(fill, 0.3)


def _backdrop(chance: np.random.Generator, canvas: Canvas, hand: _Hand) -> None:
    """Sometimes a slope of colour, soft spots, or stripes behind everything."""
    everything = np.ones(canvas.levels.shape[:2], np.bool_)
    way = int(chance.integers(4))
    if way == 0:
        slope = np.linspace(0, 1, len(canvas.levels), dtype=np.float32)
        share = np.broadcast_to(slope[:, None], everything.shape)
        canvas.blend(everything, _colour(chance, hand), share if chance.random() < 0.5 else share.T)
    elif way == 1 and not hand.inked:
        canvas.blend(everything, _colour(chance, hand), _clouds(chance, canvas))
    elif way == 2:
        canvas.paint(_pattern(chance, canvas, hand), _colour(chance, hand))


def _clouds(chance: np.random.Generator, canvas: Canvas) -> Shares:
    cells = int(chance.integers(3, 9))
    spots = chance.uniform(-0.3, 1, (cells, cells)).astype(np.float32)
    size = canvas.levels.shape[1::-1]
    smooth = cv2.resize(spots, size, interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(smooth, 0, 1), np.float32)


def _pattern(chance: np.random.Generator, canvas: Canvas, hand: _Hand) -> Mask:
    """Stripes, dots or checks, 4 to 40 pixels from one to the next, at any angle."""
    side = len(canvas.levels)
    pitch = float(chance.uniform(4, 40 if not hand.inked else 12)) * canvas.finer
    angle = float(chance.choice((0, np.pi / 4, chance.uniform(0, np.pi))))
    y, x = np.mgrid[:side, :side].astype(np.float32)
    across = (x * np.cos(angle) + y * np.sin(angle)) * (2 * np.pi / pitch)
    down = (y * np.cos(angle) - x * np.sin(angle)) * (2 * np.pi / pitch)
    wave = np.sin(across)
    match int(chance.integers(3)):
        case 0:
            found = wave > chance.uniform(-0.6, 0.6)
        case 1:
            found = wave + np.sin(down) > chance.uniform(-0.5, 1.2)
        case _:
            found = wave * np.sin(down) > 0
    return np.asarray(found)


def _shape(chance: np.random.Generator, canvas: Canvas, hand: _Hand, outline: Points) -> None:
    """A filled outline with a shade on one side, sometimes a pattern or a shine."""
    fill = _colour(chance, hand)
    canvas.fill(outline, fill)
    where = canvas.inside(outline)
    if chance.random() < 0.2:
        canvas.paint(where & _pattern(chance, canvas, hand), _colour(chance, hand))
    if chance.random() < 0.6:
        _shade(chance, canvas, hand, outline, where, fill)
    if chance.random() < 0.2:
        centre = outline.mean(axis=0) + chance.normal(0, 0.2, 2) * np.ptp(outline, axis=0)
        across, down = np.ptp(outline, axis=0) * 0.08
        shine = ellipse(centre, across, down, float(chance.uniform(0, 3)))
        canvas.paint(where & canvas.inside(shine), (255, 255, 255))
    if hand.width:
        canvas.line(outline, hand.width, _pen(chance, hand, fill), closed=True)


def _shade(
    chance: np.random.Generator,
    canvas: Canvas,
    hand: _Hand,
    outline: Points,
    where: Mask,
    fill: Colour,
) -> None:
    aside = chance.normal(0, 0.25, 2) * np.ptp(outline, axis=0)
    shade = where & ~canvas.inside(outline + aside)
    if hand.inked:
        canvas.paint(shade & _pattern(chance, canvas, hand), (0, 0, 0))
    elif hand.soft:
        sigma = float(chance.uniform(2, 20)) * canvas.finer / 4
        quarter = cv2.resize(shade.astype(np.float32), None, fx=0.25, fy=0.25)
        soft = cv2.GaussianBlur(quarter, (0, 0), sigma)
        share = cv2.resize(soft, canvas.levels.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        canvas.blend(where, _darker(fill, 0.5), np.asarray(share, np.float32))
    else:
        canvas.paint(shade, _darker(fill, float(chance.uniform(0.5, 0.85))))


def _hair(
    chance: np.random.Generator, canvas: Canvas, hand: _Hand, root: Points, size: float
) -> None:
    """Locks that leave one place, each with its shade, its outline and a few fine lines."""
    fill = _colour(chance, hand)
    heading, bend = float(chance.uniform(0, 2 * np.pi)), float(chance.uniform(0.05, 0.4))
    for _lock in range(int(chance.integers(4, 14))):
        start = root + chance.normal(0, size * 0.15, 2)
        way = heading + float(chance.normal(0, 0.35))
        curve = sweep(chance, start, way, size * float(chance.uniform(1, 2.5)), bend)
        lock = stroke(curve, size * float(chance.uniform(0.05, 0.3)))
        canvas.fill(lock, _darker(fill, float(chance.choice((1.0, 1.0, 0.8, 0.6)))))
        pen = _pen(chance, hand, fill)
        if hand.width:
            canvas.line(lock, hand.width * 0.7, pen, closed=True)
        for _line in range(int(chance.integers(3))):
            fine = stroke(curve + chance.normal(0, size * 0.03, 2), max(1.0, hand.width))
            canvas.fill(fine, pen)


def _eye(
    chance: np.random.Generator, canvas: Canvas, hand: _Hand, centre: Points, size: float
) -> None:
    """White, iris, pupil, two lights and a lid."""
    wide, high = size * float(chance.uniform(0.5, 1)), size * float(chance.uniform(0.5, 1))
    turn, iris = float(chance.normal(0, 0.3)), _colour(chance, hand)
    canvas.fill(ellipse(centre, wide, high, turn), (255, 255, 255))
    canvas.fill(ellipse(centre, wide * 0.6, high * 0.85, turn), iris)
    canvas.fill(ellipse(centre, wide * 0.45, high * 0.4, turn), _darker(iris, 0.6))
    canvas.fill(ellipse(centre, wide * 0.25, high * 0.4, turn), (5, 5, 10))
    light = ellipse(centre - (wide * 0.2, high * 0.35), wide * 0.18, high * 0.18)
    canvas.fill(light, (255, 255, 255))
    pen = max(1.2, hand.width)
    canvas.line(ellipse(centre, wide, high, turn), pen * 0.6, (10, 10, 14), closed=True)
    lid = ellipse(centre, wide, high, turn)[30:60]
    canvas.fill(stroke(lid, pen * 3), (10, 10, 14))


def _strokes(
    chance: np.random.Generator, canvas: Canvas, hand: _Hand, centre: Points, size: float
) -> None:
    """Free lines side by side: folds, whiskers, hatching, motion."""
    colour = _pen(chance, hand, _colour(chance, hand))
    heading, bend = float(chance.uniform(0, 2 * np.pi)), float(chance.uniform(0, 0.3))
    width = float(chance.uniform(1, 5))
    gap = chance.uniform(2, 14) * np.array([-np.sin(heading), np.cos(heading)])
    for number in range(int(chance.integers(2, 12))):
        length = size * float(chance.uniform(1, 3))
        canvas.fill(
            stroke(sweep(chance, centre + gap * number, heading, length, bend), width), colour
        )
