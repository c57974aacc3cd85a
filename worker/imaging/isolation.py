"""Decoding in processes of its own, whose death costs one photo and nothing else."""

import json
import logging
import math
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from queue import LifoQueue
from typing import Annotated, BinaryIO, Final, Literal, cast

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt

from core.errors import PhotoRefused
from core.images import KINDS, Limits
from core.language import _, current
from worker.imaging.cell import MESSAGE_BYTES, Ended, Task
from worker.imaging.photo import Photo, Pixels

log = logging.getLogger(__name__)

SECONDS: Final = 60
"""How long opening a photo may take; 50 megapixels need some three seconds."""
GRACE_SECONDS: Final = 5.0
"""A fork that has not ended itself by then is killed."""
_COMMAND: Final = (sys.executable, "-m", "worker.imaging.cell")
# All that a cell sees of the worker's surroundings: no password of Redis, no key of the store.
_SEEN: Final = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL")
_SURROUNDINGS: Final = {
    "OPENBLAS_NUM_THREADS": "1",  # a process with threads is not to be forked
    "OMP_NUM_THREADS": "1",
}


class _Head(BaseModel):
    """What a fork says it found; the file behind it may have been written by an attacker."""

    model_config = ConfigDict(extra="forbid", strict=True)

    width: PositiveInt
    height: PositiveInt
    depth: Literal[8, 16]
    grey: bool
    kind: str = Field(pattern=f"^({'|'.join(KINDS)})$")
    lossless: bool
    animated: bool
    jpeg_quality: Annotated[float, Field(ge=1, le=100)] | None
    generated: bool
    alpha: bool
    exif: NonNegativeInt


class _Refusal(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    code: str = Field(pattern="^[a-z_]{1,32}$")
    text: str = Field(min_length=1, max_length=1000)


class _Crashed(Exception):
    """The fork ended before it had answered."""


class Decoders:
    """A few cells to open photos in, prepared beforehand; safe to use from several threads.

    `memory` is the most that a fork has needed for a photo so far, in bytes.
    """

    def __init__(
        self,
        *,
        cells: int = 2,
        seconds: int = SECONDS,
        grace: float = GRACE_SECONDS,
        command: Sequence[str] = _COMMAND,
    ) -> None:
        self.memory = 0
        self._seconds = seconds
        self._command = command
        self._all = [_Cell(command, grace) for _number in range(cells)]
        self._idle: LifoQueue[_Cell] = LifoQueue()
        for cell in self._all:
            self._idle.put(cell)

    def close(self) -> None:
        """End the processes."""
        for cell in self._all:
            cell.close()

    def decode(self, data: bytes, limits: Limits | None = None) -> Photo:
        """What `worker.imaging.decode.decode` gives and raises; PhotoRefused "crashed" where the
        file ended the process, or did not let it come to an end."""
        task = Task(current(), self._seconds, limits or Limits())
        cell = self._idle.get()
        try:
            with _memory_file() as source, _memory_file() as target:
                source.write(data)
                source.seek(0)
                ended = cell.run(task, source, target)
                self.memory = max(self.memory, ended.memory)
                if ended.code != 0:
                    raise _Crashed(f"exit code {ended.code}")
                return _photo(target, task.limits)
        except _Crashed as error:
            log.warning("a file of %d bytes could not be opened apart: %s", len(data), error)
            text = _(
                "This file breaks the program that opens photos. "
                "Saving it anew in another app, or sending a screenshot of it, may help."
            )
            raise PhotoRefused(text, code="crashed") from error
        finally:
            self._idle.put(cell)


class _Cell:
    """One process that forks for each photo, started anew when it has died."""

    def __init__(self, command: Sequence[str], grace: float) -> None:
        self._command = command
        self._grace = grace
        self._start()

    def _start(self) -> None:
        self._control, theirs = socket.socketpair()
        seen = {name: os.environ[name] for name in _SEEN if name in os.environ}
        with theirs:
            self._process = subprocess.Popen(
                [*self._command, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=seen | _SURROUNDINGS,
                start_new_session=True,
            )

    def run(self, task: Task, source: BinaryIO, target: BinaryIO) -> Ended:
        """Let a fork open `source` and write into `target`; raises _Crashed."""
        if self._process.poll() is not None:
            self._restart()
        self._control.settimeout(task.seconds + self._grace)
        files = [source.fileno(), target.fileno()]
        try:
            socket.send_fds(self._control, [task.to_json()], files)
            answer = self._control.recv(MESSAGE_BYTES)
            return Ended(**json.loads(answer))
        except (OSError, ValueError) as error:
            self._restart()
            raise _Crashed(type(error).__name__) from error

    def _restart(self) -> None:
        self.close()
        self._start()

    def close(self) -> None:
        """End the process and its fork."""
        self._control.close()
        if self._process.returncode is None:  # else its number may be another's by now
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _memory_file() -> BinaryIO:
    """A file without a name, in memory where the system has such files."""
    if sys.platform != "linux":
        return cast("BinaryIO", tempfile.TemporaryFile())
    return os.fdopen(os.memfd_create("photo"), "w+b")


def _photo(target: BinaryIO, limits: Limits) -> Photo:
    target.seek(0)
    try:
        fields = json.loads(target.readline(MESSAGE_BYTES))
        if "text" in fields:
            refusal = _Refusal.model_validate(fields)
            raise PhotoRefused(refusal.text, code=refusal.code)
        head = _Head.model_validate(fields)
    except (ValueError, TypeError) as error:  # pydantic's errors are ValueErrors too
        raise _Crashed(type(error).__name__) from error
    count = head.width * head.height
    if count > limits.max_pixels or head.exif > limits.max_bytes:
        raise _Crashed("more was found than there may be")
    return Photo(
        pixels=_plane(target, head.height, head.width, 3),
        alpha=_plane(target, head.height, head.width) if head.alpha else None,
        grey=head.grey,
        depth=head.depth,
        kind=head.kind,
        lossless=head.lossless,
        exif=target.read(head.exif) or None,
        animated=head.animated,
        jpeg_quality=head.jpeg_quality,
        generated=head.generated,
    )


def _plane(target: BinaryIO, *shape: int) -> Pixels:
    values = np.fromfile(target, np.uint16, math.prod(shape))
    if values.size < math.prod(shape):
        raise _Crashed("less was found than was told")
    return values.reshape(shape)
