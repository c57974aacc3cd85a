"""The header look at every file of the zoo, each in a process of its own that is watched.

    python -m tests.hostile.intake

prints one line of JSON a file (`Look`).
"""

import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from core.errors import DarkroomError
from core.images import inspect
from tests.hostile.zoo import ZOO

SECONDS = 10
MEMORY = 1_500_000_000


@dataclass(frozen=True)
class Look:
    """What the intake made of one file: `taken` or a refusal's code and text, or how it fell.

    `seconds` are of one core, `memory` is the most that the process had, in bytes.
    """

    name: str
    size: int
    outcome: str
    text: str
    seconds: float
    memory: int


def read(lines: str) -> list[Look]:
    """What this module printed."""
    return [Look(**json.loads(line)) for line in lines.splitlines()]


def looks() -> Iterator[Look]:
    """Each file looked at; call it in a process without threads."""
    for name, (_outcomes, make) in ZOO.items():
        yield _look(name, make())


def _look(name: str, data: bytes) -> Look:
    ours, theirs = os.pipe()
    begun = time.perf_counter()
    fork = os.fork()
    if fork == 0:
        _inspect(data, theirs)
    os.close(theirs)
    with os.fdopen(ours, "rb") as told:
        outcome, _comma, text = told.read().decode().partition(":")
    _pid, status, usage = os.wait4(fork, 0)
    if status:
        outcome, text = "fallen", f"exit code {os.waitstatus_to_exitcode(status)}"
    seconds = time.perf_counter() - begun
    memory = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Look(name, len(data), outcome, text, seconds, memory)


def _inspect(data: bytes, told: int) -> None:
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        try:
            inspect(data)
            outcome = "taken:"
        except DarkroomError as error:
            outcome = f"{error.code}:{error.text}"
        os.write(told, outcome.encode())
        code = 0
    finally:
        os._exit(code)


if __name__ == "__main__":
    for look in looks():
        print(json.dumps(asdict(look)), flush=True)  # noqa: T201
