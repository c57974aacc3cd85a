import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.recipe import INTENSITY_MAX, INTENSITY_MIN, PLAIN, Format, Preset, Recipe, Which

PERCENT = st.none() | st.integers(0, 100)


@given(
    st.builds(
        Recipe,
        denoise=PERCENT,
        faces=PERCENT,
        sharpen=PERCENT,
        intensity=st.integers(INTENSITY_MIN, INTENSITY_MAX),
    ),
    st.lists(st.sampled_from([0.6, 1.5]), max_size=12),
)
def test_softer_and_stronger_never_leave_the_valid_range(
    recipe: Recipe, factors: list[float]
) -> None:
    for factor in factors:
        recipe = recipe.with_intensity(factor)
    assert Recipe.model_validate(recipe.model_dump()) == recipe


def test_softer_turns_down_what_was_set_and_what_the_plan_chooses() -> None:
    softer = Recipe(denoise=50, faces=0).with_intensity(0.6)
    assert (softer.denoise, softer.faces, softer.sharpen, softer.intensity) == (30, 0, None, 60)


def test_another_scale_replaces_a_wanted_edge() -> None:
    assert Recipe(long_edge=3000, denoise=5).scaled_by(2) == Recipe(scale=2, denoise=5)


@pytest.mark.parametrize(
    "wrong",
    [
        *({"denoise": 101}, {"faces": -1}, {"scale": 9}, {"long_edge": 15}, {"intensity": 0}),
        *({"creativity": 101}, {"model": "x" * 81}, {"which_faces": "some"}),
    ],
)
def test_impossible_wishes_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Recipe.model_validate(wrong)


def test_recipes_of_other_versions_are_read() -> None:
    """They wait in the queue and under buttons while a version takes another's place."""
    old = (
        '{"preset":"portrait","denoise":null,"faces":60,"sharpen":null,"scale":4,'
        '"long_edge":null,"intensity":100,"format":"png","collage":true}'
    )
    assert Recipe.model_validate_json(old) == Recipe(
        preset=Preset.PORTRAIT, faces=60, scale=4, format=Format.PNG
    )
    assert Recipe.model_validate_json('{"scale":2,"a_later_wish":7}') == Recipe(scale=2)


def test_new_wishes_outlive_the_wire_and_the_buttons() -> None:
    recipe = Recipe(creativity=70, model="general-x4v3", which_faces=Which.MAIN, scale=4)
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe
    softer = recipe.scaled_by(2).with_intensity(0.6)
    assert softer == recipe.model_copy(update={"scale": 2, "intensity": 60})


def test_a_recipe_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValidationError):
        PLAIN.scale = 2
