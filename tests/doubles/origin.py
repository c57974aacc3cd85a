"""A file server on this machine whose moods a test sets."""

import contextlib
import http.server
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Origin:
    """What the server has and how it behaves; `asked` are the names and ranges it was asked for."""

    data: Mapping[str, bytes]
    url: str = ""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    breaks_after: list[int] = field(default_factory=list)
    ranges: bool = True
    swapped: set[str] = field(default_factory=set)
    together: threading.Barrier | None = None


@contextlib.contextmanager
def serving(data: Mapping[str, bytes]) -> Iterator[Origin]:
    """A running server of files by their names."""
    mood = Origin(data)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.rsplit("/", 1)[-1]
            wanted = self.headers.get("Range")
            mood.asked.append((name, wanted))
            if mood.together is not None:
                mood.together.wait(timeout=10)
            if name not in mood.data:
                self.send_error(404)
                return
            data = mood.data[name]
            if name in mood.swapped:
                data = b"\xff" * len(data)
            start = 0
            if wanted and mood.ranges:
                start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start > len(data):
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            stop = start + mood.breaks_after.pop(0) if mood.breaks_after else len(data)
            self.wfile.write(data[start:stop])

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - likewise
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    mood.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield mood
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
