import sys
from collections.abc import Callable

import pytest

from darkroom.__main__ import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `darkroom WORDS` here; returns exit code, output and error output."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["darkroom", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), printed.out, printed.err

    return run


def test_help_names_every_command(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0
    for name in ("up", "telegram", "discord", "worker", "enhance", "weights", "doctor", "ping"):
        assert f" {name} " in out
    assert "darkroom doctor" in out


@pytest.mark.parametrize(
    ("words", "texts"),
    [
        (
            ["enhance"],
            [
                *("PHOTO", "--output", "-o", "--preset", "auto, photo, portrait, landscape, art"),
                *("--scale", "--denoise", "--faces", "--creativity", "--model"),
                *("auto|jpeg|png|webp", "--no-collage"),
                *("--json", "exit code is 0 only if every photo"),
            ],
        ),
        (["weights"], ["list", "fetch", "verify"]),
        (["worker"], ["share one Redis"]),
    ],
)
def test_the_help_of_a_command_says_what_it_takes(
    run: Run, words: list[str], texts: list[str]
) -> None:
    code, out, _ = run(*words, "--help")
    assert code == 0
    for text in texts:
        assert text in " ".join(out.replace("│", " ").split())


@pytest.mark.parametrize(
    ("words", "variables", "sentence"),
    [
        (["worker"], {"REDIS_URL": "localhost"}, "REDIS_URL: start it with redis://"),
        (["worker"], {"DARKROOM_DEVICE": "gpu"}, "DARKROOM_DEVICE: use auto, cpu, cuda"),
        (["telegram"], {}, "DARKROOM_TELEGRAM_TOKEN is not set"),
        (["telegram"], {"DARKROOM_TELEGRAM_TOKEN": "x"}, "this is not a bot token"),
        (["discord"], {}, "DARKROOM_DISCORD_TOKEN is not set"),
        (["discord"], {"DARKROOM_DISCORD_TOKEN": "x"}, "this is not a bot token"),
        (["up", "--log", "loud"], {}, "There is no log level “loud”"),
        (["enhance", "a.png", "--log", "loud"], {}, "There is no log level “loud”"),
        (["weights", "fetch", "no-such-model"], {}, "no-such-model"),
    ],
)
def test_an_expected_failure_is_one_sentence_and_exit_code_2(
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    variables: dict[str, str],
    sentence: str,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert err.startswith("darkroom: ")
    assert sentence in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "words",
    [
        ["--scale", "5"],
        ["--denoise", "101"],
        ["--preset", "cat"],
        ["--format", "gif"],
        ["--creativity", "x"],
        [],
    ],
)
def test_wrong_words_are_refused_before_anything_starts(run: Run, words: list[str]) -> None:
    photo = ["a.png"] if words else []
    code, out, err = run("enhance", *photo, *words)
    assert code == 2
    assert "Usage" in err
    assert out == ""
