"""The catalogs in `core/languages`, brought up to date with the texts in the code.

`python -m core.catalogs` (`make messages`) rewrites each: texts that are new stand there empty,
those that are gone are gone. A new language begins as an empty file, `core/languages/it.po`.
"""

import io
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from core.language import FOLDER

__all__ = ["extracted", "read", "updated", "written"]

ROOT = Path(__file__).parent.parent
ROOMS = ("bots", "core", "weights", "worker")
KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2)}

# Babel's own header has dates and versions, which would change with every run.
_HEADER = """\
msgid ""
msgstr ""
"Language: {language}\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plural_forms}\\n"

"""


def extracted(root: Path = ROOT) -> Catalog:
    """Every text that is marked in the code below `root`, with the files it stands in."""
    catalog = Catalog()
    for room in ROOMS:
        for found in extract_from_dir(root / room, keywords=KEYWORDS):
            file, line, message = found[:3]
            catalog.add(message, locations=[(f"{room}/{file}", line)])
    return catalog


def read(path: Path) -> Catalog:
    """The catalog of the language that a file is named after."""
    with path.open("rb") as source:
        return read_po(source, locale=path.stem)


def updated(path: Path, texts: Catalog) -> Catalog:
    """A language's catalog with exactly the `texts`, translated as far as they were."""
    catalog = read(path)
    # Babel's guesses would put the words of one text under another.
    catalog.update(texts, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    return catalog


def written(catalog: Catalog) -> bytes:
    """A catalog as a .po file without line numbers, so that only changed texts change it."""
    out = io.BytesIO()
    write_po(out, catalog, width=100, omit_header=True, sort_by_file=True, include_lineno=False)
    header = _HEADER.format(language=catalog.locale, plural_forms=catalog.plural_forms)
    return header.encode() + out.getvalue()


if __name__ == "__main__":
    texts = extracted()
    for path in sorted(FOLDER.glob("*.po")):
        path.write_bytes(written(updated(path, texts)))
