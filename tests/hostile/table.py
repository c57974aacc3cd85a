"""What a hostile file must come to."""

from collections.abc import Callable

Table = dict[str, tuple[str, Callable[[], bytes]]]
"""Name → outcomes that are right, `enhanced` or codes of refusals, and how the file is made."""
