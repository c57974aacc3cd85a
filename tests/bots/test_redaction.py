"""Secrets kept out of records, their arguments and their tracebacks."""

import logging
from urllib.parse import quote

import pytest

from bots.redaction import hidden
from core.logs import HIDDEN

TOKEN = "123:AAA-bbb_ccc"


def test_messages_arguments_and_tracebacks_are_cleaned(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("redaction")
    with hidden(TOKEN, ""):
        log.warning("plain %s", f"https://x/bot{TOKEN}/getMe")
        log.warning(f"encoded {quote(TOKEN, safe='')}")
        log.warning("untouched %d", 5)
        try:
            raise ValueError(f"token {TOKEN} refused")
        except ValueError:
            log.exception("failed")
    assert TOKEN not in caplog.text
    assert quote(TOKEN, safe="") not in caplog.text
    assert caplog.text.count(HIDDEN) == 3
    assert "untouched 5" in caplog.text
    assert "Traceback" in caplog.text


def test_a_badly_formatted_line_fails_nobody_and_shows_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with hidden(TOKEN):
        logging.getLogger("library").warning("%d items", TOKEN)
    assert "cannot be formatted" in caplog.text
    assert TOKEN not in caplog.text


def test_logging_is_as_before_afterwards() -> None:
    before = logging.getLogRecordFactory()
    with hidden(TOKEN):
        assert logging.getLogRecordFactory() is not before
    assert logging.getLogRecordFactory() is before
