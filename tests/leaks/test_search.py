"""The search finds what it is to find."""

import base64
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest

from tests.bots.telegram.pictures import picture
from tests.leaks.search import found

TOKEN, PHOTO = "123456:AAH-x_y/é+z", picture()
SECRETS: dict[str, str | bytes] = {"token": TOKEN, "photo": PHOTO}
WORDS: list[Callable[[str], str]] = [
    str,
    repr,
    json.dumps,
    quote,
    lambda text: quote(text, safe=""),
    lambda text: f"{text.encode()!r}",
    lambda text: text.encode().hex(),
    lambda text: base64.b64encode(f"Bearer {text}".encode()).decode(),
    lambda text: base64.urlsafe_b64encode(f"a{text}".encode()).decode(),
]
BYTES: list[Callable[[bytes], str]] = [
    repr,
    bytes.hex,
    lambda data: base64.b64encode(data).decode(),
    lambda data: base64.urlsafe_b64encode(b"x" + data).decode(),
    lambda data: f"{data[100:140]!r} and so on",
    lambda data: json.dumps(data.decode("latin-1")),
]


@pytest.mark.parametrize("form", WORDS)
def test_words_are_found_in_every_form(form: Callable[[str], str]) -> None:
    assert found(f"so: {form(TOKEN)}.", SECRETS) == ["token"]


@pytest.mark.parametrize("form", BYTES)
def test_a_piece_of_a_photo_is_found_in_every_form(form: Callable[[bytes], str]) -> None:
    assert found(f"so: {form(PHOTO)}.", SECRETS) == ["photo"]


def test_nothing_is_found_where_nothing_is() -> None:
    assert found("job=aa11 photo 1 enhanced in 1.0 s: 64 × 48 to 256 × 192", SECRETS) == []
