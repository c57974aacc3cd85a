import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core import captions
from core.buttons import Choice
from core.commands import FORMS, Action
from core.jobs import Failed, Progress, StageName, Step
from core.language import available, speaking
from core.recipe import Preset, Recipe, Which
from core.tickets import Ticket
from tests.doubles.jobs import enhanced, reply

NOISE = Step(stage=StageName.DENOISE, done=True, strength=60, reason="grainy, σ ≈ 14")
FACES = Step(stage=StageName.FACES, done=False, reason="no face model is installed")
LARGER = Step(stage=StageName.UPSCALE, done=True, reason="the photo is small")


def test_an_answer_says_what_was_done_with_figures_and_why() -> None:
    told = reply(results=(enhanced(steps=(NOISE, FACES, LARGER), notes=("saved smaller",)),))
    assert captions.caption(told) == (
        "Enhanced: 64 × 48 → 256 × 192, PNG, 1.2 MB, 6 s.\n"
        "• Noise removed, 60 %: grainy, σ ≈ 14\n"
        "• Faces left as they are: no face model is installed\n"
        "• Enlarged 4×: the photo is small\n"
        "• Saved smaller"
    )


@pytest.mark.parametrize(
    ("recipe", "told"),
    [
        (Recipe(), ["Noise left as it is", "Faces left", "Size kept"]),
        (Recipe(denoise=0, faces=0, scale=1), []),
        (Recipe(denoise=0, which_faces=Which.NONE, scale=1), []),
        (Recipe(preset=Preset.LANDSCAPE), ["Noise left as it is", "Size kept"]),
        (Recipe(sharpen=50, denoise=0, faces=0, scale=1), ["Not sharpened"]),
    ],
)
def test_what_was_left_out_is_told_unless_the_person_turned_it_off(
    recipe: Recipe, told: list[str]
) -> None:
    steps = tuple(Step(stage=stage, done=False) for stage in StageName)
    answer = reply(results=(enhanced(steps=steps),)).model_copy(update={"recipe": recipe})
    lines = captions.caption(answer).splitlines()[1:]
    assert [line.removeprefix("• ").removesuffix(" as they are") for line in lines] == told


def test_a_photo_that_needed_nothing_is_told_so() -> None:
    left = Step(stage=StageName.DENOISE, done=False, reason="the photo is clean")
    told = captions.caption(reply(results=(enhanced(steps=(left,)),)))
    assert told.startswith("Nothing to mend here: ")
    assert "Noise left as it is: the photo is clean" in told


def test_a_failure_is_its_sentence() -> None:
    assert captions.caption(reply(results=(Failed(code="x", text="Too large."),))) == "Too large."


def test_an_album_is_told_photo_by_photo() -> None:
    results = (enhanced(steps=(NOISE, LARGER)), Failed(code="x", text="Broken."), enhanced())
    assert captions.caption(reply(results=results)) == (
        "2 of 3 photos enhanced.\n"
        "1. 64 × 48 → 256 × 192, PNG, 1.2 MB, 6 s: noise removed, enlarged\n"
        "2. Broken.\n"
        "3. 64 × 48 → 256 × 192, PNG, 1.2 MB, 6 s"
    )


@given(st.lists(st.text(max_size=200), max_size=10))
@example(["😀" * 700])
@example(["a" + "😀" * 700])
@example(["a" * 5000])
def test_a_caption_never_outgrows_its_limit(notes: list[str]) -> None:
    told = captions.caption(reply(results=(enhanced(notes=tuple(notes)),)))
    assert len(told.encode("utf-16-le")) // 2 <= captions.CAPTION_MAX  # what Telegram counts


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


def test_every_choice_and_every_stage_has_words() -> None:
    assert set(captions.LABELS) == set(Choice)
    for stage in StageName:
        for done in (True, False):
            step = Step(stage=stage, done=done, reason="because")
            assert captions.line(step, enhanced()).endswith("because")


def test_a_wanted_edge_below_the_photos_is_no_enlargement() -> None:
    smaller = enhanced(width=32, height=24, steps=(LARGER,))
    assert "Made smaller" in captions.caption(reply(results=(smaller,)))


def test_faces_are_counted_in_the_line() -> None:
    reason = "2 faces restored at 70 %; 1 left alone: too small"
    step = Step(stage=StageName.FACES, done=True, strength=70, model="net", reason=reason)
    assert f"• {reason}" in captions.caption(reply(results=(enhanced(steps=(step,)),))).split("\n")


def test_captions_are_in_the_language_of_the_task() -> None:
    told = reply(results=(enhanced(steps=(NOISE, LARGER)), Failed(code="x", text="…")))
    with speaking("de"):
        assert captions.caption(told) == (
            "1 von 2 Fotos verbessert.\n"
            "1. 64 × 48 → 256 × 192, PNG, 1,2 MB, 6 s: Rauschen entfernt, vergrößert\n"
            "2. …"
        )
        assert captions.about(400) == "etwa 7 min"
        assert captions.not_a_photo("Stickern").startswith("Mit Stickern ")
    with speaking("fr"):
        assert captions.size(840_000) == "840 ko"
        assert (
            captions.line(NOISE, enhanced())
            == "Bruit enlevé, 60 %\N{NO-BREAK SPACE}: grainy, σ ≈ 14"
        )
    with speaking("ru"):
        assert captions.cancelled(1) != captions.cancelled(2)


@pytest.mark.parametrize("code", available())
def test_help_fits_one_message_in_every_language(code: str) -> None:
    with speaking(code):
        assert (
            len(captions.help_text("Ask in the group.", community=True)) <= 2000
        )  # Discord's limit
