"""Every catalog is complete, fits the code, and keeps what the code and the platforms rely on."""

import re
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from babel.messages import Catalog
from babel.messages.catalog import Message

from core import captions, catalogs
from core.commands import FORMS
from core.language import FOLDER, _, available, speaking
from core.rules import RULES

PATHS = sorted(FOLDER.glob("*.po"))
LABEL_MAX, SUMMARY_MAX = 80, 100
"""Discord's limits for a button and for a command's description."""

OPTION = re.compile(r"[-_\w]{1,32}")
"""What Discord takes as an option's name, all of it small."""

every_language = pytest.mark.parametrize("path", PATHS, ids=[path.stem for path in PATHS])


@cache
def texts() -> Catalog:
    return catalogs.extracted()


@cache
def catalog(path: Path) -> Catalog:
    return catalogs.read(path)


def messages(path: Path) -> list[Message]:
    return [message for message in catalog(path) if message.id]


def forms(message: Message) -> tuple[list[str], list[str]]:
    """The English forms of a text and those that are translated."""
    return _listed(message.id), [text for text in _listed(message.string) if text]


def _listed(texts: Any) -> list[str]:
    return list(texts) if isinstance(texts, tuple | list) else [texts or ""]


def placeholders(text: str) -> set[str]:
    return {field[1] for field in Formatter().parse(text) if field[1] is not None}


def test_a_text_is_found_by_its_mark(tmp_path: Path) -> None:
    for room in catalogs.ROOMS:
        (tmp_path / room).mkdir()
    (tmp_path / "core" / "a.py").write_text(
        'x = _("One.")\ny = N_("Two " "and a half.")\nz = ngettext("{n} fly", "{n} flies", n)\n'
        'nothing = "Three."\n'
    )
    found = catalogs.extracted(tmp_path)
    assert [message.id for message in found if message.id] == [
        "One.",
        "Two and a half.",
        ("{n} fly", "{n} flies"),
    ]


def test_new_texts_come_in_and_old_ones_go(tmp_path: Path) -> None:
    path = tmp_path / "de.po"
    path.write_text('msgid "Old one."\nmsgstr "Alt."\n\nmsgid "Kept."\nmsgstr "Bleibt."\n')
    news = Catalog()
    news.add("Kept.", locations=[("core/a.py", 7)])
    news.add("Old ones.", locations=[("core/a.py", 8)])
    path.write_bytes(catalogs.written(catalogs.updated(path, news)))
    assert path.read_text(encoding="utf-8").partition("\n\n")[2] == (
        '#: core/a.py\nmsgid "Kept."\nmsgstr "Bleibt."\n\n'
        '#: core/a.py\nmsgid "Old ones."\nmsgstr ""\n\n'
    )
    assert catalogs.written(catalogs.updated(path, news)) == path.read_bytes()


@every_language
def test_a_catalog_is_as_make_messages_writes_it(path: Path) -> None:
    current = catalogs.written(catalogs.updated(path, texts()))
    assert path.read_bytes() == current, "run `make messages`"


@every_language
def test_a_catalog_has_exactly_the_texts_of_the_code(path: Path) -> None:
    wanted = {message.id for message in texts() if message.id}
    there = {message.id for message in messages(path)}
    assert there - wanted == set()
    assert wanted - there == set()
    assert not catalog(path).obsolete


@every_language
def test_nothing_is_left_open(path: Path) -> None:
    for message in messages(path):
        assert not message.fuzzy, message.id
        wanted = catalog(path).num_plurals if message.pluralizable else 1
        assert len(forms(message)[1]) == wanted, message.id


@every_language
def test_placeholders_are_kept(path: Path) -> None:
    for message in messages(path):
        english, translated = forms(message)
        for text in translated:
            assert placeholders(text) == placeholders(english[-1]) or _of_one(text, message), text


def _of_one(text: str, message: Message) -> bool:
    """Whether a form serves the count of one alone and need not say it, as in English."""
    english, translated = forms(message)
    first = len(translated) == 2 and text == translated[0]
    return first and placeholders(text) == placeholders(english[0])


@every_language
def test_edges_and_lines_are_kept(path: Path) -> None:
    for message in messages(path):
        english, translated = forms(message)
        for text in translated:
            assert text.count("\n") == english[-1].count("\n"), text
            assert edges(text) == edges(english[-1]), text


def edges(text: str) -> tuple[str, str]:
    """The white space before and after the words."""
    return text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]


@every_language
def test_commands_are_kept_as_they_are_typed(path: Path) -> None:
    """`/upscale 4x`, `faces:main` and the like are not translated."""
    typed = re.compile(r"(?<![\w/])/\w+|\b(?:faces|model):[\w-]+|\b\d+x\b|`[^`]+`|https?://\S+")
    for message in messages(path):
        english, translated = forms(message)
        for text in translated:
            assert sorted(typed.findall(text)) == sorted(typed.findall(english[-1])), text


@every_language
def test_a_text_that_is_shown_alone_begins_as_the_english_one(path: Path) -> None:
    """Fragments begin small, since notes are capitalised where a line begins."""
    for message in messages(path):
        english, translated = forms(message)
        for text in translated:
            if english[-1][0].isupper() and english[-1][1:2].islower() and text[0].isalpha():
                assert text[0].isupper(), text


@every_language
def test_names_and_descriptions_of_slash_commands_fit(path: Path) -> None:
    names = set()
    for message in texts():
        if any(file == "bots/discord/commands.py" for file, _line in message.locations):
            translated = catalog(path).get(message.id)
            assert translated is not None
            (english,), (text,) = forms(translated)
            assert len(text) <= SUMMARY_MAX
            if OPTION.fullmatch(english):
                assert OPTION.fullmatch(text), text
                assert text == text.lower(), text
                assert text not in names, text
                names.add(text)


@pytest.mark.parametrize("code", available())
def test_no_text_is_longer_than_the_platforms_take(code: str) -> None:
    with speaking(code):
        titles = [rule.title for rule in RULES.values()]
        labels = [*captions.LABELS.values(), *titles]
        assert all(len(_(label)) <= LABEL_MAX for label in labels)
        assert all(len(_(form.summary)) <= SUMMARY_MAX for form in FORMS.values())
        assert all(len(_(rule.summary)) <= SUMMARY_MAX for rule in RULES.values())
