"""Texts in the language of the task at hand."""

import asyncio
import contextvars
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core import captions, language
from core.language import _, available, current, decimal, matching, ngettext, speaking

PO = """\
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\\n"

msgid "Good evening."
msgstr "Добрый вечер."

msgid "Not yet."
msgstr ""

#, fuzzy
msgid "Perhaps."
msgstr "Может быть."

msgid "{count} photo"
msgid_plural "{count} photos"
msgstr[0] "{count} снимок"
msgstr[1] "{count} снимка"
msgstr[2] "{count} снимков"
"""  # noqa: E501


@pytest.fixture
def russian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder with one small catalog."""
    (tmp_path / "ru.po").write_text(PO, encoding="utf-8")
    monkeypatch.setattr(language, "FOLDER", tmp_path)
    for cached in (language.available, language._catalog):
        cached.cache_clear()
    yield
    for cached in (language.available, language._catalog):
        cached.cache_clear()


@pytest.mark.parametrize(
    ("code", "spoken"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("pt_BR", "pt"),
        ("RU", "ru"),
        ("en-GB", "en"),
        ("tlh", "en"),
        ("../de", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_the_nearest_language_is_spoken_else_english(code: str | None, spoken: str) -> None:
    assert matching(code) == spoken


def test_languages_are_called_by_their_own_names() -> None:
    assert next(iter(available())) == "en"
    assert available() == {
        "en": "English",
        "de": "Deutsch",
        "es": "Español",
        "fr": "Français",
        "pt": "Português",
        "ru": "Русский",
    }


@pytest.mark.usefixtures("russian")
def test_what_a_catalog_lacks_is_said_in_english() -> None:
    with speaking("ru"):
        assert _("Good evening.") == "Добрый вечер."
        assert _("Not yet.") == "Not yet."
        assert _("Perhaps.") == "Perhaps."
        assert _("Never written down.") == "Never written down."
        assert _("") == ""  # gettext keeps the catalog's header there
        assert ngettext("{count} hour", "{count} hours", 1) == "{count} hour"
        assert ngettext("{count} hour", "{count} hours", 5) == "{count} hours"


@pytest.mark.usefixtures("russian")
@pytest.mark.parametrize(
    ("count", "text"),
    [(1, "снимок"), (3, "снимка"), (5, "снимков"), (11, "снимков"), (21, "снимок")],
)
def test_the_plural_is_the_languages_own(count: int, text: str) -> None:
    with speaking("ru"):
        assert ngettext("{count} photo", "{count} photos", count) == "{count} " + text


def test_english_needs_no_catalog() -> None:
    assert _("Good evening.") == "Good evening."
    assert ngettext("{count} photo", "{count} photos", 1) == "{count} photo"
    assert ngettext("{count} photo", "{count} photos", 0) == "{count} photos"
    assert decimal("1.2") == "1.2"


def test_the_language_ends_with_its_context() -> None:
    with speaking("de"):
        with speaking("fr"):
            assert current() == "fr"
        assert current() == "de"
    assert current() == "en"


async def test_each_task_and_its_threads_have_their_own_language() -> None:
    everybody = asyncio.Barrier(3)

    async def task(code: str) -> tuple[str, str, str, str]:
        with speaking(code):
            async with everybody:  # All three speak by now.
                child = await asyncio.create_task(label())
                thread = await asyncio.to_thread(_, captions.CANCEL)
                with ThreadPoolExecutor(1) as pool:
                    run = contextvars.copy_context().run
                    pooled = await asyncio.wrap_future(pool.submit(run, _, captions.CANCEL))
                return _(captions.CANCEL), child, thread, pooled

    async def label() -> str:
        return _(captions.CANCEL)

    told = await asyncio.gather(task("de"), task("en"), task("ru"))
    assert [set(labels) for labels in told] == [{"Abbrechen"}, {"Cancel"}, {"Отмена"}]


def test_figures_are_written_as_the_language_writes_them() -> None:
    with speaking("de"):
        assert decimal("1.2") == "1,2"
        assert captions.size(1_234_567) == "1,2 MB"
        assert captions.duration(0.44) == "0,4 s"
    with speaking("ru"):
        assert captions.size(840_000) == "840 кБ"
