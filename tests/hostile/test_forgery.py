"""People who press, say and ask what is not theirs."""

import pytest

from bots.conversation import Conversation, Lab
from bots.desk import Press, Request, Standing
from bots.status import StatusBoard
from core import captions, notices
from core.buttons import Choice, Offer
from core.commands import FORMS
from core.communities import Who
from core.jobs import Job
from core.language import _
from core.queue import Queue
from core.recipe import Recipe
from core.rules import RULES
from tests.doubles.desk import RecordingDesk
from tests.doubles.photos import photo_file

ENHANCING = tuple(
    choice for choice in Choice if choice not in (Choice.ORIGINAL, Choice.WHY, Choice.CANCEL)
)


@pytest.fixture
def desk(desk: RecordingDesk) -> RecordingDesk:
    desk.photos = {"private": photo_file(30), "mine": photo_file(31)}
    return desk


@pytest.fixture
def conversation(desk: RecordingDesk, lab: Lab) -> Conversation:
    return Conversation(desk, lab, StatusBoard(desk, lab.queue), name="lab_bot")


async def jobs(lab: Lab, platform: str = "test") -> dict[str, Job]:
    return {job.id: job for job in await lab.queue.owed(platform)}


async def of_ann(conversation: Conversation, desk: RecordingDesk, lab: Lab) -> Job:
    """A photo of ann's in the queue."""
    await conversation.handle(desk.request("private", user="ann"))
    (job,) = (await jobs(lab)).values()
    return job


def press(desk: RecordingDesk, data: str, user: str, **others: object) -> Press:
    request: Request = desk.request(user=user, **others)  # type: ignore[arg-type]
    return Press(data, request, {"chat": user, "status": 1})


@pytest.mark.parametrize("choice", Choice)
@pytest.mark.parametrize("private", [True, False])
async def test_anothers_button_does_nothing(
    conversation: Conversation, desk: RecordingDesk, lab: Lab, choice: Choice, private: bool
) -> None:
    await lab.communities.change("test", "club", enabled=True)
    job = await of_ann(conversation, desk, lab)
    told = (
        await conversation.press(press(desk, f"{job.id}:{choice}", "eve", private=private))
    ).text
    assert told == _(captions.NOT_YOURS)
    assert await jobs(lab) == {job.id: job}
    assert not desk.resent
    assert await lab.blobs.get(job.photos[0].key) == desk.photos["private"]


@pytest.mark.parametrize("choice", Choice)
async def test_the_same_user_id_on_another_platform_is_somebody_else(
    conversation: Conversation, desk: RecordingDesk, lab: Lab, choice: Choice
) -> None:
    job = await of_ann(conversation, desk, lab)
    elsewhere = RecordingDesk("elsewhere")
    elsewhere.photos = desk.photos
    other = Conversation(elsewhere, lab, StatusBoard(elsewhere, lab.queue))
    told = await other.press(press(elsewhere, f"{job.id}:{choice}", "ann"))
    assert told.text == _(captions.NOT_YOURS)
    assert not elsewhere.resent
    assert not await jobs(lab, "elsewhere")
    assert await jobs(lab) == {job.id: job}


@pytest.mark.parametrize("choice", ENHANCING)
async def test_a_button_from_elsewhere_gets_round_no_rule(
    conversation: Conversation, desk: RecordingDesk, lab: Lab, choice: Choice
) -> None:
    """An offer made in private, pressed in a group that would not have allowed it."""
    job = await of_ann(conversation, desk, lab)
    for settings in (
        {"enabled": False},
        {"enabled": True, "who": Who.ADMINS},
        {"enabled": True, "who": Who.ROLE, "role": "7"},
    ):
        await lab.communities.change("test", "club", **settings)
        told = (
            await conversation.press(press(desk, f"{job.id}:{choice}", "ann", private=False))
        ).text
        assert told
        assert told != _(captions.ON_ITS_WAY)
    assert await jobs(lab) == {job.id: job}


