"""The token kept out of every log line, whichever library writes it."""

import contextlib
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from core.logs import HIDDEN, Tracebacks

_TRACEBACKS = Tracebacks()


@contextlib.contextmanager
def hidden(*secrets: str) -> Iterator[None]:
    """Within this context log records, their tracebacks too, hold `HIDDEN` in place of secrets.

    Telegram's URLs contain the token, percent-encoded in those of files, httpx logs URLs, and a
    Bot's repr shows its token; so it is done where records are made.
    """
    words = [word for secret in secrets if secret for word in (secret, quote(secret, safe=""))]
    make = logging.getLogRecordFactory()

    def clean(text: str) -> str:
        for word in words:
            text = text.replace(word, HIDDEN)
        return text

    def record(*args: Any, **kwargs: Any) -> logging.LogRecord:
        made = make(*args, **kwargs)
        try:
            message = made.getMessage()
        except Exception:
            # a library's slip in a log line must not fail its caller; its arguments may be secret
            message = f"a log line that cannot be formatted: {made.pathname}:{made.lineno}"
            made.msg, made.args = message, None
        if any(word in message for word in words):
            made.msg, made.args = clean(message), None
        if made.exc_info:
            made.exc_text = clean(_TRACEBACKS.formatException(made.exc_info))
        return made

    logging.setLogRecordFactory(record)
    try:
        yield
    finally:
        if logging.getLogRecordFactory() is record:
            logging.setLogRecordFactory(make)
