"""A search for private things in what was written, in every form that a log may give them."""

import base64
import json
from collections.abc import Mapping
from urllib.parse import quote

_PIECE = 12
"""Bytes of a photo that are not there by chance."""


def found(written: str, secrets: Mapping[str, str | bytes]) -> list[str]:
    """The names of those secrets that stand in a text, plain or encoded in one of the usual ways.

    Of bytes, such as a photo's, a piece of twelve is enough.
    """
    return [name for name, secret in secrets.items() if _stands(written, secret)]


def _stands(written: str, secret: str | bytes) -> bool:
    pieces = [secret.encode()] if isinstance(secret, str) else _pieces(secret)
    forms = {form for piece in pieces for form in _forms(piece)}
    if isinstance(secret, str):
        forms |= {secret, quote(secret), quote(secret, safe="")}
        forms |= {json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    return any(form in written for form in forms)


def _pieces(data: bytes) -> list[bytes]:
    return [data[at : at + _PIECE] for at in range(0, len(data) - _PIECE + 1, _PIECE)]


def _forms(piece: bytes) -> set[str]:
    """Hexadecimal, as Python shows bytes, as JSON holds them, and the three ways of base64."""
    latin = piece.decode("latin-1")
    forms = {piece.hex(), repr(piece)[2:-1], json.dumps(latin)[1:-1], latin}
    for before in range(3):
        whole = base64.b64encode(bytes(before) + piece)
        inside = whole[-(-before * 8 // 6) : (before + len(piece)) * 8 // 6].decode()
        forms |= {inside, inside.replace("+", "-").replace("/", "_")}
    return forms
