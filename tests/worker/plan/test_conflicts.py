"""Wishes against each other or the photo, and what cannot be won: each is said, else nothing."""

from dataclasses import replace
from typing import Any

import pytest

from core.recipe import Recipe
from weights.roster import Capabilities
from worker.diagnosis import Blur, BlurKind, Diagnosis, FaceFigures, Kind, Light
from worker.plan import Sight, plan

CLEAN = Diagnosis(800, 600, 0.5, 0.0)
NOISY = replace(CLEAN, noise_sigma=8.0)
SOFT = replace(CLEAN, blur=Blur(BlurKind.SOFT, 2.0))
DRAWN = replace(CLEAN, kind=Kind.DRAWING)
FACE = (FaceFigures(100.0),)
ALL = Capabilities(
    {2: "net-x2", 4: "net-x4"},
    "net-denoise",
    "net-faces",
    "net-detect",
    pairs={name: (name, f"{name}-plain") for name in ("net-x2", "net-x4")},
)

GENTLY = "it is compressed: sharpened gently, or its blocks would come out"
LIFTS = "sharpening also lifts the noise, which was left"
SHOWS = "the noise was left as you asked, and shows more in a larger photo"
STRANGE = "face models know photos: faces in drawings may come out strange"
PAINTED = "it looks like a photo; enlarged as a drawing it comes out painted"
INVENTS = "so much creativity may change a face; 20 to 40 suits portraits"
CUT_OFF = "a face is cut off by the edge of the photo: what is outside cannot come back"
NO_GRAIN = "no grain was taken out, so none comes back"
SHAKEN = "it is shaken too much to be made sharp"
BURNT = "what is burnt out to white holds no detail that could come back"
MADE = "the file says that a model made this picture"


@pytest.mark.parametrize(
    ("sight", "wishes", "notes"),
    [
        (Sight(NOISY), {"sharpen": 50, "denoise": 0}, (LIFTS,)),
        (Sight(NOISY), {"sharpen": 50}, ()),
        (Sight(CLEAN), {"sharpen": 50, "denoise": 0}, ()),
        (Sight(replace(SOFT, blocking=1.0)), {"sharpen": 50}, (GENTLY,)),
        (Sight(SOFT), {"sharpen": 50}, ()),
        (Sight(replace(SOFT, blocking=1.0)), {}, ()),
        (Sight(NOISY), {"denoise": 0}, (SHOWS,)),
        (Sight(NOISY), {"denoise": 0, "scale": 1}, ()),
        (Sight(NOISY), {}, ()),
        (Sight(DRAWN), {"preset": "art", "faces": 50}, (STRANGE,)),
        (Sight(CLEAN), {"preset": "art"}, (PAINTED,)),
        (Sight(CLEAN), {"preset": "art", "scale": 1}, ()),
        (Sight(replace(CLEAN, doubtful=True)), {"preset": "art"}, ()),
        (Sight(DRAWN), {"preset": "art"}, ()),
        (Sight(CLEAN), {"faces": 50}, ()),
        (Sight(CLEAN, faces=FACE), {"creativity": 80}, (INVENTS,)),
        (Sight(CLEAN, faces=FACE), {"creativity": 40}, ()),
        (Sight(CLEAN), {"creativity": 80}, ()),
        (Sight(CLEAN, faces=(FaceFigures(30.0, inside=0.5),)), {}, (CUT_OFF,)),
        (Sight(CLEAN, faces=(FaceFigures(30.0, inside=0.5),)), {"faces": 0}, ()),
        (Sight(CLEAN, faces=(FaceFigures(30.0, inside=0.7),)), {}, ()),
        (Sight(CLEAN), {"grain": 40}, (NO_GRAIN,)),
        (Sight(NOISY), {"grain": 40}, ()),
        (Sight(replace(CLEAN, blur=Blur(BlurKind.MOTION, 8.0, 25.0))), {}, (SHAKEN,)),
        (Sight(replace(CLEAN, blur=Blur(BlurKind.MOTION, 2.0, 7.0))), {}, ()),
        (Sight(replace(CLEAN, light=Light(highlights=0.2))), {}, (BURNT,)),
        (Sight(replace(CLEAN, light=Light(highlights=0.2), kind=Kind.SCREENSHOT)), {}, ()),
        (Sight(replace(CLEAN, generated=True)), {}, (MADE,)),
    ],
)
def test_what_the_person_should_know(
    sight: Sight, wishes: dict[str, Any], notes: tuple[str, ...]
) -> None:
    assert plan(Recipe.model_validate(wishes), sight, ALL).notes == notes
