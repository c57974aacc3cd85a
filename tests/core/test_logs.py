import logging
from collections.abc import Iterator

import httpx
import pytest

from core import logs
from core.errors import SettingsError

TOKEN = "123456:SECRET"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in logs.NOISY}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, floor in levels.items():
        logging.getLogger(name).setLevel(floor)


@pytest.mark.parametrize("level", ["INFO", "debug"])
def test_a_request_with_the_token_in_its_url_is_not_logged(
    level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(level)
    transport = httpx.MockTransport(lambda request: httpx.Response(200))
    with httpx.Client(transport=transport) as client:
        client.get(f"https://api.example.org/bot{TOKEN}/getMe")
    logging.getLogger("bots.any").info("job abc queued")
    printed = capsys.readouterr()
    assert "job abc queued" in printed.err
    assert TOKEN not in printed.err + printed.out


def test_configuring_twice_does_not_log_twice(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    logs.configure()
    logging.getLogger("core.any").warning("once")
    assert capsys.readouterr().err.count("once") == 1


def test_a_level_that_nobody_knows_is_a_sentence() -> None:

    with pytest.raises(SettingsError, match="DEBUG"):
        logs.configure("loud")