async def test_a_button_counts_like_a_photo(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    job = await of_ann(conversation, desk, lab)
    await lab.communities.change("test", "club", enabled=True, daily=1, largest_scale=2)
    data = f"{job.id}:{Choice.TWICE}"
    assert (await conversation.press(press(desk, data, "ann", private=False))).text == _(
        captions.ON_ITS_WAY
    )
    again = (await conversation.press(press(desk, data, "ann", private=False))).text
    larger = press(desk, f"{job.id}:{Choice.FOURFOLD}", "ann", private=False)
    assert _(captions.ON_ITS_WAY) not in (again, (await conversation.press(larger)).text)
    assert len(await jobs(lab)) == 2


async def test_an_offer_that_was_never_made_is_too_old(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    for data in ("job-1:2x", f"{'f' * 24}:cancel", "*:original", "a" * 65 + ":4x", "\ud800:2x"):
        assert (await conversation.press(press(desk, data, "eve"))).text == _(captions.TOO_OLD)
    offer = Offer(platform="test", user="eve", refs=("private",), recipe=Recipe())
    made = await lab.buttons.offer(offer)
    assert (await conversation.press(press(desk, f"{made}:2x\n", "eve"))).text == _(
        captions.TOO_OLD
    )
    assert not await jobs(lab)


@pytest.mark.parametrize("data", ["", *RULES, "disable", "enable", "daily=30", "who=everyone"])
async def test_a_panels_button_pressed_by_a_member_changes_nothing(
    conversation: Conversation, desk: RecordingDesk, lab: Lab, data: str
) -> None:
    await lab.communities.change("test", "club", enabled=True, daily=5, who=Who.ADMINS)
    before = await lab.communities.get("test", "club")
    told = (await conversation.press(press(desk, f"panel:{data}", "eve", private=False))).text
    assert told == _(notices.ADMINS_ONLY)
    assert (await conversation.press(press(desk, f"panel:{data}", "eve"))).text == _(
        notices.ONLY_IN_GROUPS
    )
    assert await lab.communities.get("test", "club") == before
    assert not desk.messages


@pytest.mark.parametrize("words", ["enable", "disable", "settings", "export", "daily 9", "who all"])
async def test_a_members_command_changes_and_tells_nothing(
    conversation: Conversation, desk: RecordingDesk, lab: Lab, words: str
) -> None:
    await lab.communities.change("test", "club", enabled=True, recipe_words="sharp")
    before = await lab.communities.get("test", "club")
    await conversation.handle(
        desk.request(text=f"/darkroom {words}", user="eve", private=False, addressed=True)
    )
    assert desk.said == [_(notices.ADMINS_ONLY)]
    assert await lab.communities.get("test", "club") == before


@pytest.mark.parametrize("name", [name for name, form in FORMS.items() if form.operator])
async def test_an_operators_command_does_not_exist_for_others(
    conversation: Conversation, desk: RecordingDesk, lab: Lab, name: str
) -> None:
    async def admin() -> Standing:
        return Standing(admin=True)

    for private in (True, False):
        await conversation.handle(
            desk.request(
                text=f"/{name} deny user 7", user="eve", private=private, addressed=True,
                standing=admin,
            )
        )  # fmt: skip
    assert [text for text in desk.said if f"I don't know /{name}." not in text] == []
    assert len(desk.said) == 2
    assert await lab.access.open_to("test", "7", None)


async def test_status_and_cancel_are_about_ones_own_photos(
    conversation: Conversation, desk: RecordingDesk, lab: Lab, queue: Queue
) -> None:
    job = await of_ann(conversation, desk, lab)
    await conversation.handle(desk.request(text="/status", user="eve"))
    await conversation.handle(desk.request(text="/cancel", user="eve"))
    await conversation.handle(desk.request(text="/cancel ann", user="eve"))
    await conversation.handle(desk.request(text=f"/cancel {job.id}", user="eve"))
    assert desk.said == [captions.status([]), *[captions.cancelled(0)] * 3]
    assert await jobs(lab) == {job.id: job}
    assert not await queue.unwanted(job.id)


async def test_one_message_of_two_people_is_two_requests_on_two_platforms(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    await conversation.handle(desk.request("private", user="ann", origin="7:1"))
    elsewhere = RecordingDesk("elsewhere")
    elsewhere.photos = desk.photos
    other = Conversation(elsewhere, lab, StatusBoard(elsewhere, lab.queue))
    await other.handle(elsewhere.request("mine", user="eve", origin="7:1"))
    (first,), (second,) = await jobs(lab), await jobs(lab, "elsewhere")
    assert first != second
