import pytest

from core.durations import parsed, told
from core.language import speaking


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30", 30), ("30s", 30), (" 5M ", 300), ("5min", 300), ("2h", 7200), ("1d", 86_400), ("0", 0)],
)
def test_what_people_write(text: str, seconds: int) -> None:
    assert parsed(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "5 m x", "-3", "1.5h", "9999999s", "m"])
def test_what_is_no_time(text: str) -> None:
    assert parsed(text) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1 s"),
        (0.2, "1 s"),
        (59.1, "60 s"),
        (99, "99 s"),
        (101, "2 min"),
        (5999, "100 min"),
        (6001, "2 h"),
        (86_399, "24 h"),
        (47 * 3600 + 1, "48 h"),
        (49 * 3600, "3 days"),
        (24 * 3600 * 2, "2 days"),
    ],
)
def test_what_people_read_is_never_too_little(seconds: float, words: str) -> None:
    assert told(seconds) == words


def test_days_are_said_in_the_language_spoken() -> None:
    with speaking("de"):
        assert told(3 * 86_400) == "3 Tagen"  # always behind "in"
