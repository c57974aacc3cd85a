"""Chat text to recipe: one grammar for every platform.

A command is `/name` or `/name@bot`, then words in any order: a scale (`4x`), a long edge
(`3000px`, `4k`), a strength (`60`), a named strength (`faces 60`, `faces:60`, `faces off`), the
faces that are meant (`faces:main`), a model by name (`model:general-x4v3`), a format (`png`), or
`sharp`, `soft`, `strong`, `faithful`, `vivid`, `nocollage`.
"""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.errors import CommandError
from core.recipe import MODEL_NAME_MAX, PLAIN, SCALES, Format, Preset, Recipe, Which

MAX_WORDS = 24
LONG_EDGES = {"4k": 3840, "8k": 7680}
STRENGTHS = ("denoise", "faces", "sharpen", "creativity")
FORMATS = {"jpeg": "jpeg", "jpg": "jpeg", "png": "png", "webp": "webp"}
WORDS: dict[str, dict[str, Any]] = {
    "sharp": {"sharpen": 50},
    "soft": {"intensity": 60},
    "strong": {"intensity": 150},
    "faithful": {"creativity": 0},
    "vivid": {"creativity": 100},
    "nocollage": {"collage": False},
    "no-collage": {"collage": False},
}
_OFF = {"off": 0, "no": 0, "none": 0, "full": 100, "max": 100}

_COMMAND = re.compile(r"^/(?P<name>\w+)(?:@(?P<bot>\w+))?(?:\s+(?P<rest>.*))?$", re.S)
_SCALE = re.compile(r"^(?:[x×](?P<a>\d{1,3})|(?P<b>\d{1,3})[x×])$")
_PIXELS = re.compile(r"^(?P<n>\d{1,6})px$")
_NUMBER = re.compile(r"^(?P<n>\d{1,9})%?$")
_NAMED = re.compile(r"^(?P<key>[a-z]+)[:=](?P<value>.+)$")


class Action(StrEnum):
    """What a command asks for."""

    ENHANCE = "enhance"
    START = "start"
    HELP = "help"
    STATUS = "status"
    CANCEL = "cancel"


@dataclass(frozen=True)
class Command:
    """A command as understood; `recipe` counts for `Action.ENHANCE` alone."""

    name: str
    action: Action
    recipe: Recipe = PLAIN


@dataclass(frozen=True)
class Form:
    """A command's row: what it does, its recipe before any word, and what a bare number sets."""

    summary: str
    action: Action = Action.ENHANCE
    start: Recipe = PLAIN
    number: str = "denoise"


FORMS: dict[str, Form] = {
    "enhance": Form("make a photo better, whatever it needs"),
    "portrait": Form(
        "for people: gentle on skin", start=Recipe(preset=Preset.PORTRAIT), number="faces"
    ),
    "landscape": Form("for places: detail and depth", start=Recipe(preset=Preset.LANDSCAPE)),
    "art": Form("for drawings and paintings", start=Recipe(preset=Preset.ART)),
    "denoise": Form(
        "remove noise and blocking only, 0–100", start=Recipe(denoise=60, faces=0, scale=1)
    ),
    "faces": Form(
        "restore faces only, 0–100",
        start=Recipe(denoise=0, faces=80, scale=1),
        number="faces",
    ),
    "upscale": Form("enlarge 2x, 3x, 4x or 8x", start=Recipe(scale=4), number="scale"),
    "status": Form("where your photos are", action=Action.STATUS),
    "cancel": Form("take your photos back", action=Action.CANCEL),
    "help": Form("what I can do", action=Action.HELP),
    "start": Form("say hello", action=Action.START),
}
"""Every command, in the order the platforms list them."""


def parse(text: str, *, bot: str | None = None, ours: bool = True) -> Command | None:
    """The command in a message's text or caption, None when it holds none for us.

    `bot` is our own name: `/enhance@other` is somebody else's. With `ours` a command that nobody
    knows is taken as a slip of ours and raises CommandError; without, as another bot's. Wrong
    words and numbers raise CommandError with the nearest right one.
    """
    match = _COMMAND.match(text.strip())
    if match is None:
        return None
    name, addressee = match["name"].lower(), match["bot"]
    if addressee and (bot is None or addressee.lower() != bot.lower()):
        return None
    form = FORMS.get(name)
    if form is None:
        if not ours and not addressee:
            return None
        raise CommandError(f"I don't know /{_quoted(name)}.{_nearest(name, FORMS, '/')}")
    if form.action is not Action.ENHANCE:
        return Command(name, form.action)
    return Command(name, form.action, _recipe(form, (match["rest"] or "").split()))


