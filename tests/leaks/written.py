"""What this process writes to its log, with every library as talkative as it can be."""

import contextlib
import io
import logging
import sys
from collections.abc import Iterator, Mapping

import pytest

from core import logs
from core.jobs import Job
from tests.leaks.search import found


@contextlib.contextmanager
def everything_written(patch: pytest.MonkeyPatch) -> Iterator[dict[str, io.StringIO]]:
    """Log as `darkroom --log DEBUG` does, in both forms at once, and let no library be silent."""
    root = logging.getLogger()
    before, hook = root.handlers[:], sys.excepthook
    loggers = [root, *(logging.getLogger(name) for name in logs.NOISY)]
    loggers += [one for one in root.manager.loggerDict.values() if isinstance(one, logging.Logger)]
    levels = [logger.level for logger in loggers]
    written, handlers = {"text": io.StringIO(), "json": io.StringIO()}, []
    for form, stream in written.items():
        with patch.context() as instead:
            instead.setattr(sys, "stderr", stream)
            logs.configure("DEBUG", form)
        handlers += root.handlers
    root.handlers[:] = handlers
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    try:
        yield written
    finally:
        root.handlers[:], sys.excepthook = before, hook
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def check(
    written: Mapping[str, io.StringIO], secrets: Mapping[str, str | bytes], jobs: list[Job]
) -> None:
    """No secret stands there and every job does; the same search finds what a careless line says.

    Careless is a handler that writes a record as it is.
    """
    for stream in written.values():
        assert found(stream.getvalue(), secrets) == []
    for job in jobs:
        assert f" job={job.id} " in written["text"].getvalue()
        assert f'"job": "{job.id}"' in written["json"].getvalue()
    careless = io.StringIO()
    handler = logging.StreamHandler(careless)
    logger = logging.getLogger("bots.careless")
    logger.addHandler(handler)
    try:
        for secret in secrets.values():
            logger.debug("%r", secret)
    finally:
        logger.removeHandler(handler)
    assert set(found(careless.getvalue(), secrets)) == secrets.keys()
