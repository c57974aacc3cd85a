import pytest

from bots.choices import answer_buttons, cancel_button
from core.jobs import Failed, StageName, Step
from core.recipe import Preset, Recipe
from tests.doubles.jobs import enhanced, reply


def offered(recipe: Recipe | None = None, *stages: StageName, **fields: object) -> list[list[str]]:
    steps = tuple(Step(stage=stage, done=True) for stage in stages)
    answer = reply("f" * 24, results=(enhanced(steps=steps, **fields),), recipe=recipe or Recipe())
    return [[button.data.partition(":")[2] for button in row] for row in answer_buttons(answer)]


@pytest.mark.parametrize(
    ("width", "sizes"), [(64, ["2x", "4x"]), (128, ["4x"]), (256, ["2x"]), (512, ["2x", "4x"])]
)
def test_the_other_sizes_hang_under_an_answer(width: int, sizes: list[str]) -> None:
    assert offered(width=width) == [[*sizes, "original"], ["softer", "stronger", "why"]]


@pytest.mark.parametrize(
    ("recipe", "stages", "drawn", "others"),
    [
        (Recipe(), [StageName.DENOISE, StageName.UPSCALE], False, []),
        (Recipe(), [StageName.LIGHT, StageName.FACES], False, ["nolight", "nofaces"]),
        (Recipe(light=0), [StageName.FACES], False, ["light", "nofaces"]),
        (Recipe(), [], True, ["photo"]),
        (Recipe(preset=Preset.ART), [], True, ["photo"]),
    ],
)
def test_what_the_lab_decided_can_be_had_the_other_way_round(
    recipe: Recipe, stages: list[StageName], drawn: bool, others: list[str]
) -> None:
    rows = offered(recipe, *stages, drawn=drawn)
    assert rows[2:] == ([others] if others else [])


@pytest.mark.parametrize(("preset", "others"), [(Preset.AUTO, [["art"]]), (Preset.PHOTO, [])])
def test_a_photo_that_may_be_drawn_can_be_had_as_a_drawing(
    preset: Preset, others: list[list[str]]
) -> None:
    assert offered(Recipe(preset=preset), doubtful=True)[2:] == others


def test_an_album_offers_what_is_another_for_any_of_its_photos() -> None:
    light = Step(stage=StageName.LIGHT, done=True)
    results = (enhanced(), Failed(code="x", text="…"), enhanced(width=128, steps=(light,)))
    rows = answer_buttons(reply("job", results=results))
    words = [button.data.partition(":")[2] for row in rows for button in row]
    assert words == ["2x", "4x", "original", "softer", "stronger", "why", "nolight"]


def test_cancel_hangs_under_a_status() -> None:
    assert cancel_button("job").data == "job:cancel"


def test_the_data_of_a_button_fit_every_platform() -> None:
    for row in answer_buttons(reply("f" * 24)):
        for button in row:
            assert 0 < len(button.data.encode()) <= 64
            assert button.label
