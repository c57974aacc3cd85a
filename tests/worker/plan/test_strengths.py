"""How strongly each step is done, by wishes and figures, with the reason."""

from dataclasses import replace
from typing import Any

import pytest

from core.jobs import StageName
from core.recipe import Preset, Recipe
from weights.roster import Capabilities
from worker.diagnosis import Blur, BlurKind, Colour, Diagnosis, Fault, Kind, Light, LightNeed
from worker.plan import PlannedStage, Sight, plan

CLEAN = Diagnosis(3000, 2000, 0.5, 0.0)
NOISY = replace(CLEAN, noise_sigma=8.0)
SOFT, SHAKEN = Blur(BlurKind.SOFT, 2.4), Blur(BlurKind.MOTION, 2.0, 7.3, 30.0)
FAR = Blur(BlurKind.MOTION, 8.0, 25.0, 30.0)
DARK = replace(CLEAN, light=Light(low=1, dark=4, median=20, bright=45, high=52))
WARM = replace(CLEAN, colour=Colour(cast_a=2.0, cast_b=6.0))
ALL = Capabilities({2: "net-x2", 4: "net-x4"}, "net-denoise", "net-faces", "net-detect")
GENERAL = Capabilities({4: "general"}, "net-denoise", grainy={"general": "wdn"})


def step(
    stage: StageName, sight: Sight, able: Capabilities = ALL, **wishes: object
) -> tuple[int, str]:
    made = plan(Recipe.model_validate(wishes), sight, able)
    found: PlannedStage = next(one for one in made.stages if one.stage is stage)
    return found.strength, found.reason


@pytest.mark.parametrize(
    ("sight", "wishes", "strength", "reason"),
    [
        (Sight(CLEAN), {}, 0, "exposure, contrast and colours are well"),
        (Sight(WARM), {}, 0, "exposure, contrast and colours are well"),
        (Sight(WARM), {"light": 60}, 60, "with a colour cast"),
        (Sight(CLEAN), {"light": 60}, 0, "exposure, contrast and colours are well"),
        (Sight(DARK), {}, 70, "too dark"),
        (Sight(DARK), {"intensity": 50}, 35, "too dark"),
        (Sight(DARK), {"light": 20, "intensity": 200}, 20, "too dark"),
        (Sight(DARK), {"light": 0}, 0, "turned off"),
        (Sight(DARK), {"preset": "art"}, 0, "left as it is in art"),
        (Sight(DARK), {"preset": "art", "light": 50}, 50, "too dark"),
        (
            Sight(replace(DARK, kind=Kind.SCREENSHOT)),
            {},
            0,
            "left as it is in screenshots",
        ),
    ],
)
def test_light(sight: Sight, wishes: dict[str, Any], strength: int, reason: str) -> None:
    assert step(StageName.LIGHT, sight, **wishes) == (strength, reason)


def test_the_plan_says_what_the_light_step_corrects() -> None:
    def lighting(seen: Diagnosis, **wishes: object) -> LightNeed:
        return plan(Recipe.model_validate(wishes), Sight(seen), ALL).lighting

    assert lighting(CLEAN, light=100) == LightNeed()
    assert lighting(DARK).faults == (Fault.DARK,)
    assert lighting(DARK).bright < lighting(DARK).bright_to
    assert not lighting(WARM)
    assert not lighting(WARM, light=0)
    asked = lighting(WARM, light=30)
    assert (asked.cast_a, asked.cast_b, asked.faults) == (2.0, 6.0, (Fault.CAST,))


def test_the_light_of_a_tiny_picture_is_left_unless_asked() -> None:
    tiny = Sight(replace(DARK, width=63))
    assert step(StageName.LIGHT, tiny) == (0, "exposure, contrast and colours are well")
    assert step(StageName.LIGHT, tiny, light=60) == (60, "too dark")
    assert step(StageName.LIGHT, Sight(replace(DARK, width=64)))[0] == 70


@pytest.mark.parametrize(
    ("figures", "wishes", "strength", "reason"),
    [
        ({}, {}, 0, "it is sharp"),
        ({}, {"sharpen": 30}, 30, "you asked for it"),
        ({}, {"sharpen": 0}, 0, "turned off"),
        ({}, {"preset": "landscape"}, 25, "landscapes gain from a little"),
        ({"texture": 30.0}, {"preset": "landscape"}, 0, "crisp enough"),
        ({"blur": SOFT}, {}, 50, "out of focus"),
        ({"blur": SOFT}, {"intensity": 150}, 75, "out of focus"),
        ({"blur": SOFT}, {"sharpen": 0}, 0, "turned off"),
        ({"blur": SHAKEN}, {"preset": "landscape"}, 50, "shaken"),
        ({"blur": FAR}, {}, 0, "shaken too much"),
        ({"blur": FAR}, {"sharpen": 40}, 40, "you asked for it"),
        ({"blur": SOFT, "kind": Kind.DRAWING}, {}, 0, "it is sharp"),
        ({"blur": Blur(BlurKind.SOFT, 1.3)}, {}, 0, "it is sharp"),
        ({"blur": SOFT, "width": 150}, {}, 0, "it is sharp"),
        ({"blur": SHAKEN, "width": 300}, {}, 50, "out of focus"),
        (
            {"blur": SOFT, "blocking": 1.0},
            {},
            0,
            "compressed too much, blocks would be sharpened too",
        ),
        ({"blur": SOFT, "jpeg_quality": 85.0}, {}, 50, "out of focus"),
        ({"blur": SOFT, "noise_sigma": 20.0}, {}, 0, "too noisy, noise would be sharpened too"),
        ({"blur": SOFT, "blocking": 1.0}, {"sharpen": 30}, 30, "you asked for it"),
    ],
)
def test_sharpen(
    figures: dict[str, Any], wishes: dict[str, Any], strength: int, reason: str
) -> None:
    sight = Sight(replace(CLEAN, **figures))
    assert step(StageName.SHARPEN, sight, **wishes) == (strength, reason)


