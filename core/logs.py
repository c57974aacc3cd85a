"""Logs that say what happened and nothing that is private."""

import logging
import sys

from core.errors import SettingsError

LEVELS = {
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARNING": logging.WARNING,
    "ERROR": logging.ERROR,
}
FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
NOISY = {
    "httpx": logging.WARNING,  # INFO lines carry request URLs, and Telegram's hold the token
    "httpcore": logging.WARNING,
    "telegram": logging.WARNING,  # DEBUG lines carry messages
    "discord": logging.WARNING,  # DEBUG lines carry messages, INFO lines the gateway's session
    "arq": logging.WARNING,  # INFO lines carry job arguments
    "PIL": logging.CRITICAL,
    "asyncio": logging.WARNING,
}


def configure(level: str = "INFO") -> None:
    """Log to standard error from `level` upwards, with libraries that tell secrets quietened.

    Raises SettingsError for a level that is not one of `LEVELS`.
    """
    if level.upper() not in LEVELS:
        raise SettingsError(f"There is no log level “{level}”; use one of {', '.join(LEVELS)}.")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(FORMAT))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(LEVELS[level.upper()])
    for name, floor in NOISY.items():
        logging.getLogger(name).setLevel(floor)
