"""The language a person is answered in: gettext catalogs, chosen for the task at hand.

Texts are written in English where they are used: `_("Queued: {place}.").format(place=…)`. The
catalogs lie in `core/languages` as .po files and are read as they are (https://www.gnu.org/software/
gettext/manual/html_node/PO-Files.html); what a catalog lacks is said in English.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from gettext import GNUTranslations
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import get_decimal_symbol

__all__ = [
    "ENGLISH",
    "N_",
    "_",
    "available",
    "current",
    "decimal",
    "matching",
    "ngettext",
    "speaking",
]

ENGLISH = "en"
FOLDER = Path(__file__).with_name("languages")

_current: ContextVar[str] = ContextVar("language", default=ENGLISH)


@cache
def available() -> dict[str, str]:
    """The languages that can be spoken, code to own name, English first."""
    codes = [ENGLISH, *sorted(path.stem for path in FOLDER.glob("*.po"))]
    return {code: str(Locale.parse(code).get_display_name(code)).capitalize() for code in codes}


def matching(code: str | None) -> str:
    """The spoken language nearest to a platform's code (`de-AT`, `pt_BR`), else English."""
    language = (code or "").replace("_", "-").lower().partition("-")[0]
    return language if language in available() else ENGLISH


def current() -> str:
    """The code of the language spoken in this task."""
    return _current.get()


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Within this context, and in tasks begun in it, texts are in the language `code`.

    `asyncio.to_thread` hands it on; an executor's thread must be given a copy of the context.
    """
    token = _current.set(code)
    try:
        yield
    finally:
        _current.reset(token)


def _(text: str) -> str:
    """A text in the language spoken in this task."""
    if not text or _current.get() == ENGLISH:
        return text
    return _catalog(_current.get()).gettext(text)


def ngettext(singular: str, plural: str, count: int) -> str:
    """The form that fits a count, in the language spoken in this task."""
    if _current.get() == ENGLISH:
        return singular if count == 1 else plural
    return _catalog(_current.get()).ngettext(singular, plural, count)


def decimal(figure: str) -> str:
    """A figure that was written with a point, with the decimal sign of the language instead."""
    if _current.get() == ENGLISH:
        return figure
    return figure.replace(".", get_decimal_symbol(_current.get()))


def N_(text: str) -> str:  # noqa: N802
    """Marks a text for the catalogs where it stands; `_` translates it where it is shown."""
    return text


@cache
def _catalog(code: str) -> GNUTranslations:
    with (FOLDER / f"{code}.po").open("rb") as source:
        catalog = read_po(source, locale=code)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)
