"""Which networks enlarge a photo, from which size, and what is said of them."""

from dataclasses import replace

import pytest

from core.recipe import Preset, Recipe
from weights.catalog import CatalogRow, Purpose
from weights.roster import Blend, Capabilities
from worker.diagnosis import Blur, BlurKind, Diagnosis
from worker.plan import Sight, plan

CLEAN = Diagnosis(800, 600, 0.5, 0.0)
ALL = Capabilities({2: "net-x2", 4: "net-x4"}, "net-denoise", "net-faces", "net-detect")


def seen(width: int = 800, height: int = 600, noise: float = 0.5) -> Sight:
    return Sight(Diagnosis(width, height, noise, 0.0))


def enlarged(factor: float) -> Sight:
    return Sight(replace(CLEAN, blur=Blur(BlurKind.ENLARGED, 1.5, factor=factor)))


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
    ("sight", "scale", "source", "chain"),
    [
        (Sight(replace(CLEAN, blur=Blur(BlurKind.SOFT, 2.0))), 2, (800, 600), (2,)),
        (enlarged(2.0), 2, (400, 300), (4,)),
        (enlarged(3.0), 2, (267, 200), (4, 2)),
        (enlarged(3.0), 4, (267, 200), (4, 4)),
        (enlarged(3.0), 8, (400, 300), (4, 4)),
        (enlarged(3.0), 1, (800, 600), ()),
    ],
)
def test_a_photo_that_was_enlarged_before_is_taken_back_first(
    sight: Sight, scale: int, source: tuple[int, int], chain: tuple[int, ...]
) -> None:
    made = plan(Recipe(scale=scale), sight, ALL)
    assert (made.source, made.chain) == (source, chain)
    assert (made.width, made.height) == (800 * scale, 600 * scale)
    told = f"taken back to {source[0]} × {source[1]} first"
    assert (told in made.upscale.reason) == (source != (800, 600))


def test_it_is_kept_where_no_network_could_bring_it_forth_again() -> None:
    assert plan(Recipe(scale=2), enlarged(3.0), Capabilities()).source == (800, 600)


def test_a_model_that_was_named_gets_the_photo_as_it_is() -> None:
    named = replace(ALL, asked=asked("net-x4", Purpose.UPSCALE, 4), chosen={"net-x4"})
    made = plan(Recipe(scale=4), enlarged(3.0), named)
    assert (made.source, made.chain) == ((800, 600), (4,))


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
