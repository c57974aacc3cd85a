"""What a log line shows: our words, the job, and nothing that a library was handed."""

import asyncio
import json
import logging
import sys
from typing import Any

import httpx
import pytest

from core import logs
from core.errors import SettingsError

TOKEN = "123456:SECRET"


@pytest.mark.parametrize("level", ["INFO", "debug"])
def test_a_request_with_the_token_in_its_url_is_not_logged(
    level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(level)
    transport = httpx.MockTransport(lambda request: httpx.Response(200))
    with httpx.Client(transport=transport) as client:
        client.get(f"https://api.example.org/bot{TOKEN}/getMe")
    logging.getLogger("bots.any").info("queued")
    printed = capsys.readouterr()
    assert "queued" in printed.err
    assert TOKEN not in printed.err + printed.out


def test_configuring_twice_does_not_log_twice(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    logs.configure()
    logging.getLogger("core.any").warning("once")
    assert capsys.readouterr().err.count("once") == 1


def test_a_level_that_nobody_knows_is_a_sentence() -> None:
    with pytest.raises(SettingsError, match="DEBUG"):
        logs.configure("loud")


async def test_lines_carry_the_job_of_their_task(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    log = logging.getLogger("worker.any")

    async def work(job: str) -> None:
        with logs.about(job):
            await asyncio.sleep(0)
            log.info("begun by %s", job)
            await asyncio.to_thread(log.info, "drawn by %s", job)

    await asyncio.gather(work("aa11"), work("bb22"))
    log.info("idle")
    lines = capsys.readouterr().err.splitlines()
    for job in ("aa11", "bb22"):
        for what in ("begun", "drawn"):
            assert sum(line.endswith(f"worker.any: job={job} {what} by {job}") for line in lines)
    assert lines[-1].endswith("worker.any: idle")


def as_json(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("INFO", "json")
    log = logging.getLogger("bots.any")
    log.info("idle: “%s”", "two\nlines")
    with logs.about("aa11"):
        try:
            raise OSError(f"no answer from https://x.example/bot{TOKEN}/getMe")
        except OSError:
            log.exception("failed")
    idle, failed = as_json(capsys)
    assert idle.keys() == {"time", "level", "logger", "message"}
    assert idle["message"] == "idle: “two\nlines”"
    assert idle["time"].endswith("Z")
    assert (
        failed["level"],
        failed["logger"],
        failed["message"],
        failed["job"],
        failed["cause"],
    ) == (*("ERROR", "bots.any", "failed", "aa11", "OSError"),)
    assert failed["traceback"].endswith("OSError: no answer from https://x.example/…")


@pytest.mark.parametrize("form", ["text", "json"])
def test_of_a_librarys_line_only_its_own_words_are_shown(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("DEBUG", form)
    message = {"text": "my secret", "from": {"id": 123456789, "first_name": "secret"}}
    telegram = logging.getLogger("telegram.ext.Updater")
    telegram.critical("Data was %r from %d after %.1f s", message, 123456789, 1.5)
    telegram.error("%(text)s", message)
    telegram.error("%d things", "secret")
    logging.getLogger("asyncio").error("Task died\nfuture: <Task exception=ValueError('secret')>")
    logging.getLogger("bots.any").info("of our own: %s", "shown")
    printed = capsys.readouterr().err
    assert "Data was … from 0 after 1.5 s" in printed
    assert "Task died" in printed
    assert "of our own: shown" in printed
    assert "secret" not in printed
    assert "123456789" not in printed


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://api.telegram.org/bot1:AA/getMe?x=1", "https://api.telegram.org/…"),
        ("URL('https://cdn.example/1/2/a.png?ex=1&hm=2')", "URL('https://cdn.example/…')"),
        ("(see http://a:b@127.0.0.1:8081/file/x)", "(see http://127.0.0.1:8081/…)"),
        ("wss://gateway.example/?v=10", "wss://gateway.example/…"),
        ("http://127.0.0.1:9464", "http://127.0.0.1:9464"),
        ("redis://:pw@host:6379/0", "redis://***@host:6379/0"),
        ("redis://:p@ss@host:6379/0", "redis://***@host:6379/0"),
        ("redis://host:6379/0?password=pw&db=1", "redis://host:6379/0?…"),
        ("unix:///tmp/valkey.sock?password=pw", "unix:///tmp/valkey.sock?…"),
        ("https://ann:p@ss@host/hook", "https://host/…"),
        ("s3://key:secret@bucket/prefix", "s3://***@bucket/prefix"),
        ("the token 123456789:AAHdarkroom-Double_0123456789abcdefgh", "the token [hidden]"),
        (
            "Bot MTIzNDU2Nzg5MDEyMzQ1Njc4.Gdarkr.double-double-double-double-double12.",
            "Bot [hidden].",
        ),
        (
            "12:34:56 took 123:45, v1.2.3, core.logs.Lines",
            "12:34:56 took 123:45, v1.2.3, core.logs.Lines",
        ),
        (
            "file:///data/photos and unix:///tmp/valkey",
            "file:///data/photos and unix:///tmp/valkey",
        ),
        ("ratio 3:2, job=aa11, mail me @home", "ratio 3:2, job=aa11, mail me @home"),
    ],
)
def test_addresses_are_cut_to_their_host(text: str, shown: str) -> None:
    assert logs.cleaned(text) == shown


def test_a_traceback_tells_what_failed_and_not_with_whose_words() -> None:
    who, photo = "Ada", b"\x89PNG'"
    try:
        try:
            try:
                int(f"{who}'s beach")
            except ValueError as error:
                raise KeyError(who, photo) from error
        except KeyError:
            raise RuntimeError(f"2 of 3 don't fit: “{who}'s” beach, it's said") from None
    except RuntimeError as error:
        last: BaseException = error
    try:
        raise TypeError(f'not for "{who}"') from last
    except TypeError as error:
        told = story(error)
    assert "Ada" not in told
    assert "PNG" not in told
    lines = told.splitlines()
    assert lines[-1] == "TypeError: not for …"
    assert "RuntimeError: 2 of 3 don't fit: … beach, it's said" in lines
    assert "KeyError" not in told  # it was left out on purpose
    assert lines.count("Traceback (most recent call last):") == 2
    assert lines.count("which led to") == 1
    assert told.count(f'File "{__file__}"') == 2


def test_a_traceback_has_causes_groups_and_no_end_only_once() -> None:
    inner = ValueError("invalid literal: 'Ada'")
    inner.__cause__ = KeyError("Ada")
    inner.__cause__.__cause__ = inner
    told = story(ExceptionGroup("both", [inner, OSError(28, "No space left on device", "/data/x")]))
    assert (
        told.splitlines()[-5:]
        == [
            "  | which led to",
            "  | ",
            "  | Traceback (most recent call last):",
            "  | ValueError: invalid literal: …",
            "  | Traceback (most recent call last):",
            "  | OSError: [Errno 28] No space left on device: '/data/x'",
        ][-5:]
    )
    assert "ExceptionGroup: both (2 sub-exceptions)" in told
    assert "Ada" not in told


def test_a_page_that_a_server_answered_with_is_not_shown() -> None:
    page = "<?xml version='1.0'?>\n<Error><Key>Ada</Key></Error>"
    assert story(RuntimeError(f"403 Forbidden: {page}")).endswith("RuntimeError: 403 Forbidden: …")


def test_what_is_quoted_without_an_end_is_not_shown() -> None:
    endless = story(ValueError(f"not for {bytes(range(256)) * 100_000!r}"))
    assert endless.endswith("ValueError: not for …")
    assert story(ValueError('3 of "Ada')).endswith("ValueError: 3 of …")
    assert story(ValueError("a user's 3 photos don't fit")).endswith("a user's 3 photos don't fit")


def test_an_error_of_a_library_is_named_with_its_module() -> None:
    assert story(httpx.InvalidURL("no")).endswith("httpx.InvalidURL: no")
    assert story(SettingsError("")).endswith("core.errors.SettingsError")


def story(error: BaseException) -> str:
    return logs.Lines().formatException((type(error), error, error.__traceback__))


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_ends_the_process_is_a_log_line(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("ERROR", form)
    error = ValueError(f"refused: {TOKEN} of 'Ada' and 123456789:AAHdarkroom-Double_0123456789abc")
    sys.excepthook(ValueError, error, None)
    printed = capsys.readouterr().err
    assert "ended by an error" in printed
    assert "Ada" not in printed
    assert "AAHdarkroom" not in printed
    if form == "json":
        assert json.loads(printed)["cause"] == "ValueError"


def test_ctrl_c_is_no_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.configure()
    shown: list[type[BaseException]] = []
    monkeypatch.setattr(sys, "__excepthook__", lambda kind, *_: shown.append(kind))
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert shown == [KeyboardInterrupt]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_line_of_ours_that_cannot_be_made_shows_where_it_stands_and_nothing_else(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("INFO", form)
    log = logging.getLogger("bots.any")
    log.info("%d photos", "Ada's")
    log.info("next")
    printed = capsys.readouterr().err
    assert "Ada" not in printed
    assert f"a line that cannot be logged: {__file__}:" in printed
    assert len(printed.splitlines()) == 2
