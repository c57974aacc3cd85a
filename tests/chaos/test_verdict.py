"""The verdict must be able to condemn."""

from collections.abc import Callable

import pytest

from tests.chaos.verdict import Event, Hit, Photo, Report

DOWN = Hit("valkey", "SIGKILL", 10.0, 12.0)


def event(at: float, kind: str, *, message: str = "1", **fields: object) -> Event:
    values: dict[str, object] = {"origin": "0", "text": "Done.", "process": "7", "blind": False}
    return Event(at=at, kind=kind, message=message, **(values | fields))  # type: ignore[arg-type]


def report(*events: Event, idempotent: bool = False, **fields: object) -> Report:
    values: dict[str, object] = {
        "hits": [DOWN],
        "idempotent": frozenset({"0"} if idempotent else ()),
        "keys_left": [],
        "blobs_left": 0,
        "blobs_swept": 0,
        "seconds": 1.0,
    }
    return Report(photos={"0": Photo(0.0, list(events))}, **(values | fields))  # type: ignore[arg-type]


STATUS, FILE = event(1, "status", text="Looking …"), event(2, "file")


def test_an_answer_or_a_refusal_keeps_every_promise() -> None:
    again = event(3, "file")  # the very same edit
    for told in (report(STATUS, FILE, again, idempotent=True), report(event(2, "said"))):
        assert told.broken == {}
    assert report(STATUS, FILE).recoveries == []
    assert report(STATUS, event(15, "file")).recoveries == [5.0]


@pytest.mark.parametrize(
    ("condemned", "broken"),
    [
        (lambda: report(STATUS), {"lost": ["0"]}),
        (lambda: report(FILE, event(3, "status")), {"overwritten": ["0"]}),
        (
            lambda: report(FILE, event(3, "file", message="2", process="8"), idempotent=True),
            {"twice": ["0"]},
        ),
        (
            lambda: report(event(2, "file", message=""), event(3, "file", message="")),
            {"unexplained": ["0"]},
        ),
        (
            lambda: report(FILE, keys_left=["x"], blobs_left=2),
            {"keys left": ["x"], "photos left": 2},
        ),
    ],
)
def test_each_broken_promise_is_told(
    condemned: Callable[[], Report], broken: dict[str, object]
) -> None:
    assert condemned().broken == broken


@pytest.mark.parametrize(
    "second",
    [
        event(3, "file", message="", process="8"),  # the first bot was killed
        event(11, "file", message=""),  # Redis was killed
    ],
)
def test_a_repetition_within_the_stated_windows_is_counted_and_explained(second: Event) -> None:
    told = report(event(2, "file", message=""), second)
    assert told.broken == {}
    assert told.twice(idempotent=False) == ["0"]


def test_a_repetition_after_a_call_whose_answer_was_lost_is_explained() -> None:
    blind = event(2, "file", message="", blind=True)
    assert report(blind, event(3, "file", message="")).broken == {}
