"""Wishes win, figures decide the rest, and every step has a reason."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.recipe import Preset, Recipe, Which
from weights.roster import Capabilities
from worker.diagnosis import Diagnosis
from worker.plan import MAX_OUTPUT_PIXELS, Plan, Sight, plan

ALL = Capabilities({2: "net-x2", 4: "net-x4"}, "net-denoise", "net-faces", "net-detect")


def seen(width: int = 800, height: int = 600, noise: float = 0.5, blocks: float = 0.0) -> Sight:
    return Sight(Diagnosis(width, height, noise, blocks))


def steps(made: Plan) -> list[str]:
    return [stage.stage.value for stage in made.stages if stage.strength]


@pytest.mark.parametrize(
    ("side", "scale", "reason"),
    [
        (1024, 4, "the photo is small"),
        (1025, 2, "the photo is of middling size"),
        (2048, 2, "the photo is of middling size"),
        (2049, 1, "the photo is large enough"),
    ],
)
def test_size_decides_the_scale(side: int, scale: int, reason: str) -> None:
    made = plan(Recipe(), seen(side, side // 2), ALL)
    assert (made.width, made.height) == (side * scale, side // 2 * scale)
    assert made.upscale.reason == reason


@pytest.mark.parametrize(
    ("edge", "chain", "size"),
    [(1600, (2,), (1600, 1200)), (2500, (4,), (2500, 1875)), (400, (), (400, 300))],
)
def test_long_edge(edge: int, chain: tuple[int, ...], size: tuple[int, int]) -> None:
    made = plan(Recipe(long_edge=edge), seen(), ALL)
    assert made.chain == chain
    assert (made.width, made.height) == size


def test_output_limit_lowers_the_scale_and_says_so() -> None:
    made = plan(Recipe(scale=8), seen(4000, 3000), ALL)
    assert (made.width, made.height) == (8000, 6000)
    assert made.notes == (
        "enlarged 2× instead of 8×, since 8× would make 768 megapixels (the limit here is 100)",
    )
    kept = plan(Recipe(scale=2), seen(8000, 6000), ALL)
    assert (kept.width, kept.height) == (8000, 6000)
    assert kept.notes[0].startswith("kept at its size")


def test_output_limit_lowers_the_long_edge_and_says_so() -> None:
    made = plan(Recipe(long_edge=20_000), seen(4000, 3000), ALL)
    assert made.width * made.height <= MAX_OUTPUT_PIXELS
    assert made.width == 11547
    assert made.notes == ("the long edge is 11547 pixels instead of 20000, the most allowed here",)


@pytest.mark.parametrize(
    ("side", "most", "scale", "reason"),
    [
        (800, 4, 4, "the photo is small"),
        (800, 2, 2, "the photo is small, and the most allowed in this group is 2×"),
        (800, 1, 1, "photos are not enlarged in this group"),
        (2000, 2, 2, "the photo is of middling size"),
        (4000, 1, 1, "the photo is large enough"),
    ],
)
def test_a_chosen_scale_keeps_to_the_groups_ceiling_without_a_note(
    side: int, most: int, scale: int, reason: str
) -> None:
    made = plan(Recipe(largest_scale=most), seen(side, side // 2), ALL)
    assert (made.width, made.upscale.reason, made.notes) == (side * scale, reason, ())


@pytest.mark.parametrize(
    ("recipe", "width", "notes"),
    [
        (Recipe(scale=2, largest_scale=2), 1600, ()),
        (Recipe(scale=1, largest_scale=1), 800, ()),
        (
            Recipe(scale=4, largest_scale=2),
            1600,
            ("enlarged 2× instead of 4×, the most allowed in this group is 2×",),
        ),
        (
            Recipe(scale=8, largest_scale=6),
            4800,
            ("enlarged 6× instead of 8×, the most allowed in this group is 6×",),
        ),
        (
            Recipe(scale=4, largest_scale=1),
            800,
            ("kept at its size: photos are not enlarged in this group",),
        ),
        (Recipe(long_edge=1600, largest_scale=2), 1600, ()),
        (Recipe(long_edge=400, largest_scale=1), 400, ()),
        (
            Recipe(long_edge=3840, largest_scale=2),
            1600,
            ("the long edge is 1600 pixels instead of 3840, the most allowed in this group is 2×",),
        ),
    ],
)
def test_a_wish_beyond_the_groups_ceiling_is_lowered_with_a_note(
    recipe: Recipe, width: int, notes: tuple[str, ...]
) -> None:
    made = plan(recipe, seen(), ALL)
    assert (made.width, made.notes) == (width, notes)
    if width == 800 and recipe.scale != 1:
        assert (made.upscale.strength, made.upscale.reason) == (0, "no more is allowed here")


def test_the_tighter_of_ceiling_and_output_limit_is_told() -> None:
    wide = plan(Recipe(scale=8, largest_scale=4), seen(4000, 3000), ALL)
    assert wide.width == 8000
    assert wide.notes == (
        "enlarged 2× instead of 8×, since 8× would make 768 megapixels (the limit here is 100)",
    )
    edge = plan(Recipe(long_edge=20_000, largest_scale=4), seen(4000, 3000), ALL)
    assert edge.notes == ("the long edge is 11547 pixels instead of 20000, the most allowed here",)


@given(
    st.integers(8, 12_000),
    st.integers(8, 12_000),
    st.one_of(
        st.builds(Recipe, scale=st.sampled_from([1, 2, 3, 4, 8])),
        st.builds(Recipe, long_edge=st.integers(16, 20_000)),
        st.just(Recipe()),
    ),
    st.integers(1_000_000, 200_000_000),
    st.one_of(st.none(), st.integers(1, 8)),
)
def test_result_fits_and_keeps_its_shape(
    width: int, height: int, recipe: Recipe, most: int, ceiling: int | None
) -> None:
    recipe = recipe.model_copy(update={"largest_scale": ceiling})
    made = plan(recipe, seen(width, height), ALL, most)
    assert max(made.width, made.height) <= max(width, height) * (ceiling or 1250)
    assert made.width * made.height <= max(most, width * height)
    factor = max(made.width, made.height) / max(width, height)
    assert abs(made.width - width * factor) <= 1
    assert abs(made.height - height * factor) <= 1
    assert math.prod(made.chain) >= min(factor, 4**3) - 1e-6 or not made.chain
    assert bool(made.chain) == (factor > 1)


@pytest.mark.parametrize(
    ("noise", "blocks", "strength", "reason"),
    [
        (0.5, 0.1, 0, "the photo is clean"),
        (5, 0.1, 63, "noisy, σ ≈ 5"),
        (14, 0.1, 98, "noisy, σ ≈ 14"),
        (0.5, 2.0, 99, "JPEG blocks show"),
        (5, 1.0, 95, "noisy, σ ≈ 5, JPEG blocks show"),
    ],
)
def test_noise_decides_the_denoising(
    noise: float, blocks: float, strength: int, reason: str
) -> None:
    made = plan(Recipe(scale=1), seen(noise=noise, blocks=blocks), ALL)
    assert made.denoise.strength == strength
    assert made.denoise.reason == reason


def test_wish_wins_over_the_figures() -> None:
    made = plan(Recipe(denoise=20, faces=0, sharpen=40, intensity=200), seen(noise=20), ALL)
    assert (made.denoise.strength, made.denoise.reason) == (20, "you asked for it")
    assert (made.faces.strength, made.faces.reason) == (0, "turned off")
    assert (made.sharpen.strength, made.sharpen.reason) == (40, "you asked for it")
    off = plan(Recipe(denoise=0, sharpen=0), seen(noise=20), ALL)
    assert (off.denoise.strength, off.denoise.reason) == (0, "turned off")
    assert off.sharpen.reason == "turned off"


def test_intensity_changes_what_the_plan_chose() -> None:
    softer, plain, stronger = (
        plan(Recipe(intensity=value), seen(noise=5), ALL) for value in (50, 100, 250)
    )
    assert softer.denoise.strength < plain.denoise.strength < stronger.denoise.strength == 100
    assert (softer.faces.strength, stronger.faces.strength) == (35, 100)


def test_presets_have_habits() -> None:
    made = {preset: plan(Recipe(preset=preset), seen(noise=8), ALL) for preset in Preset}
    assert made[Preset.PORTRAIT].faces.strength == 75
    assert made[Preset.LANDSCAPE].denoise.strength < made[Preset.AUTO].denoise.strength
    assert steps(made[Preset.LANDSCAPE]) == ["denoise", "sharpen", "upscale", "grain"]
    assert steps(made[Preset.ART]) == ["denoise", "upscale"]
    clean = plan(Recipe(preset=Preset.PORTRAIT), seen(), ALL)
    assert (clean.denoise.strength, clean.denoise.reason) == (30, "portraits gain from a little")


@pytest.mark.parametrize(
    ("capable", "reason"),
    [
        (Capabilities(detect="x"), "no face model is installed"),
        (Capabilities(faces="x"), "no face finder is installed"),
    ],
)
def test_missing_face_model_is_said(capable: Capabilities, reason: str) -> None:
    made = plan(Recipe(faces=80), seen(), capable)
    assert (made.faces.strength, made.faces.reason) == (0, reason)


def test_missing_denoiser_is_said() -> None:
    made = plan(Recipe(denoise=80), seen(), Capabilities())
    assert (made.denoise.strength, made.denoise.reason) == (0, "no denoising model is installed")


def test_photo_that_needs_nothing_gets_nothing() -> None:
    assert steps(plan(Recipe(faces=0), seen(3000, 2000), ALL)) == []


@pytest.mark.parametrize(
    ("recipe", "strength"),
    [
        (Recipe(which_faces=Which.ALL), 70),
        (Recipe(preset=Preset.PORTRAIT, which_faces=Which.MAIN), 75),
        (Recipe(preset=Preset.LANDSCAPE, which_faces=Which.MAIN), 70),
        (Recipe(which_faces=Which.MAIN, faces=30), 30),
        (Recipe(which_faces=Which.MAIN, faces=0), 0),
        (Recipe(which_faces=Which.NONE, faces=30), 0),
    ],
)
def test_asking_for_some_faces_asks_for_faces(recipe: Recipe, strength: int) -> None:
    made = plan(recipe, seen(), ALL).faces
    assert made.strength == strength
    assert made.reason == ("you asked for it" if strength else "turned off")
