"""The process in which strangers' files are opened: it forks for each, and only the fork decodes.

It serves at a socket, whose number is its only argument. A request is one message: a `Task` in
JSON with two open files, the photo and an empty one. The fork writes a line of JSON into the
second, what it found or why it refuses, then the pixels, alpha and EXIF. When the fork has ended,
however it did, the answer is an `Ended` in JSON.
"""

import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, Final, Self

import numpy as np

from core.errors import PhotoRefused
from core.images import Limits
from core.language import _, speaking
from core.process import end_with_parent
from worker.imaging.decode import decode
from worker.imaging.photo import Photo

MESSAGE_BYTES: Final = 4096
"""The longest message."""
# Address space, of which code and libraries take half a gigabyte before any pixel.
_BASE_MEMORY: Final = 1 << 30
_MEMORY_A_PIXEL: Final = 40
# What is written: 16 bits in four channels, and an EXIF block as large as the file.
_BYTES_A_PIXEL: Final = 8
_LIKELIEST_VICTIM: Final = "1000"  # proc(5), oom_score_adj

Opened = Callable[[bytes, Limits], Photo]


@dataclass(frozen=True, slots=True)
class Task:
    """What a fork is to do, and within what: language, seconds, and the limits of the photo."""

    language: str
    seconds: int
    limits: Limits

    def to_json(self) -> bytes:
        """The message that carries it."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, message: bytes) -> Self:
        """The task in a message of ours."""
        fields = json.loads(message)
        return cls(**(fields | {"limits": Limits(**fields["limits"])}))


@dataclass(frozen=True, slots=True)
class Ended:
    """How a fork ended: its exit code, or minus the signal, and its most memory in bytes."""

    code: int
    memory: int


def main(opened: Opened = decode) -> None:
    """Serve until the other side hangs up; `opened` decodes."""
    # A signal to the whole group must not cost a photo that the worker still wants to finish.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    end_with_parent()
    with socket.socket(fileno=int(sys.argv[1])) as control:
        while True:
            message, files, _flags, _address = socket.recv_fds(control, MESSAGE_BYTES, 2)
            if not message:
                return
            fork = os.fork()
            if fork == 0:
                control.close()
                source, target = files
                _live(Task.from_json(message), source, target, opened)
            for file in files:
                os.close(file)
            _pid, status, usage = os.wait4(fork, 0)
            memory = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
            ended = Ended(os.waitstatus_to_exitcode(status), memory)
            control.sendall(json.dumps(asdict(ended)).encode())


def _live(task: Task, source: int, target: int, opened: Opened) -> None:
    """A fork's whole life."""
    code = 1
    try:
        end_with_parent()
        with open(source, "rb") as photo, open(target, "wb") as found:
            _confine(task)
            with speaking(task.language):
                _answer(photo.read(), task.limits, found, opened)
        code = 0
    finally:
        os._exit(code)


def _confine(task: Task) -> None:
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # decoders in C talk about every flaw of a file
        os.dup2(silence, stream)
    pixels, most = task.limits.max_pixels, task.limits.max_bytes
    _limit(resource.RLIMIT_CORE, 0)  # no pixel of anybody's photo is left on the disk
    _limit(resource.RLIMIT_AS, _BASE_MEMORY + _MEMORY_A_PIXEL * pixels)
    _limit(resource.RLIMIT_FSIZE, _BYTES_A_PIXEL * pixels + most + MESSAGE_BYTES)
    _limit(resource.RLIMIT_CPU, task.seconds)
    signal.setitimer(signal.ITIMER_REAL, task.seconds)  # by default its signal kills
    with suppress(OSError):  # only Linux has it
        Path("/proc/self/oom_score_adj").write_text(_LIKELIEST_VICTIM, encoding="ascii")


def _limit(what: int, most: int) -> None:
    with suppress(ValueError, OSError):  # a lower limit is set already, or the system has none
        resource.setrlimit(what, (most, most))


def _answer(data: bytes, limits: Limits, found: BinaryIO, opened: Opened) -> None:
    try:
        photo = opened(data, limits)
    except PhotoRefused as error:
        found.write(_line({"code": error.code, "text": error.text}))
        return
    except MemoryError:
        text = _("This photo takes too much memory to be opened. Send a smaller version.")
        found.write(_line({"code": "too_many_pixels", "text": text}))
        return
    exif = photo.exif or b""
    head = {
        "width": photo.width,
        "height": photo.height,
        "depth": photo.depth,
        "grey": photo.grey,
        "kind": photo.kind,
        "lossless": photo.lossless,
        "animated": photo.animated,
        "jpeg_quality": photo.jpeg_quality,
        "generated": photo.generated,
        "alpha": photo.alpha is not None,
        "exif": len(exif),
    }
    found.write(_line(head))
    for plane in (photo.pixels, photo.alpha):
        if plane is not None:
            found.write(np.ascontiguousarray(plane).data)
    found.write(exif)


def _line(fields: dict[str, object]) -> bytes:
    return json.dumps(fields).encode() + b"\n"


if __name__ == "__main__":
    main()
