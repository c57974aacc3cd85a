"""Groups and servers: who is let in, what administrators choose, what a place may have."""

import pytest

from bots.desk import Feature
from core import captions, notices
from core.access import Subject, Verdict
from core.communities import Mode
from core.language import _, speaking
from tests.contract.answers import files, shown, speaks, words
from tests.contract.bench import Bench, photo_bytes
from tests.contract.platform import Community, Photo, Platform

HELLO = "I do nothing here until an administrator writes"

pytestmark = [pytest.mark.needs(Feature.COMMUNITIES), pytest.mark.usefixtures("bot")]


@pytest.fixture
async def club(platform: Platform, bench: Bench) -> Community:
    """A community that has the bot, not switched on; its introduction is read and gone."""
    club = platform.community(bot=False)
    club.add_bot()
    member = club.member("Max")
    await platform.until(lambda: speaks(member, HELLO))
    member.wipe()
    return club


async def enabled(platform: Platform, bench: Bench, club: Community, **settings: object) -> None:
    """Switch the bot on."""
    await bench.lab.communities.change(platform.name, club.id, enabled=True, **settings)


async def test_a_bot_that_was_added_waits_until_an_administrator_wants_it(
    platform: Platform, bench: Bench
) -> None:
    club = platform.community(bot=False)
    ada, ann = club.member(), club.admin()
    club.add_bot()
    await platform.until(lambda: speaks(ada, HELLO))
    assert speaks(ada, f"/darkroom{platform.at} enable")
    ada.send(Photo(photo_bytes()), text="/enhance")
    await platform.until(lambda: speaks(ada, notices.not_enabled(platform.at)))
    ada.say("/darkroom enable")
    await platform.until(lambda: speaks(ada, notices.ADMINS_ONLY))
    assert bench.idle

    ann.say("/darkroom enable")
    await platform.until(lambda: speaks(ann, "I am switched on."))
    ada.send(Photo(photo_bytes()), text="/enhance")
    job = await bench.job()
    assert job.community == club.id
    made = await bench.answer(job)
    await platform.until(lambda: files(ada) == list(made.files))


async def test_where_it_is_switched_off_only_who_speaks_to_it_hears_of_it(
    platform: Platform, bench: Bench, club: Community
) -> None:
    ada = club.member()
    ada.send(Photo(photo_bytes()))
    ada.send(Photo(photo_bytes()), text="/enhance")
    await platform.until(lambda: words(ada) == [notices.not_enabled(platform.at)])
    assert bench.idle


async def test_what_is_no_photo_is_told_where_it_is_switched_on_in_the_language_of_the_place(
    platform: Platform, bench: Bench, club: Community
) -> None:
    paper = Photo(b"%PDF-1.7", "paper.pdf", "application/pdf")
    ada = club.member()
    ada.send(paper, text="/enhance")
    await platform.until(lambda: words(ada) == [notices.not_enabled(platform.at)])
    await enabled(platform, bench, club, language="de")
    ada.send(paper)
    ada.send(paper, text="/enhance")
    with speaking("de"):
        expected = captions.not_a_photo("PDF")
    await platform.until(lambda: speaks(ada, expected))
    assert len(words(ada)) == 2
    await bench.lab.access.judge(Subject("community", platform.name, club.id), Verdict.DENY)
    ada.send(paper, text="/enhance")
    with speaking("de"):
        closed = _(notices.CLOSED)
    await platform.until(lambda: speaks(ada, closed))
    assert bench.idle


async def test_a_photo_in_a_community_is_answered_where_it_was_sent(
    platform: Platform, bench: Bench, club: Community
) -> None:
    await enabled(platform, bench, club)
    ada, eve = club.member(), club.member("Eve")
    photo = ada.send(Photo(photo_bytes()))
    ada.answer(photo, "/upscale 2x")
    job = await bench.job()
    assert (job.recipe.scale, job.max_bytes) == (2, ada.most_bytes)
    made = await bench.answer(job)
    await shown(platform, ada, made)
    await shown(platform, eve, made)
    assert bench.idle


