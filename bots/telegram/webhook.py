"""The secret that comes with every call of Telegram's webhook."""

import hmac

__all__ = ["Secret"]


class Secret(str):
    """A text whose comparisons take as long whether the first letter differs or the last.

    python-telegram-bot compares the secret of a call by `!=`, and Python asks the more special of
    the two strings first, on whichever side it stands. What a stopwatch may still tell is the
    secret's length.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        """Whether `other` is the same text."""
        return isinstance(other, str) and hmac.compare_digest(_bytes(self), _bytes(other))

    def __ne__(self, other: object) -> bool:
        """Whether `other` is anything else."""
        return not self == other

    __hash__ = str.__hash__


def _bytes(text: str) -> bytes:
    return str.encode(text, "utf-8", "surrogatepass")
