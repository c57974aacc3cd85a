"""A community's settings as words: each one read, shown, and offered as choices.

`/darkroom daily 20` names a rule and its new value. Panels of buttons and slash commands are made
from the same table.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import tomli_w

from core import durations
from core.commands import FORMS, Action, parse, quoted
from core.communities import (
    CHANNELS_MAX,
    LANGUAGE_AUTO,
    MAIN_CHANNEL,
    Answers,
    Community,
    Mode,
    Who,
)
from core.errors import CommandError
from core.language import N_, _, available, ngettext
from core.recipe import PLAIN, SCALES

__all__ = ["RULES", "Rule", "chosen", "exported", "read"]

Values = dict[str, Any]

_CHANNEL = re.compile(r"<#(\d{1,20})>")
_ROLE = re.compile(r"<@&(\d{1,20})>")
_NUMBER = re.compile(r"\d{1,5}")
_SWITCH = {"on": True, "off": False}
_OFF = "off"
_RECIPE_MAX = 120
_ENHANCING = tuple(name for name, form in FORMS.items() if form.action is Action.ENHANCE)


@dataclass(frozen=True)
class Rule:
    """One setting's row.

    `choices` are the words that are offered, `free` says that others are understood too, `example`
    shows one. `needs` names for some words the feature that the platform must have. `read` turns
    words, said in a channel, into changed fields of the community; it raises CommandError.
    """

    title: str
    summary: str
    choices: tuple[str, ...]
    read: Callable[[Sequence[str], Community, str | None], Values]
    show: Callable[[Community], str]
    free: bool = False
    example: str = ""
    needs: Mapping[str, str] = field(default_factory=dict)


def read(name: str, words: Sequence[str], community: Community, channel: str | None) -> Values:
    """The fields that `/darkroom NAME words…`, said in `channel`, changes.

    Raises CommandError when the rule or its value is not understood.
    """
    rule = RULES.get(name)
    if rule is None:
        raise _unlike(name, ["enable", "disable", "settings", "export", *RULES])
    if not words:
        raise CommandError(
            _("{title} takes a value, for example: {name} {value}").format(
                title=_(rule.title), name=name, value=rule.example or rule.choices[0]
            )
        )
    return rule.read([word.lower() for word in words], community, channel)


def chosen(name: str, choice: str, community: Community, channel: str | None) -> bool:
    """Whether a choice says what a community has already."""
    values = RULES[name].read([choice], community, channel)
    return all(getattr(community, key) == value for key, value in values.items())


def exported(*communities: Community) -> str:
    """Settings as TOML, a table `[platform.id]` each."""
    tables: dict[str, dict[str, Any]] = {}
    for community in communities:
        settings = community.model_dump(
            mode="json", exclude_none=True, exclude={"platform", "id", "introduced"}
        )
        settings["recipe"] = community.recipe.model_dump(mode="json", exclude_defaults=True)
        tables.setdefault(community.platform, {})[community.id] = settings
    return tomli_w.dumps(tables)


def _mode(words: Sequence[str], community: Community, channel: str | None) -> Values:
    here = channel or MAIN_CHANNEL
    word = words[0]
    if word == "command":
        return {"mode": Mode.COMMAND}
    if word in ("everywhere", "every"):
        return {"mode": Mode.EVERY, "channels": ()}
    others = community.channels if community.mode is Mode.EVERY else ()
    mention = _CHANNEL.fullmatch(word)
    if word == "here" or mention:
        channels = tuple(dict.fromkeys((*others, mention[1] if mention else here)))
        if len(channels) > CHANNELS_MAX:
            raise CommandError(
                _("That is more than {count} channels; choose everywhere instead.").format(
                    count=CHANNELS_MAX
                )
            )
        return {"mode": Mode.EVERY, "channels": channels}
    if word == "not-here":
        left = tuple(other for other in others if other != here)
        return {"mode": Mode.EVERY if left else Mode.COMMAND, "channels": left}
    raise _unlike(word, [*RULES["mode"].choices, "not-here"])


def _show_mode(community: Community) -> str:
    if community.mode is Mode.COMMAND:
        return _("on command")
    count = len(community.channels)
    if count == 0:
        return _("every photo, everywhere")
    return ngettext(
        "every photo, in {count} channel", "every photo, in {count} channels", count
    ).format(count=count)


def _recipe(words: Sequence[str], *_rest: object) -> Values:
    words = [word for word in (word.strip(",;.") for word in words) if word]
    text = " ".join(words)
    if text in ("none", _OFF):
        return {"recipe": PLAIN, "recipe_words": ""}
    if not words or len(text) > _RECIPE_MAX:
        raise CommandError(_("A recipe is a few words: recipe portrait 60 png."))
    name = words[0].removeprefix("/")
    line = f"/{text.removeprefix('/')}" if name in _ENHANCING else f"/enhance {text}"
    command = parse(line)
    if command is None:
        raise _unlike(text, RULES["recipe"].choices)
    return {"recipe": command.recipe, "recipe_words": text}


def _commands(words: Sequence[str], *_rest: object) -> Values:
    names = [name for word in words for name in re.split(r"[\s,/]+", word) if name]
    if names == ["all"]:
        return {"commands": None}
    wrong = next((name for name in names if name not in _ENHANCING), None)
    if wrong is not None or not names:
        raise _unlike(wrong or " ".join(words), ["all", *_ENHANCING])
    return {"commands": tuple(dict.fromkeys(names))}


def _scale(words: Sequence[str], *_rest: object) -> Values:
    digits = words[0].strip("x×")
    if digits not in {str(scale) for scale in SCALES}:
        raise CommandError(
            _("The largest scale is one of 1x, 2x, 3x, 4x and 8x, not “{word}”.").format(
                word=quoted(words[0])
            )
        )
    return {"largest_scale": int(digits)}


def _daily(words: Sequence[str], *_rest: object) -> Values:
    if words[0] == _OFF:
        return {"daily": 0}
    number = _NUMBER.fullmatch(words[0])
    if number is None or not 1 <= int(number[0]) <= 10_000:
        raise CommandError(_("Photos a day is a number from 1 to 10000, or off: daily 20."))
    return {"daily": int(number[0])}


def _cooldown(words: Sequence[str], *_rest: object) -> Values:
    seconds = 0 if words[0] == _OFF else durations.parsed("".join(words))
    if seconds is None or seconds > 24 * 3600:
        raise CommandError(_("The pause is a time up to a day, or off: cooldown 30s, cooldown 5m."))
    return {"cooldown": seconds}


def _who(words: Sequence[str], *_rest: object) -> Values:
    mention = _ROLE.fullmatch(words[-1])
    if mention:
        return {"who": Who.ROLE, "role": mention[1]}
    if words[0] in (Who.EVERYONE, Who.ADMINS):
        return {"who": Who(words[0]), "role": None}
    raise _unlike(words[0], [*RULES["who"].choices, _("a role")])


def _show_who(community: Community) -> str:
    if community.who is Who.ROLE:
        return f"<@&{community.role}>"
    return _("administrators") if community.who is Who.ADMINS else _("everyone")


def _language(words: Sequence[str], *_rest: object) -> Values:
    if words[0] != LANGUAGE_AUTO and words[0] not in available():
        raise _unlike(words[0], [LANGUAGE_AUTO, *available()])
    return {"language": words[0]}


def _show_language(community: Community) -> str:
    if community.language == LANGUAGE_AUTO:
        return _("each member's own")
    return available().get(community.language, community.language)


def _one_of(key: str, words: Mapping[str, Any]) -> Callable[..., Values]:
    def read(said: Sequence[str], *_rest: object) -> Values:
        if said[0] not in words:
            raise _unlike(said[0], words)
        return {key: words[said[0]]}

    return read


def _unlike(word: str, choices: Iterable[str]) -> CommandError:
    return CommandError(
        _("I don't understand “{word}”. It can be: {choices}.").format(
            word=quoted(word), choices=", ".join(choices)
        )
    )


def _on(value: bool) -> str:
    return _("on") if value else _("off")


RULES: dict[str, Rule] = {
    "mode": Rule(
        N_("Photos"),
        N_("which photos: command, here, not-here or everywhere"),
        ("command", "here", "everywhere"),
        _mode,
        _show_mode,
        free=True,
        example="here",
    ),
    "recipe": Rule(
        N_("Recipe"),
        N_("what is done where nobody says anything"),
        ("none", "portrait", "landscape", "art"),
        _recipe,
        lambda community: community.recipe_words or _("whatever the photo needs"),
        free=True,
        example="portrait 60 png",
    ),
    "commands": Rule(
        N_("Commands"),
        N_("which commands are allowed"),
        ("all", "enhance"),
        _commands,
        lambda community: _("all") if community.commands is None else ", ".join(community.commands),
        free=True,
        example="enhance upscale",
    ),
    "scale": Rule(
        N_("Largest scale"),
        N_("how many times larger a result may be"),
        tuple(f"{scale}x" for scale in SCALES),
        _scale,
        lambda community: f"{community.largest_scale}×",
    ),
    "daily": Rule(
        N_("Photos a day"),
        N_("photos for each member within 24 hours"),
        ("10", "30", "100", _OFF),
        _daily,
        lambda community: str(community.daily or _("no limit")),
        free=True,
        example="20",
    ),
    "cooldown": Rule(
        N_("Pause"),
        N_("how long a member waits between two requests"),
        (_OFF, "30s", "5m", "1h"),
        _cooldown,
        lambda community: durations.told(community.cooldown) if community.cooldown else _("none"),
        free=True,
        example="2m",
    ),
    "exempt": Rule(
        N_("Admins without limits"),
        N_("whether administrators have no daily limit and no pause"),
        tuple(_SWITCH),
        _one_of("admins_exempt", _SWITCH),
        lambda community: _on(community.admins_exempt),
    ),
    "who": Rule(
        N_("Who may use it"),
        N_("everyone, administrators, or a role"),
        (Who.EVERYONE.value, Who.ADMINS.value),
        _who,
        _show_who,
        free=True,
        needs={"role": "roles"},
    ),
    "answers": Rule(
        N_("Answers"),
        N_("as a reply, or in a thread of its own"),
        tuple(answers.value for answers in Answers),
        _one_of("answers", {answers.value: answers for answers in Answers}),
        lambda community: _("in threads") if community.answers is Answers.THREAD else _("replies"),
        needs={Answers.THREAD.value: "threads"},
    ),
    "collage": Rule(
        N_("Before/after picture"),
        N_("whether answers have a before/after picture"),
        tuple(_SWITCH),
        _one_of("collage", _SWITCH),
        lambda community: _on(community.collage),
    ),
    "language": Rule(
        N_("Language"),
        N_("the language of answers"),
        (LANGUAGE_AUTO, *available()),
        _language,
        _show_language,
    ),
}
"""Every setting that administrators may change, in the order of the panel."""
