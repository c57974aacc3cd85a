import tomllib
from typing import Any

import pytest

from core.commands import FORMS, Action
from core.communities import Answers, Community, Mode, Who
from core.errors import CommandError
from core.recipe import PLAIN, Format, Preset, Recipe
from core.rules import RULES, chosen, exported, read


def club(**settings: Any) -> Community:
    return Community.model_validate({"platform": "test", "id": "club"} | settings)


def changed(words: str, *, channel: str | None = None, **settings: Any) -> dict[str, Any]:
    name, *rest = words.split()
    return read(name, rest, club(**settings), channel)


@pytest.mark.parametrize(
    ("words", "values"),
    [
        ("mode command", {"mode": Mode.COMMAND}),
        ("mode everywhere", {"mode": Mode.EVERY, "channels": ()}),
        ("recipe none", {"recipe": PLAIN, "recipe_words": ""}),
        (
            "recipe portrait 60 png",
            {
                "recipe": Recipe(preset=Preset.PORTRAIT, faces=60, format=Format.PNG),
                "recipe_words": "portrait 60 png",
            },
        ),
        ("recipe 2x sharp", {"recipe": Recipe(scale=2, sharpen=50), "recipe_words": "2x sharp"}),
        ("commands all", {"commands": None}),
        ("commands enhance, upscale /faces", {"commands": ("enhance", "upscale", "faces")}),
        ("scale 2x", {"largest_scale": 2}),
        ("scale 1", {"largest_scale": 1}),
        ("daily 20", {"daily": 20}),
        ("daily OFF", {"daily": 0}),
        ("cooldown 5m", {"cooldown": 300}),
        ("cooldown off", {"cooldown": 0}),
        ("exempt off", {"admins_exempt": False}),
        ("who admins", {"who": Who.ADMINS, "role": None}),
        ("who role <@&77>", {"who": Who.ROLE, "role": "77"}),
        ("answers thread", {"answers": Answers.THREAD}),
        ("collage off", {"collage": False}),
        ("language auto", {"language": "auto"}),
        ("language de", {"language": "de"}),
    ],
)
def test_words_become_settings(words: str, values: dict[str, Any]) -> None:
    assert changed(words) == values
    Community.model_validate(club().model_dump() | values)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("dayly 20", "It can be: enable, disable, settings, export, mode, recipe"),
        ("daily", "Photos a day takes a value, for example: daily 20"),
        ("daily many", "a number from 1 to 10000, or off"),
        ("daily 0", "a number from 1 to 10000, or off"),
        ("daily 99999999999999999999", "a number from 1 to 10000, or off"),
        ("mode always", "I don't understand “always”."),
        ("recipe 9x", "I can enlarge 2x, 3x, 4x or 8x"),
        ("recipe shrap", "Did you mean sharp?"),
        ("commands status", "I don't understand “status”."),
        ("scale 16x", "not “16x”"),
        ("scale big", "not “big”"),
        ("cooldown 2d", "a time up to a day"),
        ("cooldown soon", "a time up to a day"),
        ("who robots", "I don't understand “robots”."),
        ("collage maybe", "I don't understand “maybe”."),
        ("language klingon", "I don't understand “klingon”."),
    ],
)
def test_wrong_words_get_a_sentence(words: str, sentence: str) -> None:
    with pytest.raises(CommandError) as caught:
        changed(words)
    assert sentence in caught.value.text


def test_channels_are_chosen_one_by_one() -> None:
    here = changed("mode here", channel="7")
    assert here == {"mode": Mode.EVERY, "channels": ("7",)}
    both = changed("mode here", channel="8", **here)
    assert both["channels"] == ("7", "8")
    assert changed("mode <#9>", channel="8", **both)["channels"] == ("7", "8", "9")
    assert changed("mode here", channel="8", **both) == both
    left = changed("mode not-here", channel="7", **both)
    assert left == {"mode": Mode.EVERY, "channels": ("8",)}
    assert changed("mode not-here", channel="8", **left) == {"mode": Mode.COMMAND, "channels": ()}
    assert changed("mode here") == {"mode": Mode.EVERY, "channels": ("main",)}


@pytest.mark.parametrize("name", RULES)
def test_each_choice_of_each_rule_is_understood_and_shown(name: str) -> None:
    rule = RULES[name]
    for choice in [*rule.choices, *([rule.example] if rule.example else [])]:
        community = club(**changed(f"{name} {choice}", channel="7"))
        assert rule.show(community)
        if choice in rule.choices:
            assert chosen(name, choice, community, "7")
    assert 0 < len(rule.choices) <= 25
    assert all(len(f"panel:{name}={choice}".encode()) <= 64 for choice in rule.choices)


def test_a_choice_that_was_not_made_is_not_marked() -> None:
    assert chosen("daily", "30", club(), None)
    assert not chosen("daily", "10", club(), None)
    assert not chosen("mode", "here", club(), "7")


def test_the_commands_that_can_be_allowed_are_those_that_enhance() -> None:
    names = {name for name, form in FORMS.items() if form.action is Action.ENHANCE}
    for name in names:
        assert changed(f"commands {name}") == {"commands": (name,)}


def test_settings_are_exported_as_toml() -> None:
    text = exported(
        club(enabled=True, recipe=Recipe(scale=2, format=Format.PNG), channels=("7",)),
        Community(platform="telegram", id="-100"),
    )
    found = tomllib.loads(text)
    assert found["test"]["club"]["enabled"] is True
    assert found["test"]["club"]["recipe"] == {"scale": 2, "format": "png"}
    assert found["test"]["club"]["channels"] == ["7"]
    assert found["telegram"]["-100"]["v"] == 1
    restored = Community.model_validate({"platform": "test", "id": "club"} | found["test"]["club"])
    assert restored.recipe == Recipe(scale=2, format=Format.PNG)


@pytest.mark.parametrize("words", ["commands ,", "mode <@7>", "who <#7>", "daily 0100000"])
def test_words_that_mean_nothing_set_nothing(words: str) -> None:
    with pytest.raises(CommandError):
        changed(words)


def test_more_channels_than_anybody_needs_are_refused() -> None:
    many = {"mode": Mode.EVERY, "channels": tuple(map(str, range(100)))}
    with pytest.raises(CommandError, match="more than 100 channels"):
        changed("mode here", channel="x", **many)


@pytest.mark.parametrize("name", RULES)
def test_every_choice_survives_an_export(name: str) -> None:
    for choice in RULES[name].choices:
        community = club(**changed(f"{name} {choice}", channel="7"))
        table = tomllib.loads(exported(community))["test"]["club"]
        assert Community.model_validate({"platform": "test", "id": "club"} | table) == community
