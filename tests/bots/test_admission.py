from typing import Any

import pytest

from bots.admission import Admission, Admitted
from bots.conversation import Lab
from bots.desk import Request, Standing
from core import notices
from core.access import Subject, Verdict
from core.commands import parse
from core.communities import UNLIMITED, Allowance, Answers, Community, Mode, Who
from core.errors import NotAllowed
from core.recipe import Format, Preset, Recipe
from tests.doubles.desk import RecordingDesk


@pytest.fixture
def admission(lab: Lab) -> Admission:
    return Admission("test", lab.communities, lab.access, at="@lab_bot")


def club(**settings: Any) -> Community:
    return Community.model_validate({"platform": "test", "id": "club", "enabled": True} | settings)


def asked(desk: RecordingDesk, text: str = "", **fields: Any) -> Request:
    return desk.request("a", text=text, private=False, **({"addressed": True} | fields))


def standing(*, admin: bool = False, roles: tuple[str, ...] = ()) -> dict[str, Any]:
    async def look() -> Standing:
        return Standing(admin=admin, roles=frozenset(roles))

    return {"standing": look}


async def admitted(
    admission: Admission, request: Request, community: Community | None
) -> Admitted | None:
    command = parse(request.text, bot="lab_bot", ours=request.private)
    return await admission.admit(request, command, community)


async def test_in_private_everything_is_for_us(admission: Admission, desk: RecordingDesk) -> None:
    request = desk.request("a", text="2x png")
    assert await admission.community(request) is None
    found = await admitted(admission, request, None)
    assert found == Admitted(Recipe(scale=2, format=Format.PNG), UNLIMITED)
    chat = await admitted(admission, desk.request("a", text="please, can you help?"), None)
    assert chat == Admitted(Recipe())


async def test_a_community_that_is_not_enabled_hears_how_to_when_it_asks(
    admission: Admission, desk: RecordingDesk
) -> None:
    off = club(enabled=False)
    with pytest.raises(NotAllowed, match="/darkroom@lab_bot enable"):
        await admitted(admission, asked(desk, "/enhance@lab_bot"), off)
    assert await admitted(admission, asked(desk, "/enhance", addressed=False), off) is None
    assert await admitted(admission, asked(desk, addressed=False), off) is None
    with pytest.raises(NotAllowed):
        await admission.again(asked(desk), Recipe())


async def test_photos_without_a_word_count_where_every_photo_is_wanted(
    admission: Admission, desk: RecordingDesk
) -> None:
    silent: dict[str, Any] = {"addressed": False, "channel": "7"}
    assert await admitted(admission, asked(desk, **silent), club()) is None
    every = club(mode=Mode.EVERY, channels=("7",))
    assert await admitted(admission, asked(desk, **silent), every) is not None
    elsewhere = asked(desk, addressed=False, channel="8")
    assert await admitted(admission, elsewhere, every) is None
    no_photo = desk.request(text="hello", private=False, channel="7")
    assert await admitted(admission, no_photo, every) is None
    assert await admitted(admission, asked(desk, "/enhance", **silent), club()) is not None


async def test_the_communitys_recipe_fills_what_the_person_leaves_open(
    admission: Admission, desk: RecordingDesk
) -> None:
    own = club(recipe=Recipe(preset=Preset.PORTRAIT, scale=2), collage=False, largest_scale=4)
    plain = await admitted(admission, asked(desk, "/enhance"), own)
    assert plain is not None
    assert plain.recipe == Recipe(preset=Preset.PORTRAIT, scale=2, collage=False, largest_scale=4)
    wished = await admitted(admission, asked(desk, "/enhance 3000px png"), own)
    assert wished is not None
    assert (wished.recipe.scale, wished.recipe.long_edge) == (None, 3000)
    assert wished.recipe.preset is Preset.PORTRAIT


