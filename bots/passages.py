"""Texts for people cut into words and blocks of code, which each platform shows in its own way."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FENCED = re.compile(r"^```(\w*)\n(.*?)\n```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Passage:
    """A part of a text: words, or a block of code in the language `code`, as `toml` or empty."""

    text: str
    code: str | None = None


def passages(text: str) -> Iterator[Passage]:
    """The parts of a text in their order, none of them lost; lines of ``` enclose code."""
    end = 0
    for fenced in _FENCED.finditer(text):
        if fenced.start() > end:
            yield Passage(text[end : fenced.start()])
        yield Passage(fenced[2], fenced[1])
        end = fenced.end()
    if end < len(text):
        yield Passage(text[end:])
