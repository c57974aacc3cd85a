"""Logs that say what happened and nothing that is private."""

import contextlib
import json
import logging
import re
import sys
import time
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Final

from core.errors import SettingsError

LEVELS: Final = {
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARNING": logging.WARNING,
    "ERROR": logging.ERROR,
}
NOISY: Final = {
    "httpx": logging.WARNING,  # INFO lines carry request URLs, and Telegram's hold the token
    "httpcore": logging.WARNING,
    "telegram": logging.WARNING,  # DEBUG lines carry messages
    "discord": logging.WARNING,  # DEBUG lines carry messages, INFO lines the gateway's session
    "arq": logging.WARNING,  # INFO lines carry job arguments
    "PIL": logging.CRITICAL,
    "asyncio": logging.WARNING,
}
OURS: Final = frozenset({"core", "bots", "weights", "worker", "darkroom", "__main__"})
"""Our own rooms. Whatever another library hands to its log lines may be somebody's message."""

_job: ContextVar[str | None] = ContextVar("job", default=None)
# Paths and queries of addresses hold tokens and signatures: Telegram's and Discord's all do.
_ADDRESS = re.compile(
    r"\b((?:https?|wss?)://)(?:[^\s/@'\"<>]*@)?([^\s/?#'\"<>)]+)[/?#][^\s'\"<>)]*"
)
_CREDENTIALS = re.compile(r"\b(\w+://)[^\s/@'\"<>]*@")
_NUMBERS_BELOW = 1_000_000  # larger ones are those of people, chats and messages


@contextlib.contextmanager
def about(job_id: str) -> Iterator[None]:
    """Within this context, and in the tasks that begin in it, log lines carry the job's id."""
    token = _job.set(job_id)
    try:
        yield
    finally:
        _job.reset(token)


def configure(level: str = "INFO", form: str = "text") -> None:
    """Log to standard error from `level` upwards, as lines of `text` or of `json`.

    Raises SettingsError for a level that is not one of `LEVELS`.
    """
    if level.upper() not in LEVELS:
        raise SettingsError(f"There is no log level “{level}”; use one of {', '.join(LEVELS)}.")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else Lines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(LEVELS[level.upper()])
    for name, floor in NOISY.items():
        logging.getLogger(name).setLevel(floor)


class Lines(logging.Formatter):
    """One line a record, `2026-01-31 12:00:00,000 INFO    bots.delivery: job=3f delivered`.

    A traceback follows in lines of its own.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The record in words, cleaned."""
        job = _job.get()
        shown = _plain(record, "" if job is None else f"job={job} ")
        return cleaned(super().format(shown))


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message; job, cause, traceback if any."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as an object, cleaned."""
        fields = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03d}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": cleaned(_plain(record).getMessage()),
        }
        if (job := _job.get()) is not None:
            fields["job"] = job
        if record.exc_info and record.exc_info[0] is not None:
            fields["cause"] = record.exc_info[0].__name__
            traceback = record.exc_text or self.formatException(record.exc_info)
            fields["traceback"] = cleaned(traceback)
        return json.dumps(fields, ensure_ascii=False)


def cleaned(text: str) -> str:
    """The text with each web address cut to its host, and credentials struck out of all others."""
    return _CREDENTIALS.sub(r"\1***@", _ADDRESS.sub(r"\1\2/…", text))


def _plain(record: logging.LogRecord, lead: str = "") -> logging.LogRecord:
    """A copy of a record with its message made; a library's is its first line without contents."""
    if record.name.partition(".")[0] in OURS:
        message = record.getMessage()
    else:
        message = _template(record).partition("\n")[0]
    plain = logging.makeLogRecord(record.__dict__)
    plain.msg, plain.args = lead + message, None
    return plain


def _template(record: logging.LogRecord) -> str:
    """A library's message with what may be private withheld."""
    text, args = str(record.msg), record.args
    if not args:
        return text
    try:
        if isinstance(args, Mapping):
            return text % {name: _harmless(value) for name, value in args.items()}
        return text % tuple(map(_harmless, args))
    except (TypeError, ValueError, KeyError):  # its slip must not fail anybody
        return text


class _Withheld:
    """Stands in a library's line for what may be private."""

    def __repr__(self) -> str:
        return "…"

    def __int__(self) -> int:
        return 0


def _harmless(value: object) -> object:
    number = isinstance(value, int | float) and abs(value) < _NUMBERS_BELOW
    return value if number else _Withheld()
