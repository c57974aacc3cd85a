"""The conversation in groups and servers: when it is silent, what it says, in which language."""

from typing import Any

import pytest

from bots.conversation import Conversation, Lab
from bots.desk import Request, Standing
from bots.status import StatusBoard
from core import captions, notices
from core.buttons import Buttons, Choice
from core.communities import Answers, Mode
from core.errors import ServiceDown
from core.jobs import Failed, Job
from core.language import _, speaking
from core.recipe import Recipe
from tests.bots.talk import press
from tests.doubles.desk import RecordingDesk
from tests.doubles.jobs import reply
from tests.doubles.photos import photo_file


@pytest.fixture
def desk(desk: RecordingDesk) -> RecordingDesk:
    desk.photos = {name: photo_file(30 + n) for n, name in enumerate("abcdef")}
    return desk


@pytest.fixture
def conversation(desk: RecordingDesk, lab: Lab) -> Conversation:
    return Conversation(desk, lab, StatusBoard(desk, lab.queue), name="lab_bot")


async def enabled(lab: Lab, **settings: Any) -> None:
    await lab.communities.change("test", "club", enabled=True, **settings)


async def jobs(lab: Lab) -> list[Job]:
    return sorted(await lab.queue.owed("test"), key=lambda job: job.created)


async def test_where_it_is_not_enabled_it_answers_only_who_calls_it_by_name(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    for text in ("", "/enhance", "/enhance nonsense", "/status", "/help", "/stats"):
        await conversation.handle(desk.request("a", text=text, private=False))
    assert desk.said == []
    for text in ("/enhance@lab_bot", "/status@lab_bot", "/help@lab_bot", "4x"):
        await conversation.handle(desk.request("a", text=text, private=False, addressed=True))
    assert desk.said == [notices.not_enabled("@lab_bot")] * 4
    assert desk.messages == {}
    assert await jobs(lab) == []


async def test_where_it_is_enabled_commands_and_mentions_count(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    await enabled(lab, recipe=Recipe(scale=2))
    await conversation.handle(desk.request("a", private=False))
    await conversation.handle(desk.request("b", text="/enhance", private=False))
    await conversation.handle(desk.request("c", text="3x png", private=False, addressed=True))
    assert [job.recipe.scale for job in await jobs(lab)] == [2, 3]
    assert all(job.community == "club" for job in await jobs(lab))


async def test_every_photo_in_the_chosen_channel(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    await enabled(lab, mode=Mode.EVERY, channels=("7",))
    await conversation.handle(desk.request("a", private=False, channel="8"))
    await conversation.handle(desk.request("b", private=False, channel="7", text="my cat"))
    (job,) = await jobs(lab)
    assert job.photos[0].name == "b.png"


async def test_a_spent_allowance_is_told_kindly_and_to_the_silent_once(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    await enabled(lab, mode=Mode.EVERY, daily=1)
    for name in "abc":
        await conversation.handle(desk.request(name, private=False))
    assert len(await jobs(lab)) == 1
    assert desk.said == [
        "You have had your photo of the last 24 hours here. You can send the next in 24 h."
    ]
    await conversation.handle(desk.request("d", text="/enhance", private=False))
    assert len(desk.said) == 2
    assert len(desk.messages) == 1


async def test_a_photo_that_failed_does_not_count(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    await enabled(lab, daily=1)
    await conversation.handle(desk.request("a", text="/enhance", private=False))
    (job,) = await jobs(lab)
    await lab.outbox.publish(reply(job.id, results=(Failed(code="broken", text="Broken."),)))
    await conversation.handle(desk.request("b", text="/enhance", private=False))
    assert desk.said == []
    assert len(await jobs(lab)) == 1


async def test_administrators_go_on(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    async def boss() -> Standing:
        return Standing(admin=True)

    await enabled(lab, daily=1)
    for name in "ab":
        request = desk.request(name, text="/enhance", private=False, standing=boss)
        await conversation.handle(request)
    assert len(await jobs(lab)) == 2


async def test_threads_and_the_places_own_size_of_file(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    await enabled(lab, answers=Answers.THREAD)
    await conversation.handle(
        desk.request("a", text="/enhance", private=False, max_bytes=50_000_000)
    )
    (job,) = await jobs(lab)
    assert job.max_bytes == 50_000_000
    assert desk.threads == [{"chat": "ann"}]


async def test_buttons_follow_the_communitys_rules(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    await enabled(lab, largest_scale=2)
    await conversation.handle(desk.request("a", text="/enhance", private=False))
    (job,) = await jobs(lab)
    pressed = press(desk, job.id, Choice.FOURFOLD)
    in_club = desk.request(private=False, origin="press-1")
    told = (await conversation.press(type(pressed)(pressed.data, in_club, pressed.under))).text
    assert told == "Here I enlarge up to 2x, not 4x. Try 2x."
    assert Buttons.data(job.id, Choice.FOURFOLD) == pressed.data
    assert len(await jobs(lab)) == 1


async def test_the_communitys_language_wins_over_the_members_own(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    await enabled(lab)
    await conversation.handle(desk.request("a", text="/enhance", private=False, language="de-AT"))
    await lab.communities.change("test", "club", language="fr")
    await conversation.handle(desk.request("b", text="/enhance", private=False, language="de"))
    await conversation.handle(desk.request("c", language="xx"))
    assert [job.language for job in await jobs(lab)] == ["de", "fr", "en"]
    shown = [message.history[0] for message in desk.messages.values()]
    expected = []
    for language in ("de", "fr", "en"):
        with speaking(language):
            expected.append(_(captions.LOOKING))
    assert shown == expected
    assert len(set(shown)) == 3


async def test_an_outage_is_told_to_who_asked_alone(
    conversation: Conversation, desk: RecordingDesk, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(*_ids: object) -> None:
        raise ServiceDown("The lab cannot be reached.")

    monkeypatch.setattr(lab.communities, "get", down)
    await conversation.handle(desk.request("a", private=False))
    assert desk.said == []
    await conversation.handle(desk.request("a", private=False, addressed=True))
    assert desk.said == ["The lab cannot be reached."]


async def test_an_unasked_wish_beyond_the_largest_scale_gets_the_largest(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    await enabled(lab, mode=Mode.EVERY, largest_scale=2)
    await conversation.handle(desk.request("a", text="8x", private=False))
    (job,) = await jobs(lab)
    assert job.recipe.scale == 2
    assert desk.said == []


async def test_operators_commands_of_other_bots_are_not_answered(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    await enabled(lab)
    await conversation.handle(desk.request(text="/stats", private=False))
    assert desk.said == []
    await conversation.handle(desk.request(text="/stats", private=False, addressed=True))
    assert len(desk.said) == 1


async def test_what_is_no_photo_is_told_where_the_bot_may_speak(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    def video(**fields: Any) -> Request:
        return desk.request(private=False, other_kinds=("videos", "PDF", "videos"), **fields)

    await conversation.handle(video(addressed=True))
    assert desk.said == [notices.not_enabled("@lab_bot")]
    await enabled(lab, language="de")
    await conversation.handle(video())
    await conversation.handle(video(addressed=True))
    with speaking("de"):
        assert desk.said[1:] == [captions.not_a_photo("videos"), captions.not_a_photo("PDF")]
    await conversation.handle(desk.request("a", other_kinds=("PDF",)))
    assert desk.said[3:] == [captions.not_a_photo("PDF")]
    assert len(await jobs(lab)) == 1


async def test_the_original_is_not_given_where_the_bot_is_switched_off(
    conversation: Conversation, desk: RecordingDesk, lab: Lab
) -> None:
    await enabled(lab)
    await conversation.handle(desk.request("a", text="/enhance", private=False))
    (job,) = await jobs(lab)
    await lab.communities.change("test", "club", enabled=False)
    pressed = press(desk, job.id, Choice.ORIGINAL)
    in_club = desk.request(private=False, origin="press-1")
    told = await conversation.press(type(pressed)(pressed.data, in_club, pressed.under))
    assert told.text == notices.not_enabled("@lab_bot")
    assert desk.resent == []
