"""Wishes win, figures decide the rest, and every step has a reason."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.recipe import Preset, Recipe, Which
from weights.catalog import CatalogRow, Purpose
from weights.roster import Blend, Capabilities
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
    ("scale", "chain"), [(1, ()), (2, (2,)), (3, (4,)), (4, (4,)), (8, (4, 2))]
)
def test_wanted_scale_finds_its_chain(scale: int, chain: tuple[int, ...]) -> None:
    made = plan(Recipe(scale=scale), seen(), ALL)
    assert made.chain == chain
    assert (made.width, made.height) == (800 * scale, 600 * scale)
    assert made.upscale.reason == (
        "you asked for it" if scale > 1 else "you asked to keep the size"
    )


def test_chain_of_what_is_installed() -> None:
    only_two = Capabilities({2: "net-x2"})
    assert plan(Recipe(scale=8), seen(), only_two).chain == (2, 2, 2)
    assert plan(Recipe(scale=3), seen(), only_two).chain == (2, 2)
    only_four = Capabilities({4: "net-x4"})
    assert plan(Recipe(scale=2), seen(), only_four).chain == (4,)
    three = Capabilities({2: "a", 3: "b", 4: "c"})
    assert plan(Recipe(scale=3), seen(), three).chain == (3,)
    assert plan(Recipe(scale=8), seen(), ALL).upscale.model == "net-x4 + net-x2"


def test_no_upscaler_is_said() -> None:
    made = plan(Recipe(scale=2), seen(), Capabilities())
    assert made.chain == ()
    assert made.upscale.model is None
    assert (made.width, made.height) == (1600, 1200)
    assert made.notes == ("no upscaling model is installed, so the photo was enlarged plainly",)


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


def asked(name: str, purpose: Purpose, scale: int = 1) -> CatalogRow:
    return CatalogRow(
        id=name,
        name=name,
        purpose=purpose,
        scale=scale,
        file=name,
        licence="MIT",
        commercial=True,
        source="this test",
    )


PAIRS = {4: ("vivid-x4", "plain-x4"), 2: ("vivid-x2", "plain-x2")}
PAIRED = Capabilities(
    {scale: pair[0] for scale, pair in PAIRS.items()},
    "net-denoise",
    pairs={name: pair for pair in PAIRS.values() for name in pair},
)


@pytest.mark.parametrize(
    ("creativity", "passes"),
    [
        (0, ("plain-x4", "plain-x2")),
        (25, ("vivid-x4 25 %", "vivid-x2 25 %")),
        (100, ("vivid-x4", "vivid-x2")),
    ],
)
def test_creativity_leads_from_the_faithful_to_the_vivid_twin(
    creativity: int, passes: tuple[str, ...]
) -> None:
    made = plan(Recipe(scale=8, creativity=creativity), seen(), PAIRED)
    assert tuple(map(str, made.passes)) == passes
    assert made.upscale.model == " + ".join(passes)
    assert made.upscale.reason == f"you asked for it, creativity {creativity} %"
    assert made.notes == ()


@pytest.mark.parametrize(
    ("preset", "share"),
    [(Preset.AUTO, 30), (Preset.PORTRAIT, 30), (Preset.LANDSCAPE, 60), (Preset.ART, 40)],
)
def test_presets_have_a_creativity_of_their_own(preset: Preset, share: int) -> None:
    made = plan(Recipe(preset=preset, scale=4), seen(), PAIRED)
    assert made.passes == (Blend("vivid-x4", "plain-x4", share),)
    assert "creativity" not in made.upscale.reason


def test_model_that_somebody_chose_runs_as_it_is_unless_creativity_is_asked() -> None:
    pairs = dict.fromkeys(PAIRS[4], PAIRS[4])
    for name in PAIRS[4]:
        capable = Capabilities({4: name}, pairs=pairs, chosen={name})
        assert plan(Recipe(scale=4), seen(), capable).passes == (Blend(name),)
        both = plan(Recipe(scale=4, creativity=70), seen(), capable).passes
        assert both == (Blend("vivid-x4", "plain-x4", 70),)


def test_creativity_that_has_no_say_is_told() -> None:
    made = plan(Recipe(scale=4, creativity=70), seen(), ALL)
    assert made.passes == (Blend("net-x4"),)
    assert made.upscale.reason == "you asked for it"
    assert made.notes == ("creativity had no say in net-x4: only one variant is installed",)
    large = plan(Recipe(creativity=70), seen(3000, 2000), PAIRED)
    assert large.notes == ("creativity counts only where a model enlarges the photo",)
    assert plan(Recipe(scale=4), seen(), ALL).notes == ()


GENERAL = Capabilities(
    {2: "net-x2", 4: "general"}, "net-denoise", "net-faces", "net-detect", grainy={"general": "wdn"}
)


def test_general_network_takes_out_the_noise_itself() -> None:
    """Real-ESRGAN's `-dn`: d of the general network and 1 − d of the one that leaves noise."""
    made = plan(Recipe(denoise=60, scale=8), seen(), GENERAL)
    assert made.passes == (Blend("general", "wdn", 60), Blend("net-x2"))
    assert (made.denoise.strength, made.denoise.model) == (60, "general")
    assert made.denoise.within is not None
    assert made.denoise.reason == "you asked for it, while enlarging"
    grainy = plan(Recipe(scale=4), seen(noise=5), GENERAL)
    assert grainy.denoise.reason == "noisy, σ ≈ 5, while enlarging"
    assert grainy.passes == (Blend("general", "wdn", grainy.denoise.strength),)


