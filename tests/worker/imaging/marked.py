"""A cell whose decoder does what the first word of a file says, as a decoder with a fault might."""

import ctypes
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.errors import PhotoRefused
from core.images import Limits
from tests.worker.imaging.pictures import photo
from worker.imaging import cell
from worker.imaging.decode import decode
from worker.imaging.photo import Photo


def _loop() -> None:
    while True:
        pass


def _gorge() -> None:
    kept = []
    while True:
        kept.append(np.empty(1 << 24))


def _sleep_on() -> None:
    signal.setitimer(signal.ITIMER_REAL, 0)
    time.sleep(60)


def _kill_the_cell() -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(60)


FAULTS: dict[bytes, Callable[[], object]] = {
    b"segfault": lambda: ctypes.string_at(0),
    b"abort": os.abort,
    b"kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    b"exit": lambda: os._exit(3),
    b"raise": lambda: json.loads("{"),
    b"loop": _loop,
    b"sleep": lambda: time.sleep(60),
    b"sleep-on": _sleep_on,
    b"kill-the-cell": _kill_the_cell,
}
LIES: dict[bytes, Callable[[], Photo]] = {
    b"short": lambda: Photo(np.zeros((8, 8, 3), np.uint8)),
    b"huge": lambda: Photo(np.zeros((1200, 1200, 3), np.uint16)),
    b"kind": lambda: photo(kind="exe"),
    b"depth": lambda: photo(depth=32),
    b"exif": lambda: photo(exif=b"x" * 60_000_000),
    b"quality": lambda: photo(jpeg_quality=101.0),
    b"nan": lambda: photo(jpeg_quality=float("nan")),
    b"generated": lambda: photo(generated="yes"),
}
QUESTIONS: dict[bytes, Callable[[], object]] = {
    b"environment": lambda: " ".join(os.environ),
    b"cell": os.getppid,
    b"threads": threading.active_count,
    b"tasks": lambda: len(list(Path("/proc/self/task").iterdir())),
    b"victim": lambda: Path("/proc/self/oom_score_adj").read_text(encoding="ascii").strip(),
    b"files": lambda: " ".join(_open_files()),
}


def opened(data: bytes, limits: Limits) -> Photo:
    """The photo in a file, unless its first word is one of those above."""
    word = data.partition(b" ")[0]
    if word in QUESTIONS:
        raise PhotoRefused(f"{QUESTIONS[word]()}", code="told")
    if word in LIES:
        return LIES[word]()
    if word == b"gorge":
        _gorge()
    if fault := FAULTS.get(word):
        fault()
    return decode(data, limits)


def _open_files() -> list[str]:
    links = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            links.append(str(entry.readlink()))
        except OSError:  # the folder's own, closed meanwhile
            continue
    return sorted(links)


if __name__ == "__main__":
    cell.main(opened)
