"""Chat text to recipe: one grammar for every platform.

A command is `/name` or `/name@bot`, then words in any order: a scale (`4x`), a long edge
(`3000px`, `4k`), a strength (`60`), a named strength (`faces 60`, `faces:60`, `faces off`), the
faces that are meant (`faces:main`), a model by name (`model:general-x4v3`), a format (`png`), or
`sharp`, `soft`, `strong`, `faithful`, `vivid`, `nocollage`.
"""

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.errors import CommandError
from core.language import N_, _
from core.recipe import MODEL_NAME_MAX, PLAIN, SCALES, Format, Preset, Recipe, Which

MAX_WORDS = 24
LONG_EDGES = {"4k": 3840, "8k": 7680}
STRENGTHS = ("denoise", "faces", "sharpen", "light", "grain", "creativity")
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
    PRIVACY = "privacy"
    FORGET = "forget"
    DARKROOM = "darkroom"
    STATS = "stats"
    ACCESS = "access"


@dataclass(frozen=True)
class Command:
    """A command as understood: its wishes for `Action.ENHANCE`, its words for all others."""

    name: str
    action: Action
    recipe: Recipe = PLAIN
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Form:
    """A command's row: what it does, its recipe before any word, and what a bare number sets.

    `community` marks what only means something in a group or server, `operator` what is there for
    those who run the lab alone.
    """

    summary: str
    action: Action = Action.ENHANCE
    start: Recipe = PLAIN
    number: str = "denoise"
    community: bool = False
    operator: bool = False


