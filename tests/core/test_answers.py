"""What an answer says: one sentence, its figures, what was asked in vain, and the reasons."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core import answers
from core.jobs import Failed, StageName, Step
from core.language import speaking
from core.recipe import Preset, Recipe, Which
from tests.doubles.jobs import enhanced, reply

NOISE = Step(stage=StageName.DENOISE, done=True, strength=60, reason="noisy, σ ≈ 14")
FACES = Step(
    stage=StageName.FACES,
    done=True,
    strength=70,
    reason="2 faces restored at 70 %; 1 left alone: too small",
)
NO_FACES = Step(stage=StageName.FACES, done=False, reason="no face was found")
LARGER = Step(stage=StageName.UPSCALE, done=True, reason="the photo is small")
FOUND = ("noisy (σ ≈ 14)", "small")


def told(*steps: Step, recipe: Recipe | None = None, **fields: object) -> str:
    answer = reply(results=(enhanced(steps=steps, **fields),))
    return answers.caption(answer.model_copy(update={"recipe": recipe or Recipe()}))


def test_an_answer_is_a_sentence_of_what_was_seen_and_done() -> None:
    assert told(NOISE, FACES, LARGER, findings=FOUND, notes=("saved smaller",)) == (
        "Noisy (σ ≈ 14) and small: cleaned first, 2 faces restored at 70 %, 4× → 256 × 192.\n"
        "64 × 48 before; PNG, 1.2 MB, 6 s.\n"
        "• Faces: 1 left alone: too small\n"
        "• Saved smaller"
    )


def test_what_is_done_last_is_not_done_first() -> None:
    assert told(NOISE, findings=("noisy (σ ≈ 14)",), width=64, height=48) == (
        "Noisy (σ ≈ 14): cleaned.\n64 × 48, PNG, 1.2 MB, 6 s."
    )


def test_without_findings_the_deeds_stand_alone() -> None:
    assert told(LARGER).startswith("4× → 256 × 192.\n")
    light = Step(stage=StageName.LIGHT, done=True, strength=70)
    assert told(light, LARGER).startswith("Light corrected, 4× → 256 × 192.\n")


def test_a_photo_that_needed_nothing_is_told_so() -> None:
    assert told(NO_FACES).startswith("Nothing to mend here: left as it is.\n")
    assert told(NO_FACES, findings=("clean", "large enough")).startswith(
        "Clean and large enough: left as it is.\n"
    )


@pytest.mark.parametrize(
    ("recipe", "lines"),
    [
        (Recipe(), []),
        (Recipe(denoise=0, faces=0, scale=1, light=0, sharpen=0), []),
        (Recipe(which_faces=Which.NONE), []),
        (Recipe(which_faces=Which.MAIN), ["Faces left as they are"]),
        (Recipe(preset=Preset.PORTRAIT), ["Faces left as they are"]),
        (Recipe(denoise=40), ["Noise left as it is"]),
        (Recipe(light=40), ["Light left as it is"]),
        (Recipe(scale=2), ["Size kept"]),
        (Recipe(long_edge=3000), ["Size kept"]),
        (Recipe(sharpen=50), ["Not sharpened"]),
        (Recipe(grain=50), ["No grain given back"]),
    ],
)
def test_what_was_asked_for_in_vain_is_told_with_its_reason(
    recipe: Recipe, lines: list[str]
) -> None:
    steps = tuple(Step(stage=stage, done=False, reason="because") for stage in StageName)
    shown = told(*steps, recipe=recipe).splitlines()[2:]
    assert shown == [f"• {line}: because" for line in lines]


def test_a_wanted_edge_below_the_photos_is_no_enlargement() -> None:
    shown = told(LARGER, width=32, height=24)
    assert shown.startswith("Made smaller → 32 × 24.\n")
    assert "Made smaller: the photo is small" in answers.why(
        reply(results=(enhanced(width=32, height=24, steps=(LARGER,)),))
    )


def test_a_failure_is_its_sentence() -> None:
    assert answers.caption(reply(results=(Failed(code="x", text="Too large."),))) == "Too large."


def test_an_album_is_told_photo_by_photo() -> None:
    results = (enhanced(steps=(NOISE, LARGER)), Failed(code="x", text="Broken."), enhanced())
    assert answers.caption(reply(results=results)) == (
        "2 of 3 photos enhanced.\n"
        "1. 64 × 48 → 256 × 192, PNG, 1.2 MB, 6 s: noise removed, enlarged\n"
        "2. Broken.\n"
        "3. 64 × 48 → 256 × 192, PNG, 1.2 MB, 6 s"
    )


@given(st.lists(st.text(max_size=200), max_size=10))
@example(["😀" * 700])
@example(["a" + "😀" * 700])
@example(["a" * 5000])
def test_neither_caption_nor_reasons_outgrow_their_limit(notes: list[str]) -> None:
    answer = reply(results=(enhanced(notes=tuple(notes), measured=tuple(notes)),))
    for text, most in (
        (answers.caption(answer), answers.CAPTION_MAX),
        (answers.why(answer), answers.WHY_MAX),
    ):
        assert len(text.encode("utf-16-le")) // 2 <= most  # what Telegram counts


def test_why_gives_every_step_its_reason_and_the_figures() -> None:
    result = enhanced(steps=(NOISE, NO_FACES, LARGER), measured=("noise σ ≈ 14", "JPEG ≈ 60"))
    assert answers.why(reply(results=(result,))) == (
        "• Noise removed, 60 %: noisy, σ ≈ 14\n"
        "• Faces left as they are: no face was found\n"
        "• Enlarged 4×: the photo is small\n"
        "Measured: noise σ ≈ 14, JPEG ≈ 60."
    )
    broken = Failed(code="x", text="Broken.")
    album = answers.why(reply(results=(result, broken, enhanced(source_name="b.png"))))
    assert album.startswith("1. a.png\n• Noise removed")
    assert album.endswith("\n\n2. b.png")
    assert answers.why(reply(results=(broken,))) == ""


def test_every_stage_has_words() -> None:
    for stage in StageName:
        for done in (True, False):
            step = Step(stage=stage, done=done, reason="because")
            assert answers.line(step, enhanced()).endswith("because")
        assert told(Step(stage=stage, done=True, reason="because"))


def test_answers_are_in_the_language_of_the_task() -> None:
    answer = reply(results=(enhanced(steps=(NOISE, LARGER)), Failed(code="x", text="…")))
    with speaking("de"):
        assert answers.caption(answer) == (
            "1 von 2 Fotos verbessert.\n"
            "1. 64 × 48 → 256 × 192, PNG, 1,2 MB, 6 s: Rauschen entfernt, vergrößert\n"
            "2. …"
        )
    with speaking("fr"):
        assert (
            answers.line(NOISE, enhanced()) == "Bruit enlevé, 60 %\N{NO-BREAK SPACE}: noisy, σ ≈ 14"
        )