def test_general_network_leaves_what_is_clean_or_turned_off() -> None:
    for recipe in (Recipe(scale=4), Recipe(scale=4, denoise=0)):
        made = plan(recipe, seen(), GENERAL)
        assert made.passes == (Blend("wdn"),)
        assert (made.denoise.strength, made.denoise.within) == (0, None)


def test_noise_is_taken_out_once() -> None:
    alone = Capabilities({4: "general"}, "net-denoise")
    made = plan(Recipe(denoise=60, scale=4), seen(), alone)
    assert (made.denoise.model, made.denoise.within) == ("net-denoise", None)
    assert made.passes == (Blend("general"),), "without its twin, as ever"
    same_size = plan(Recipe(denoise=60, scale=1), seen(), GENERAL)
    assert (same_size.denoise.model, same_size.denoise.within) == ("net-denoise", None)
    scunet = Capabilities({4: "general"}, "scunet", grainy={"general": "wdn"}, chosen={"scunet"})
    made = plan(Recipe(denoise=60, scale=4), seen(), scunet)
    assert (made.denoise.model, made.denoise.within) == ("scunet", None)
    assert made.passes == (Blend("wdn"),)


def test_noise_needs_no_denoiser_where_the_upscaler_takes_it_out() -> None:
    made = plan(Recipe(denoise=60, scale=4), seen(), Capabilities({4: "g"}, grainy={"g": "w"}))
    assert (made.denoise.strength, made.denoise.model) == (60, "g")


@pytest.mark.parametrize(
    ("scale", "of", "chain", "note"),
    [
        (4, 4, (4,), None),
        (8, 4, (4, 2), None),
        (2, 4, (4,), "the model net-x4 enlarges 4×, so its result was reduced to 2×"),
        (3, 4, (4,), "the model net-x4 enlarges 4×, so its result was reduced to 3×"),
        (4, 2, (2, 2), None),
        (8, 2, (2, 2, 2), None),
        (3, 2, (2, 2), "the model net-x2 enlarges 2×, so its result was reduced to 3×"),
        (1, 4, (), "the model net-x4 was not used: the photo is not enlarged"),
    ],
)
def test_upscaler_of_another_scale_serves_when_it_is_asked_for(
    scale: int, of: int, chain: tuple[int, ...], note: str | None
) -> None:
    name = f"net-x{of}"
    capable = Capabilities(
        {2: "net-x2", 4: "net-x4"}, asked=asked(name, Purpose.UPSCALE, of), chosen={name}
    )
    made = plan(Recipe(scale=scale), seen(), capable)
    assert made.chain == chain
    assert (made.width, made.height) == (800 * scale, 600 * scale)
    assert made.notes == ((note,) if note else ())
    if chain:
        assert made.upscale.reason == f"you asked for it, with {name}"


def test_asked_model_that_is_not_needed_is_told() -> None:
    denoiser = Capabilities(denoise="scunet", asked=asked("scunet", Purpose.DENOISE))
    clean = plan(Recipe(scale=1), seen(), denoiser)
    assert clean.notes == ("the model scunet was not used: the photo is clean",)
    assert plan(Recipe(scale=1), seen(noise=9), denoiser).notes == ()
    face = Capabilities(faces="codeformer", detect="d", asked=asked("codeformer", Purpose.FACES))
    assert plan(Recipe(scale=1), seen(), face).notes == ()
    left = plan(Recipe(scale=1, faces=0), seen(), face)
    assert left.notes == ("the model codeformer was not used: turned off",)


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
