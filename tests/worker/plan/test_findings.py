"""What is seen, in words: one table, one row a finding."""

from dataclasses import replace
from typing import Any

import pytest

from core.errors import PhotoRefused
from core.recipe import Preset, Recipe
from weights.roster import Capabilities
from worker.diagnosis import (
    Blank,
    Blur,
    BlurKind,
    Colour,
    Diagnosis,
    FaceFigures,
    Fault,
    Kind,
    Light,
    LightNeed,
)
from worker.plan import Sight, plan, refuse_blank
from worker.plan.findings import faulty

CLEAN = Diagnosis(3000, 2000, 0.5, 0.0)
ALL = Capabilities({2: "net-x2", 4: "net-x4"}, "net-denoise", "net-faces", "net-detect")
SOFT, SHAKEN = Blur(BlurKind.SOFT, 2.4), Blur(BlurKind.MOTION, 2.0, 7.3, 30.0)
DARK = replace(CLEAN, light=Light(low=1, dark=4, median=20, bright=45, high=52))
BLOCKY = "blocky (small squares show)"


def found(sight: Sight, **wishes: object) -> tuple[str, ...]:
    return plan(Recipe.model_validate(wishes), sight, ALL).findings


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ({}, ("clean", "large enough")),
        ({"noise_sigma": 14.2}, ("noisy (σ ≈ 14)",)),
        ({"noise_sigma": 1.9}, ("clean", "large enough")),
        ({"blocking": 1.0}, (BLOCKY,)),
        ({"blocking": 1.0, "jpeg_quality": 90.0}, (BLOCKY,)),
        ({"blocking": 1.0, "jpeg_quality": 88.0}, (BLOCKY,)),
        ({"blocking": 1.0, "jpeg_quality": 87.0}, ("compressed (quality ≈ 87)",)),
        ({"blocking": 0.2, "jpeg_quality": 87.0}, ("compressed (quality ≈ 87)",)),
        ({"blocking": 1.0, "jpeg_quality": 41.0}, ("compressed (quality ≈ 41)",)),
        ({"jpeg_quality": 95.0}, ("clean", "large enough")),
        ({"blur": SOFT}, ("out of focus (≈ 2.4 px)",)),
        ({"blur": SHAKEN}, ("shaken (≈ 7 px)",)),
        ({"blur": Blur(BlurKind.ENLARGED, 1.5, factor=2.0)}, ("enlarged before (≈ 2×)",)),
        ({"width": 800, "height": 600}, ("small",)),
        ({"width": 1800, "height": 600}, ("of middling size",)),
        (
            {"width": 640, "height": 480, "noise_sigma": 14.2, "blocking": 1.0, "blur": SOFT},
            ("noisy (σ ≈ 14)", BLOCKY, "out of focus (≈ 2.4 px)", "small"),
        ),
        ({"kind": Kind.DRAWING, "blur": SOFT}, ("a drawing",)),
        ({"kind": Kind.SCREENSHOT, "noise_sigma": 3.0}, ("a screenshot", "noisy (σ ≈ 3)")),
    ],
)
def test_each_finding_has_its_words(figures: dict[str, Any], words: tuple[str, ...]) -> None:
    assert found(Sight(replace(CLEAN, **figures))) == words


def test_light_is_a_finding_of_photos() -> None:
    assert found(Sight(DARK)) == ("too dark",)
    assert found(Sight(replace(DARK, kind=Kind.DRAWING))) == ("a drawing",)
    assert found(Sight(DARK), preset="art") == ("clean", "large enough")


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ((), ""),
        ((Fault.DARK,), "too dark"),
        ((Fault.BRIGHT,), "too bright"),
        ((Fault.FLAT, Fault.CAST), "flat, with a colour cast"),
    ],
)
def test_faults_of_the_light_in_words(faults: tuple[Fault, ...], words: str) -> None:
    assert faulty(LightNeed(faults=faults)) == words


def test_size_is_a_finding_only_where_it_decided() -> None:
    small = Sight(replace(CLEAN, width=640, height=480))
    assert found(small, scale=2) == ()
    assert found(small, scale=1) == ("clean",)
    assert found(small, long_edge=2000) == ()
    assert found(small, largest_scale=1) == ("clean",)


@pytest.mark.parametrize("preset", Preset)
def test_the_kind_of_picture_is_seen_unless_it_was_said(preset: Preset) -> None:
    for kind in Kind:
        taken = Sight(replace(CLEAN, kind=kind)).picture(preset)
        if preset is Preset.AUTO:
            assert taken is kind
        else:
            assert taken is (Kind.DRAWING if preset is Preset.ART else Kind.PHOTO)
        assert plan(Recipe(preset=preset), Sight(replace(CLEAN, kind=kind)), ALL).drawn == (
            taken is not Kind.PHOTO
        )


def test_a_photo_that_may_be_drawn_is_told_unless_somebodys_face_shows() -> None:
    doubtful = replace(CLEAN, doubtful=True)
    assert plan(Recipe(), Sight(doubtful), ALL).doubtful
    assert not plan(Recipe(), Sight(doubtful, (FaceFigures(40),)), ALL).doubtful
    assert not plan(Recipe(), Sight(CLEAN), ALL).doubtful


@pytest.mark.parametrize("blank", Blank)
def test_a_photo_that_shows_nothing_is_refused_in_words(blank: Blank) -> None:
    with pytest.raises(PhotoRefused, match="could be made better") as refused:
        refuse_blank(replace(CLEAN, blank=blank))
    assert refused.value.code == "blank"
    refuse_blank(CLEAN)


def test_the_figures_are_there_for_whoever_asks() -> None:
    poor = replace(
        CLEAN,
        noise_sigma=14.23,
        jpeg_quality=60.4,
        blur=SHAKEN,
        light=Light(median=31.4, highlights=0.07),
        colour=Colour(cast_a=3.0, cast_b=-4.0),
    )
    assert plan(Recipe(), Sight(poor), ALL).measured == (
        "a photo",
        "enough pixels for a print",
        "noise σ ≈ 14.2 of 255",
        "JPEG quality ≈ 60",
        "shaken (≈ 7 px)",
        "lightness 31 of 100",
        "cast 5",
        "7 % burnt out",
    )
    for colour, words in (
        (Colour(grey=True), "grey"),
        (Colour(toned=True), "in one tint"),
        (Colour(faded=True), "without black and white, as faded prints are"),
    ):
        assert words in plan(Recipe(), Sight(replace(CLEAN, colour=colour)), ALL).measured
    doubtful = Sight(replace(CLEAN, doubtful=True, width=300, height=200))
    assert plan(Recipe(), doubtful, ALL).measured[:2] == (
        "a photo, or a drawing",
        "enough pixels for a message",
    )
    assert "never JPEG" in plan(Recipe(), Sight(CLEAN), ALL).measured
    assert "sharp" in plan(Recipe(), Sight(CLEAN), ALL).measured


def test_a_large_face_makes_a_portrait() -> None:
    for eyes, portrait in ((60.0, False), (150.0, True)):
        sight = Sight(CLEAN, faces=(FaceFigures(eyes), FaceFigures(20.0)))
        assert sight.portrait == portrait
        made = plan(Recipe(), sight, ALL)
        assert made.faces.reason == (
            "it is a portrait" if portrait else "for every face that is found"
        )