FORMS: dict[str, Form] = {
    "enhance": Form(N_("make a photo better, whatever it needs")),
    "portrait": Form(
        N_("for people: gentle on skin"), start=Recipe(preset=Preset.PORTRAIT), number="faces"
    ),
    "landscape": Form(N_("for places: detail and depth"), start=Recipe(preset=Preset.LANDSCAPE)),
    "art": Form(N_("for drawings and paintings"), start=Recipe(preset=Preset.ART)),
    "denoise": Form(
        N_("remove noise and blocking only, 0–100"),
        start=Recipe(denoise=60, faces=0, light=0, sharpen=0, scale=1),
    ),
    "faces": Form(
        N_("restore faces only, 0–100"),
        start=Recipe(denoise=0, faces=80, light=0, sharpen=0, scale=1),
        number="faces",
    ),
    "light": Form(
        N_("correct exposure, contrast and colour cast only, 0–100"),
        start=Recipe(denoise=0, faces=0, light=70, sharpen=0, scale=1),
        number="light",
    ),
    "sharpen": Form(
        N_("sharpen what is out of focus or a little shaken, 0–100"),
        start=Recipe(faces=0, light=0, sharpen=60, scale=1),
        number="sharpen",
    ),
    "upscale": Form(N_("enlarge 2x, 3x, 4x or 8x"), start=Recipe(light=0, scale=4), number="scale"),
    "status": Form(N_("where your photos are"), action=Action.STATUS),
    "cancel": Form(N_("take your photos back"), action=Action.CANCEL),
    "help": Form(N_("what I can do"), action=Action.HELP),
    "privacy": Form(N_("what is kept of you, and how long"), action=Action.PRIVACY),
    "forget": Form(N_("delete what is kept of you, now"), action=Action.FORGET),
    "start": Form(N_("say hello"), action=Action.START),
    "darkroom": Form(
        N_("settings of this group, for its admins"), action=Action.DARKROOM, community=True
    ),
    "stats": Form(N_("how the lab is doing"), action=Action.STATS, operator=True),
    "access": Form(N_("who may use the lab"), action=Action.ACCESS, operator=True),
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
        raise unknown(name)
    words = (match["rest"] or "").split()
    if form.action is not Action.ENHANCE:
        return Command(name, form.action, words=tuple(words))
    return Command(name, form.action, _recipe(form, words))


def wishes(text: str) -> Recipe:
    """What the words beside a photo wish, no wish at all where they are no such words."""
    try:
        return _recipe(FORMS["enhance"], text.split())
    except CommandError:
        return PLAIN


def unknown(name: str) -> CommandError:
    """The error of a command that is not there, or not for this person."""
    open_to_all = [known for known, form in FORMS.items() if not form.operator]
    lead = _("I don't know /{name}.").format(name=quoted(name))
    return CommandError(lead + nearest(name, open_to_all, "/"))


def _recipe(form: Form, words: list[str]) -> Recipe:
    if len(words) > MAX_WORDS:
        raise CommandError(
            _("That is a long command. A few words are enough: /upscale 4x sharp png.")
        )
    found: dict[str, Any] = {}
    pending = iter([word.lower().strip(",;.") for word in words])
    for word in pending:
        found.update(_wish(form, word, pending))
    return Recipe.model_validate(form.start.model_dump() | found)


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
    raise not_understood(word, known)


def _named(key: str, value: str) -> dict[str, Any]:
    if key == "faces" and value in set(Which):
        return {"which_faces": Which(value)}
    if key == "model":
        return {"model": _model(value)}
    if key in STRENGTHS:
        number = _NUMBER.match(value)
        if number is None and value not in _OFF:
            if key == "faces":
                raise CommandError(
                    _("Faces takes a number from 0 to 100, or all, main or none: faces 60.")
                )
            raise CommandError(
                _("{name} takes a number from 0 to 100: {key} 60.").format(
                    name=key.capitalize(), key=key
                )
            )
        return _strength(key, int(number["n"]) if number else _OFF[value])
    if key == "scale":
        found = _SCALE.match(value) or _NUMBER.match(value)
        digits = re.sub(r"\D", "", value) if found else ""
        return _scaled(int(digits) if digits else 0, value)
    if key == "format":
        if value not in FORMATS:
            raise CommandError(
                _("I cannot write “{word}”; the formats are jpeg, png and webp.").format(
                    word=quoted(value)
                )
            )
        return {"format": Format(FORMATS[value])}
    known = [*STRENGTHS, "model", "scale", "format"]
    lead = _("I don't know “{word}:”.").format(word=quoted(key))
    raise CommandError(lead + nearest(key, known))


def _strength(name: str, value: int) -> dict[str, Any]:
    if value > 100:
        raise CommandError(
            _("{name} goes from 0 to 100; {value} is too much.").format(
                name=name.capitalize(), value=value
            )
        )
    return {name: value}


def _model(name: str) -> str:
    """A name as it was written; the worker alone knows which models it has."""
    if not name:
        raise CommandError(_("Model takes a name: model general-x4v3."))
    if len(name) > MODEL_NAME_MAX or not name.isprintable():
        raise CommandError(_("No model is called “{name}”.").format(name=quoted(name)))
    return name


def _scaled(value: int, word: str) -> dict[str, Any]:
    if value not in SCALES:
        scale = min((s for s in SCALES if s > 1), key=lambda scale: abs(scale - value))
        raise CommandError(
            _("I can enlarge 2x, 3x, 4x or 8x, not “{word}”. Try {scale}x.").format(
                word=quoted(word), scale=scale
            )
        )
    return {"scale": value, "long_edge": None}


def _long_edge(pixels: int) -> dict[str, Any]:
    if not 16 <= pixels <= 20_000:
        raise CommandError(
            _("The long edge can be 16px to 20000px; {pixels}px is not.").format(pixels=pixels)
        )
    return {"long_edge": pixels, "scale": None}


def not_understood(word: str, known: Iterable[str]) -> CommandError:
    """The error of a word that means nothing here, with the nearest one that does."""
    lead = _("I don't understand “{word}”.").format(word=quoted(word))
    return CommandError(lead + nearest(word, known))


def nearest(word: str, known: Iterable[str], prefix: str = "") -> str:
    """A sentence, a space before it, that names the known word nearest to a wrong one."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    if close:
        return " " + _("Did you mean {word}?").format(word=prefix + close[0])
    return " " + _("/help shows what I understand.")


def quoted(word: str) -> str:
    """Somebody's word as it may be shown again: printable, short."""
    shown = "".join(letter for letter in word if letter.isprintable())
    return shown if len(shown) <= 30 else shown[:29] + "…"
