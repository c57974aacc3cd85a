"""Logs that say what happened and nothing that is private."""

import contextlib
import json
import logging
import re
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from types import TracebackType
from typing import Final, TextIO

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

HIDDEN: Final = "[hidden]"
"""Stands in the place of a token."""

_Nothing = tuple[None, None, None]
_log = logging.getLogger(__name__)
_job: ContextVar[str | None] = ContextVar("job", default=None)
# Paths and queries of addresses hold tokens and signatures: Telegram's and Discord's all do.
_ADDRESS = re.compile(r"\b((?:https?|wss?)://)(?:[^\s/'\"<>]*@)?([^\s/?#'\"<>)]+)[/?#][^\s'\"<>)]*")
# Other addresses may hold a password before their host, or among their parameters.
_CREDENTIALS = re.compile(r"\b(\w+://)[^\s/'\"<>]*@")
_PARAMETERS = re.compile(r"\b(\w+://[^\s?'\"<>]*\?)[^\s'\"<>]+")
# What Telegram's and Discord's tokens look like, for lines of those who do not know the bot's own.
_TOKEN = re.compile(r"\b\d{5,}:[\w-]{30,}|\b[\w-]{18,}\.[\w-]{6}\.[\w-]{27,}")
# Somebody's words between quotation marks, and pages that a server answered with.
_QUOTED = re.compile(
    r"""(?<!\w)b?'(?:\\.|[^'\\]|'(?=\w))*(?:'|\Z)|(?<!\w)b?"(?:\\.|[^"\\])*(?:"|\Z)"""
    r"""|“[^”]*(?:”|\Z)|<(?:\?xml|!doctype|html|error)\b.*""",
    re.DOTALL | re.IGNORECASE,
)
_LONGEST = 4000  # letters of one error's message
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

    What ends the process unexpectedly is logged, too. Raises SettingsError for a level that is
    not one of `LEVELS`.
    """
    if level.upper() not in LEVELS:
        raise SettingsError(f"There is no log level “{level}”; use one of {', '.join(LEVELS)}.")
    handler = _Stream(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else Lines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(LEVELS[level.upper()])
    for name, floor in NOISY.items():
        logging.getLogger(name).setLevel(floor)
    sys.excepthook = _uncaught


class _Stream(logging.StreamHandler[TextIO]):
    """Writes lines; logging's own answer to one that cannot be made would show its arguments."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Say where the line stands that could not be made."""
        fields = record.__dict__ | {"exc_info": None, "exc_text": None, "args": None}
        fields["msg"] = f"a line that cannot be logged: {record.pathname}:{record.lineno}"
        with contextlib.suppress(Exception):  # the stream itself may be what fails
            self.stream.write(self.format(logging.makeLogRecord(fields)) + self.terminator)


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    _log.critical("ended by an error", exc_info=(kind, error, trace))


class Tracebacks(logging.Formatter):
    """Tracebacks without what their messages quote, which may be somebody's words or photo.

    Messages of the operating system stay whole: they quote paths of this machine.
    """

    def formatException(  # noqa: N802 - logging's name
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | _Nothing
    ) -> str:
        """The error and those that led to it, the first one first."""
        return "" if ei[1] is None else "\n".join(_story(ei[1], frozenset()))


def _story(error: BaseException, told: frozenset[int]) -> Iterator[str]:
    told |= {id(error)}
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in told:
        yield from _story(before, told)
        yield "\nwhich led to\n"
    yield "Traceback (most recent call last):"
    yield from (frame.rstrip() for frame in traceback.format_tb(error.__traceback__))
    kind = type(error)
    place = "" if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}."
    words = str(error)[:_LONGEST]
    if not (isinstance(error, OSError) and error.errno is not None):
        words = _QUOTED.sub("…", words)
    yield f"{place}{kind.__qualname__}" + (f": {words}" if words else "")
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from (f"  | {line}" for line in "\n".join(_story(one, told)).splitlines())


class Lines(Tracebacks):
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


class JsonLines(Tracebacks):
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
            fields["traceback"] = cleaned(record.exc_text or self.formatException(record.exc_info))
        return json.dumps(fields, ensure_ascii=False)


def cleaned(text: str) -> str:
    """The text with each web address cut to its host, and no credentials, parameters or tokens."""
    text = _CREDENTIALS.sub(r"\1***@", _ADDRESS.sub(r"\1\2/…", text))
    return _TOKEN.sub(HIDDEN, _PARAMETERS.sub(r"\1…", text))


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