@pytest.mark.parametrize(
    ("settings", "who", "refused"),
    [
        ({}, standing(), None),
        ({"who": Who.ADMINS}, standing(), notices.ADMINS_ONLY),
        ({"who": Who.ADMINS}, standing(admin=True), None),
        ({"who": Who.ROLE, "role": "7"}, standing(roles=("6",)), notices.NOT_FOR_YOU),
        ({"who": Who.ROLE, "role": "7"}, standing(roles=("6", "7")), None),
        ({"who": Who.ROLE, "role": "7"}, standing(admin=True), None),
    ],
)
async def test_who_may_use_it(
    admission: Admission,
    desk: RecordingDesk,
    settings: dict[str, Any],
    who: dict[str, Any],
    refused: str | None,
) -> None:
    request = asked(desk, "/enhance", **who)
    if refused is None:
        assert await admitted(admission, request, club(**settings)) is not None
        return
    with pytest.raises(NotAllowed) as caught:
        await admitted(admission, request, club(**settings))
    assert caught.value.text == refused


async def test_only_allowed_commands_up_to_the_largest_scale(
    admission: Admission, desk: RecordingDesk
) -> None:
    few = club(commands=("enhance", "faces"), largest_scale=2)
    with pytest.raises(NotAllowed, match="You can write /enhance@lab_bot, /faces@lab_bot"):
        await admitted(admission, asked(desk, "/upscale 2x"), few)
    with pytest.raises(NotAllowed, match="Here I enlarge up to 2x, not 4x"):
        await admitted(admission, asked(desk, "/enhance 4x"), few)
    with pytest.raises(NotAllowed, match="Nothing is enlarged here"):
        await admitted(admission, asked(desk, "/enhance 2x"), club(largest_scale=1))
    assert await admitted(admission, asked(desk, "/enhance 2x"), few) is not None


async def test_buttons_keep_to_the_same_rules(admission: Admission, lab: Lab) -> None:
    desk = RecordingDesk()
    await lab.communities.change("test", "club", enabled=True, largest_scale=2, daily=5)
    with pytest.raises(NotAllowed, match="up to 2x"):
        await admission.again(asked(desk), Recipe(scale=4))
    found = await admission.again(asked(desk), Recipe(scale=2))
    assert found.allowance.daily == 5
    assert await admission.again(desk.request(), Recipe(scale=4)) == Admitted(Recipe(scale=4))


async def test_members_have_an_allowance_and_admins_have_none_unless_it_is_wanted(
    admission: Admission, desk: RecordingDesk
) -> None:
    limited = club(daily=3, cooldown=60)
    member = await admitted(admission, asked(desk, "/enhance"), limited)
    admin = await admitted(admission, asked(desk, "/enhance", **standing(admin=True)), limited)
    strict = await admitted(
        admission,
        asked(desk, "/enhance", **standing(admin=True)),
        limited.model_copy(update={"admins_exempt": False}),
    )
    assert [found and found.allowance for found in (member, admin, strict)] == [
        Allowance(daily=3, cooldown=60),
        UNLIMITED,
        Allowance(daily=3, cooldown=60),
    ]


async def test_threads_where_they_are_chosen(admission: Admission, desk: RecordingDesk) -> None:
    found = await admitted(admission, asked(desk, "/enhance"), club(answers=Answers.THREAD))
    assert found is not None
    assert found.threaded


async def test_whom_the_operator_denies_is_told_so(
    admission: Admission, lab: Lab, desk: RecordingDesk
) -> None:
    await lab.access.judge(Subject("user", "test", "ann"), Verdict.DENY)
    for request, community in ((desk.request("a"), None), (asked(desk, "/enhance"), club())):
        with pytest.raises(NotAllowed) as caught:
            await admitted(admission, request, community)
        assert caught.value.text == notices.CLOSED
        with pytest.raises(NotAllowed):
            await admission.again(request, Recipe())
    assert await admitted(admission, desk.request("a", user="ben"), None) is not None
