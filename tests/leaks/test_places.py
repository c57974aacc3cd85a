"""Where jobs and photos lie: the password and the keys are in nothing that is written."""

import contextlib
import http.server
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from typer.testing import CliRunner

from core import store
from core.blobs import Blobs
from core.errors import ServiceDown
from core.valkey import PrivateValkey
from darkroom.__main__ import app
from tests.leaks.search import found
from tests.leaks.written import everything_written

PASSWORD = "hunter2-Hunter2"
KEYS = {
    "AWS_ACCESS_KEY_ID": "AKIA-hunter2",
    "AWS_SECRET_ACCESS_KEY": "wJalr/XUtnFEMI+bPxRfiCY",
    "AWS_SESSION_TOKEN": "FwoGZXIvYXdzEBYaDEXAMPLE",
}
REFUSAL = f"""<?xml version="1.0"?><Error><Code>SignatureDoesNotMatch</Code>
<AWSAccessKeyId>{KEYS["AWS_ACCESS_KEY_ID"]}</AWSAccessKeyId><CanonicalRequest>
x-amz-security-token:{KEYS["AWS_SESSION_TOKEN"]}</CanonicalRequest></Error>"""


@pytest_asyncio.fixture
async def locked(tmp_path: Path) -> AsyncIterator[PrivateValkey]:
    """A Valkey that asks for a password."""
    async with PrivateValkey(tmp_path / "valkey", durable=False) as valkey:
        client = store.connect(valkey.url)
        await client.config_set("requirepass", PASSWORD)
        await client.aclose()
        yield valkey


@pytest.mark.parametrize(
    "url",
    [
        "redis://:{}@127.0.0.1:1/0",
        "rediss://ann:{}@127.0.0.1:1/0",
        "redis://127.0.0.1:1/0?password={}",
        "unix://:{}@/nowhere/valkey.sock",
        "unix:///nowhere/valkey.sock?db=0&password={}",
    ],
)
@pytest.mark.parametrize("words", [["doctor"], ["ping", "worker"], ["letters", "list"]])
def test_commands_that_cannot_reach_redis_do_not_print_its_password(
    url: str, words: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = {"the password": PASSWORD}
    monkeypatch.setenv("REDIS_URL", url.format(PASSWORD))
    monkeypatch.setattr(store, "_RETRIES", 0)
    with everything_written(monkeypatch) as written:
        result = CliRunner().invoke(app, words)
    assert result.exit_code != 0
    printed = "".join(capfd.readouterr()) + result.output + repr(result.exception)
    assert found(printed + "".join(stream.getvalue() for stream in written.values()), secret) == []
    if words == ["doctor"]:
        assert "does not answer" in result.output
        assert store.masked(url.format(PASSWORD)) in result.output
    assert found(repr(store.connect(url.format(PASSWORD))), secret) == []


async def test_a_refused_password_is_in_no_error(
    locked: PrivateValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = f"{PASSWORD}-wrong"
    with everything_written(monkeypatch) as written:
        for url in (locked.url, f"unix://:{wrong}@{locked.socket}"):
            client = store.connect(url, retries=0)
            try:
                await client.ping()
            except store.RedisError as error:
                logging.getLogger("bots.any").exception("refused: %s %r", error, client)
            else:
                pytest.fail("it was let in")
            finally:
                await client.aclose()
    for stream in written.values():
        assert "AuthenticationError" in stream.getvalue()
        assert found(stream.getvalue(), {"the password": PASSWORD}) == []


@contextlib.contextmanager
def refusing() -> Iterator[str]:
    """An S3 that refuses every request and, as S3 does, says what it was asked."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(403)
            self.send_header("Content-Length", str(len(REFUSAL)))
            self.end_headers()
            self.wfile.write(REFUSAL.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


async def test_keys_of_the_photo_store_are_in_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with refusing() as url, everything_written(monkeypatch) as written:
        for name, value in (KEYS | {"AWS_ENDPOINT": url, "AWS_REGION": "here"}).items():
            monkeypatch.setenv(name, value)
        blobs = Blobs.open("s3://bucket/prefix")
        with pytest.raises(ServiceDown) as raised:
            await blobs.put("key", b"a photo")
        error = raised.value
        logging.getLogger("bots.any").error("refused: %s", error, exc_info=error)
        logging.getLogger("bots.any").error("refused: %r", blobs._backend)
    assert found(str(error.__cause__), KEYS) == ["AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"]
    for stream in written.values():
        assert "S3" in stream.getvalue()
        assert found(stream.getvalue(), KEYS) == []