async def test_every_photo_is_enhanced_where_administrators_want_that(
    platform: Platform, bench: Bench, club: Community
) -> None:
    await enabled(platform, bench, club, mode=Mode.EVERY)
    ada = club.member()
    ada.say("how nice")
    ada.send(Photo(photo_bytes()))
    await shown(platform, ada, await bench.answer(await bench.job()))


async def test_a_quota_that_is_spent_is_told_with_the_time_until_it_is_not(
    platform: Platform, bench: Bench, club: Community
) -> None:
    await enabled(platform, bench, club)
    ada, ann = club.member(), club.admin()
    ann.say("/darkroom daily 1")
    await platform.until(lambda: speaks(ann, "Photos a day: 1."))
    ada.send(Photo(photo_bytes()), text="/enhance")
    made = await bench.answer(await bench.job())
    await platform.until(lambda: files(ada) == list(made.files))
    ada.send(Photo(photo_bytes(1)), text="/enhance")
    await platform.until(lambda: speaks(ada, "You can send the next in 24 h"))
    assert bench.idle
    ann.send(Photo(photo_bytes(2)), text="/enhance")
    ann.send(Photo(photo_bytes(3)), text="/enhance")
    exempt = [await bench.answer(await bench.job()) for _ in range(2)]
    await platform.until(lambda: len(files(ada)) == 1 + len(exempt))


async def test_the_settings_can_be_taken_along_as_they_are(
    platform: Platform, bench: Bench, club: Community
) -> None:
    await enabled(platform, bench, club, daily=7)
    ann = club.admin()
    ann.say("/darkroom export")
    await platform.until(lambda: speaks(ann, "\ndaily = 7"))
    (text,) = words(ann)
    assert "\nadmins_exempt = true" in text
    assert "```" not in text


async def test_administrators_choose_by_buttons(
    platform: Platform, bench: Bench, club: Community
) -> None:
    ann = club.admin()
    ann.say("/darkroom")
    await platform.until(lambda: any(seen.buttons for seen in ann.sees()))
    ann.press(ann.sees()[-1], notices.TOGGLE_ON)
    await platform.until(lambda: notices.TOGGLE_OFF in ann.sees()[-1].buttons)
    assert (await bench.lab.communities.get(platform.name, club.id)).enabled
    assert len(ann.sees()) == 1


@pytest.mark.about(Feature.THREADS)
async def test_answers_in_threads_of_their_own(
    platform: Platform, bench: Bench, club: Community
) -> None:
    await enabled(platform, bench, club)
    ada, ann = club.member(), club.admin()
    ann.say("/darkroom answers thread")
    if lack := platform.lacks.get(Feature.THREADS):
        await platform.until(lambda: speaks(ann, lack))
        return
    await platform.until(lambda: speaks(ann, "Answers: in threads."))
    photo = ada.send(Photo(photo_bytes()))
    ada.answer(photo, "/enhance")
    made = await bench.answer(await bench.job())
    await shown(platform, ada, made)
    assert all(seen.threaded for seen in ada.sees())


@pytest.mark.about(Feature.ROLES)
async def test_a_role_whose_members_may_use_the_bot(
    platform: Platform, bench: Bench, club: Community
) -> None:
    await enabled(platform, bench, club)
    ada, ann = club.member(), club.admin()
    ann.say(f"/darkroom who role {club.role}")
    if lack := platform.lacks.get(Feature.ROLES):
        await platform.until(lambda: speaks(ann, lack))
        return
    await platform.until(lambda: speaks(ann, club.role))
    ada.send(Photo(photo_bytes()), text="/enhance")
    await platform.until(lambda: speaks(ada, notices.NOT_FOR_YOU))
    assert bench.idle
