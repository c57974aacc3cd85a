import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import captions
from core.buttons import Choice
from core.commands import FORMS, Action
from core.jobs import Progress
from core.language import available, speaking
from core.tickets import Ticket


@pytest.mark.parametrize(
    ("place", "seconds", "text"),
    [
        (1, 6, "Queued: next in the queue, about 6 s."),
        (3, 22, "Queued: place 3 in the queue, about 20 s."),
        (40, 400, "Queued: place 40 in the queue, about 7 min."),
        (1, 0.01, "Queued: next in the queue, about 1 s."),
    ],
)
def test_a_waiting_photo_is_told_its_place(place: int, seconds: float, text: str) -> None:
    assert captions.queued(Ticket("j", place, seconds)) == text


def test_a_running_photo_is_told_its_stage() -> None:
    begun = Ticket("j", 0, 5.0)
    assert captions.queued(begun) == "In the lab: working on it…"
    half = Ticket("j", 0, 5.0, Progress(photo=2, photos=3, stage="upscale", fraction=0.5))
    assert captions.queued(half) == "In the lab: photo 2 of 3, enlarging…\n▰▰▰▰▰▱▱▱▱▱ 50 %"
    odd = Ticket("j", 0, 5.0, Progress(stage="a later version's", fraction=0.0))
    assert captions.queued(odd) == "In the lab: working on it…"


@given(st.floats(0, 1))
def test_the_bar_has_ten_places(fraction: float) -> None:
    text = captions.working(Ticket("j", 0, 5.0, Progress(stage="denoise", fraction=fraction)))
    bar = [letter for letter in text if letter in "▰▱"]
    assert len(bar) == (10 if fraction > 0 else 0)


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "1 kB"), (840_000, "840 kB"), (999_999, "1.0 MB"), (1_234_567, "1.2 MB")],
)
def test_sizes_are_for_people(count: int, text: str) -> None:
    assert captions.size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.01, "0.1 s"), (0.44, "0.4 s"), (0.97, "1 s"), (6.4, "6 s"), (89, "89 s"), (125, "2 min")],
)
def test_times_are_for_people(seconds: float, text: str) -> None:
    assert captions.duration(seconds) == text


def test_status_and_cancel_answer_for_all_photos_together() -> None:
    assert captions.status([]) == captions.status([None]) == captions.NOTHING_WAITING
    assert captions.status([Ticket("a", 1, 6), None, Ticket("b", 2, 12)]).count("Queued") == 2
    assert captions.cancelled(0) == captions.NOTHING_WAITING
    assert captions.cancelled(1) == "Taking it back."
    assert captions.cancelled(2) == captions.cancelled(9) == "Taking them back."


def test_help_names_every_command() -> None:
    for name, form in FORMS.items():
        if form.action is Action.START:
            continue
        everywhere = not (form.community or form.operator)
        assert (f"/{name} – " in captions.help_text("Ask me.")) == everywhere
        assert (f"/{name} – " in captions.help_text("Ask in the group.", community=True)) == (
            not form.operator
        )
    for word in ("creativity", "faithful", "vivid", "faces:main", "model:", "nocollage"):
        assert word in captions.help_text("Ask me.")
    assert len(captions.help_text("Ask me.")) <= 4096


def test_every_choice_has_words() -> None:
    assert set(captions.LABELS) == set(Choice)


def test_captions_are_in_the_language_of_the_task() -> None:
    with speaking("de"):
        assert captions.about(400) == "etwa 7 min"
        assert captions.not_a_photo("Stickern").startswith("Mit Stickern ")
    with speaking("fr"):
        assert captions.size(840_000) == "840 ko"
    with speaking("ru"):
        assert captions.cancelled(1) != captions.cancelled(2)


@pytest.mark.parametrize("code", available())
def test_help_fits_one_message_in_every_language(code: str) -> None:
    with speaking(code):
        assert (
            len(captions.help_text("Ask in the group.", community=True)) <= 2000
        )  # Discord's limit