def _recipe(form: Form, words: list[str]) -> Recipe:
    if len(words) > MAX_WORDS:
        raise CommandError("That is a long command. A few words are enough: /upscale 4x sharp png.")
    wishes: dict[str, Any] = {}
    pending = iter([word.lower().strip(",;.") for word in words])
    for word in pending:
        wishes.update(_wish(form, word, pending))
    return Recipe.model_validate(form.start.model_dump() | wishes)


def _wish(form: Form, word: str, following: Iterator[str]) -> dict[str, Any]:
    if not word:
        return {}
    if named := _NAMED.match(word):
        return _named(named["key"], named["value"])
    if word in STRENGTHS or word == "model":
        return _named(word, next(following, ""))
    if form.number == "faces" and word in set(Which):
        return _named("faces", word)
    if scale := _SCALE.match(word):
        return _scaled(int(scale["a"] or scale["b"]), word)
    if edge := _PIXELS.match(word):
        return _long_edge(int(edge["n"]))
    if number := _NUMBER.match(word):
        value = int(number["n"])
        return _scaled(value, word) if form.number == "scale" else _strength(form.number, value)
    if word in LONG_EDGES:
        return _long_edge(LONG_EDGES[word])
    if word in FORMATS:
        return {"format": Format(FORMATS[word])}
    if word in WORDS:
        return WORDS[word]
    known = [*WORDS, *FORMATS, *STRENGTHS, *LONG_EDGES, "model", "2x", "3x", "4x", "8x"]
    raise CommandError(f"I don't understand “{_quoted(word)}”.{_nearest(word, known)}")


def _named(key: str, value: str) -> dict[str, Any]:
    if key == "faces" and value in set(Which):
        return {"which_faces": Which(value)}
    if key == "model":
        return {"model": _model(value)}
    if key in STRENGTHS:
        number = _NUMBER.match(value)
        if number is None and value not in _OFF:
            besides = ", or one of all, main and none" if key == "faces" else ""
            raise CommandError(
                f"{key.capitalize()} takes a number from 0 to 100: {key} 60{besides}."
            )
        return _strength(key, int(number["n"]) if number else _OFF[value])
    if key == "scale":
        found = _SCALE.match(value) or _NUMBER.match(value)
        digits = re.sub(r"\D", "", value) if found else ""
        return _scaled(int(digits) if digits else 0, value)
    if key == "format":
        if value not in FORMATS:
            raise CommandError(
                f"I cannot write “{_quoted(value)}”; the formats are jpeg, png and webp."
            )
        return {"format": Format(FORMATS[value])}
    known = [*STRENGTHS, "model", "scale", "format"]
    raise CommandError(f"I don't know “{_quoted(key)}:”.{_nearest(key, known)}")


def _strength(name: str, value: int) -> dict[str, Any]:
    if value > 100:
        raise CommandError(f"{name.capitalize()} goes from 0 to 100; {value} is too much.")
    return {name: value}


def _model(name: str) -> str:
    """A name as it was written; the worker alone knows which models it has."""
    if not name:
        raise CommandError("Model takes a name: model general-x4v3.")
    if len(name) > MODEL_NAME_MAX or not name.isprintable():
        raise CommandError(f"No model is called “{_quoted(name)}”.")
    return name


def _scaled(value: int, word: str) -> dict[str, Any]:
    if value not in SCALES:
        nearest = min((s for s in SCALES if s > 1), key=lambda scale: abs(scale - value))
        raise CommandError(
            f"I can enlarge 2x, 3x, 4x or 8x, not “{_quoted(word)}”. Try {nearest}x."
        )
    return {"scale": value, "long_edge": None}


def _long_edge(pixels: int) -> dict[str, Any]:
    if not 16 <= pixels <= 20_000:
        raise CommandError(f"The long edge can be 16px to 20000px; {pixels}px is not.")
    return {"long_edge": pixels, "scale": None}


def _nearest(word: str, known: Any, prefix: str = "") -> str:
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    if close:
        return f" Did you mean {prefix}{close[0]}?"
    return " /help shows what I understand."


def _quoted(word: str) -> str:
    shown = "".join(letter for letter in word if letter.isprintable())
    return shown if len(shown) <= 30 else shown[:29] + "…"