@pytest.mark.parametrize(
    ("seen", "able", "wishes", "strength", "reason"),
    [
        (CLEAN, ALL, {}, 0, "none was taken out"),
        (CLEAN, ALL, {"grain": 50}, 0, "none was taken out"),
        (NOISY, ALL, {}, 25, "so that it still looks like a photo"),
        (NOISY, ALL, {"grain": 60}, 60, "you asked for it"),
        (NOISY, ALL, {"grain": 0}, 0, "turned off"),
        (NOISY, ALL, {"denoise": 0}, 0, "none was taken out"),
        (NOISY, ALL, {"preset": "art"}, 0, "what was taken out is no fine grain"),
        (replace(CLEAN, noise_sigma=16.0), ALL, {}, 0, "what was taken out is no fine grain"),
        (replace(CLEAN, blocking=1.0), ALL, {}, 0, "what was taken out is no fine grain"),
        (NOISY, GENERAL, {"scale": 4}, 0, "none was taken out"),
    ],
)
def test_grain(
    seen: Diagnosis, able: Capabilities, wishes: dict[str, Any], strength: int, reason: str
) -> None:
    assert step(StageName.GRAIN, Sight(seen), able, **wishes) == (strength, reason)


@pytest.mark.parametrize(
    ("quality", "blocking", "scale", "strength"),
    [
        (90.0, 0.2, 1, 0),
        (87.0, 0.2, 1, 36),
        (75.0, 0.2, 1, 60),
        (50.0, 0.2, 1, 85),
        (50.0, 0.2, 2, 85),
        (50.0, 0.2, 4, 43),
        (None, 0.4, 1, 0),
        (None, 0.9, 1, 82),
        (None, 0.9, 4, 41),
    ],
)
def test_compression_decides_the_cleaning(
    quality: float | None, blocking: float, scale: int, strength: int
) -> None:
    sight = Sight(replace(CLEAN, jpeg_quality=quality, blocking=blocking))
    assert step(StageName.DENOISE, sight, scale=scale)[0] == strength


@pytest.mark.parametrize(
    ("noise", "texture", "strength", "reason"),
    [
        (3.0, 5.0, 40, "noisy, σ ≈ 3"),
        (3.0, 12.0, 20, "noisy, σ ≈ 3, gently, for its fine texture"),
        (6.0, 12.0, 72, "noisy, σ ≈ 6"),
        (1.0, 12.0, 0, "the photo is clean"),
    ],
)
def test_fine_texture_is_not_smoothed_for_a_little_noise(
    noise: float, texture: float, strength: int, reason: str
) -> None:
    sight = Sight(replace(CLEAN, noise_sigma=noise, texture=texture))
    assert step(StageName.DENOISE, sight) == (strength, reason)


def test_a_blur_is_undone_as_it_was_seen() -> None:
    def blur(**figures: Any) -> object:
        return plan(Recipe(), Sight(replace(CLEAN, **figures)), ALL).blur

    assert blur() is None
    assert blur(blur=SOFT) == SOFT
    assert blur(blur=SHAKEN) == replace(SHAKEN, sigma=0.0)
    assert blur(blur=SHAKEN, width=300) == Blur(BlurKind.SOFT, 2.0)
    assert blur(blur=Blur(BlurKind.MOTION, 1.6, 4.0, 30.0)) == Blur(BlurKind.SOFT, 1.6)
    assert blur(blur=FAR) is None
    assert blur(blur=SOFT, blocking=1.0) is None
    assert blur(blur=SOFT, kind=Kind.DRAWING) is None


def test_drawings_and_screenshots_have_no_faces_stage() -> None:
    for kind, reason in (
        (Kind.DRAWING, "left as they are in art"),
        (Kind.SCREENSHOT, "left as they are in screenshots"),
    ):
        sight = Sight(replace(CLEAN, kind=kind))
        assert step(StageName.FACES, sight) == (0, reason)
        assert step(StageName.FACES, sight, preset="photo")[0] == 70
        assert step(StageName.FACES, sight, faces=60) == (60, "you asked for it")


@pytest.mark.parametrize(
    ("preset", "kind", "least", "most"),
    [
        (Preset.PORTRAIT, Kind.PHOTO, 20, 40),
        (Preset.LANDSCAPE, Kind.PHOTO, 50, 70),
        (Preset.AUTO, Kind.SCREENSHOT, 0, 0),
    ],
)
def test_creativity_keeps_to_what_suits(preset: Preset, kind: Kind, least: int, most: int) -> None:
    paired = Capabilities({4: "vivid"}, pairs={"vivid": ("vivid", "plain")})
    sight = Sight(replace(CLEAN, kind=kind))
    (blend,) = plan(Recipe(preset=preset, scale=4), sight, paired).passes
    share = blend.share if blend.twin else (100 if blend.id == "vivid" else 0)
    assert least <= share <= most
