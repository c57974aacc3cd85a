"""One gateway connection: frames in order, compressed as the client asked."""

import asyncio
import contextlib
import json
import struct
import zlib
from collections.abc import Callable

from aiohttp import web

from tests.doubles.discord.rules import Json

_BLOCK = 100_000


class Connection:
    """A websocket that sends what it is given, one frame after the other."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.session_id: str | None = None
        self.path = request.path
        self.ended = asyncio.Event()
        self.closing = False
        self._socket = socket
        self._request = request
        self._packed = _packing(request.query.get("compress"))
        self._queue: asyncio.Queue[Json | tuple[int, str]] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write())

    def send(self, payload: Json) -> None:
        """Send a payload after those before it."""
        self._queue.put_nowait(payload)

    def close(self, code: int, reason: str) -> None:
        """Close after everything is sent."""
        self.closing = True
        self._queue.put_nowait((code, reason))

    def abort(self) -> None:
        """Cut the connection."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def stop(self) -> None:
        """End the writing."""
        self._writer.cancel()
        await asyncio.gather(self._writer, return_exceptions=True)

    async def _write(self) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                item = await self._queue.get()
                if isinstance(item, tuple):
                    await self._socket.close(code=item[0], message=item[1].encode())
                    return
                text = json.dumps(item)
                if self._packed is None:
                    await self._socket.send_str(text)
                else:
                    await self._socket.send_bytes(self._packed(text.encode()))


def _packing(name: str | None) -> Callable[[bytes], bytes] | None:
    if name == "zlib-stream":
        stream = zlib.compressobj()
        return lambda data: stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH)
    if name == "zstd-stream":
        head = iter([b"\x28\xb5\x2f\xfd\x00\x58"])
        return lambda data: next(head, b"") + _raw_blocks(data)
    return None


def _raw_blocks(data: bytes) -> bytes:
    """Blocks of a Zstandard frame (RFC 8878) that never ends, their content as it is."""
    pieces = [data[start : start + _BLOCK] for start in range(0, len(data), _BLOCK)]
    return b"".join(struct.pack("<I", len(piece) << 3)[:3] + piece for piece in pieces)
