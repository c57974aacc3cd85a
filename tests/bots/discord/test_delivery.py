"""Answers on their last stretch: late, refused, repeated, too large, never twice."""

import os

import pytest

from bots.conversation import Conversation, Lab
from bots.desk import Request
from bots.discord import desk as desk_room
from bots.discord.pace import Pace, Rate
from core.jobs import Failed
from core.store import Client
from tests.bots.discord.conftest import (
    StartBot,
    community,
    enhanced,
    from_bot,
    last,
    only_job,
    photo,
    publish,
    ready,
    said,
    tempo,
)
from tests.bots.telegram.pictures import picture
from tests.doubles.discord import DiscordServer, Fault, Intent, Permission

CREATE = "POST /channels/{channel_id}/messages"
EDIT = "PATCH /channels/{channel_id}/messages/{message_id}"
EDIT_BY_TOKEN = "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original"
MIB = 1024 * 1024


def heavy(megabytes: float, seed: int) -> bytes:
    """A picture with so many bytes behind it."""
    return picture(seed=seed) + os.urandom(int(megabytes * MIB))


@pytest.mark.usefixtures("bot")
async def test_a_late_answer_is_an_ordinary_message_that_tells_the_asker(
    server: DiscordServer, lab: Lab
) -> None:
    ada = server.person()
    guild = server.guild("Photographers", ada)
    await community(lab, guild)
    channel = guild.channel()
    asked = ada.slash("enhance", channel, {"photo": photo()})
    job = await only_job(server, lab)
    server.age_interaction(asked, 16 * 60)
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: last(ada, channel).files)
    await server.until(lambda: desk_room.BELOW in from_bot(ada, channel)[0].text)
    first, answer = from_bot(ada, channel)
    assert answer.reply_to == first.message_id
    assert ada.user.mention in answer.text
    assert first.buttons == {}


async def test_a_token_known_to_be_dead_is_not_tried(
    server: DiscordServer, lab: Lab, start_bot: StartBot
) -> None:
    ada = server.person()
    guild = server.guild("Photographers", ada)
    await community(lab, guild)
    channel = guild.channel()
    async with start_bot():
        await ready(server)
        ada.slash("enhance", channel, {"photo": photo()})
        job = await only_job(server, lab)
    async with start_bot(times=tempo(token_seconds=0.0)):
        tried = len(server.called(*EDIT_BY_TOKEN.split()))
        await publish(lab, job, await enhanced(lab, job))
        await server.until(lambda: last(ada, channel).files)
    assert len(server.called(*EDIT_BY_TOKEN.split())) == tried


@pytest.mark.usefixtures("bot")
async def test_a_late_private_answer_comes_by_private_message(
    server: DiscordServer, lab: Lab
) -> None:
    ada = server.person()
    guild = server.guild("Photographers", ada)
    await community(lab, guild)
    channel = guild.channel()
    asked = ada.slash("enhance", channel, {"photo": photo(), "private": True})
    job = await only_job(server, lab)
    server.age_interaction(asked, 16 * 60)
    results = [await enhanced(lab, job, data=heavy(9, 1))]
    await publish(lab, job, *results)
    await server.until(lambda: from_bot(ada, ada.private()))
    assert last(ada, ada.private()).files
    assert all(shown.ephemeral for shown in from_bot(ada, channel))


@pytest.mark.usefixtures("bot")
async def test_a_late_answer_where_the_bot_may_not_write_comes_by_private_message(
    server: DiscordServer, lab: Lab
) -> None:
    ada = server.person()
    guild = server.guild("Photographers", ada)
    await community(lab, guild)
    channel = guild.channel()
    channel.forbid(Permission.SEND_MESSAGES)
    asked = ada.slash("enhance", channel, {"photo": photo()})
    job = await only_job(server, lab)
    server.age_interaction(asked, 16 * 60)
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: from_bot(ada, ada.private()))


@pytest.mark.usefixtures("bot")
async def test_a_late_answer_from_elsewhere_to_somebody_who_takes_no_messages_is_buried(
    server: DiscordServer, lab: Lab, client: Client
) -> None:
    ada, eve = server.person(), server.person("Eve")
    ada.install()
    ada.reachable = False
    channel = ada.group(eve)
    asked = ada.slash("enhance", channel, {"photo": photo()}, user_install=True)
    job = await only_job(server, lab)
    server.age_interaction(asked, 16 * 60)
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: server.called(*CREATE.split()))
    buried = await client.xread({"darkroom:dead:discord": "0"}, block=10_000)
    assert "Cannot send messages to this user" in str(buried)


@pytest.mark.usefixtures("bot")
async def test_a_deleted_status_message_is_replaced(server: DiscordServer, lab: Lab) -> None:
    ada = server.person()
    asked = ada.message(ada.private(), "", [photo()])
    job = await only_job(server, lab)
    ada.delete(last(ada, ada.private()))
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: from_bot(ada, ada.private()))
    assert last(ada, ada.private()).reply_to == asked.message_id
    assert last(ada, ada.private()).files


@pytest.mark.usefixtures("bot")
async def test_many_heavy_photos_come_in_few_messages_each_with_its_comparison(
    server: DiscordServer, lab: Lab
) -> None:
    ada = server.person()
    ada.message(ada.private(), "", [photo(n) for n in range(4)])
    job = await only_job(server, lab)
    results = [await enhanced(lab, job, n, data=heavy(8, n)) for n in range(4)]
    await publish(lab, job, *results)
    await server.until(lambda: len(from_bot(ada, ada.private())) == 2)
    await server.until(lambda: last(ada, ada.private()).files)
    first, second = from_bot(ada, ada.private())
    assert [file.name for file in first.files] == [f"result-{n}.png" for n in range(3)]
    assert [file.name for file in second.files] == ["result-3.png"]
    assert [file.name for file in second.gallery] == ["comparison-4.jpg"]
    assert first.buttons
    assert not second.buttons


@pytest.mark.usefixtures("bot")
async def test_an_answer_of_failures_only_is_words(server: DiscordServer, lab: Lab) -> None:
    ada = server.person()
    ada.message(ada.private(), "", [photo()])
    job = await only_job(server, lab)
    await publish(lab, job, Failed(code="broken", text="This *file* is_broken_here."))
    await server.until(lambda: "broken" in said(ada, ada.private()))
    assert said(ada, ada.private()) == r"This \*file\* is\_broken\_here."


@pytest.mark.usefixtures("bot")
async def test_a_file_that_discord_finds_too_large_is_told(server: DiscordServer, lab: Lab) -> None:
    ada = server.person()
    ada.message(ada.private(), "", [photo()])
    job = await only_job(server, lab)
    await publish(lab, job, await enhanced(lab, job, data=heavy(11, 1)))
    await server.until(lambda: "too large" in said(ada, ada.private()))


@pytest.mark.usefixtures("bot")
async def test_a_channel_that_takes_no_files_is_told(server: DiscordServer, lab: Lab) -> None:
    ada = server.person()
    guild = server.guild("Photographers", ada)
    await community(lab, guild)
    channel = guild.channel()
    ada.message(channel, "", [photo()], mention_bot=True)
    job = await only_job(server, lab)
    channel.forbid(Permission.ATTACH_FILES)
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: "Attach Files" in said(ada, channel))


@pytest.mark.usefixtures("bot")
async def test_a_message_whose_receipt_was_lost_is_not_sent_twice(
    server: DiscordServer, lab: Lab
) -> None:
    ada = server.person()
    server.fail(CREATE, Fault(close=True, after=True))
    ada.message(ada.private(), "", [photo()])
    job = await only_job(server, lab)
    assert len(from_bot(ada, ada.private())) == 1
    ada.delete(last(ada, ada.private()))
    server.fail(CREATE, Fault(close=True, after=True))
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: len(server.called(*CREATE.split())) == 4)
    await server.until(lambda: last(ada, ada.private()).files)
    assert len(from_bot(ada, ada.private())) == 1


@pytest.mark.usefixtures("bot")
async def test_an_edit_whose_receipt_was_lost_is_harmless(server: DiscordServer, lab: Lab) -> None:
    ada = server.person()
    ada.slash("enhance", ada.private(), {"photo": photo()})
    job = await only_job(server, lab)
    server.fail(EDIT_BY_TOKEN, Fault(close=True, after=True), Fault(status=502))
    server.fail(
        "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}",
        Fault(close=True, after=True),
    )
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: last(ada, ada.private()).files)
    assert len(from_bot(ada, ada.private())) == 1


async def test_an_outage_is_waited_out(
    server: DiscordServer, lab: Lab, start_bot: StartBot
) -> None:
    ada = server.person()
    async with start_bot():
        await ready(server)
        ada.message(ada.private(), "", [photo()])
        job = await only_job(server, lab)
    async with start_bot():
        server.fail(EDIT, Fault(status=503), Fault(close=True))
        server.fail("GET /oauth2/applications/@me", Fault(close=True))
        server.fail("GET /applications/@me", Fault(close=True))
        await publish(lab, job, await enhanced(lab, job))
        await server.until(lambda: last(ada, ada.private()).files)


@pytest.mark.usefixtures("bot")
async def test_a_rate_limit_is_waited_out(server: DiscordServer, lab: Lab) -> None:
    ada = server.person()
    ada.message(ada.private(), "", [photo()])
    job = await only_job(server, lab)
    server.fail(EDIT, Fault(retry_after=0.05))
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: last(ada, ada.private()).files)


@pytest.mark.usefixtures("bot")
async def test_without_history_the_answer_is_no_reply(server: DiscordServer, lab: Lab) -> None:
    ada = server.person()
    guild = server.guild("Photographers", ada)
    await community(lab, guild)
    channel = guild.channel()
    channel.forbid(Permission.READ_MESSAGE_HISTORY)
    ada.message(channel, "", [photo()], mention_bot=True)
    await only_job(server, lab)
    assert from_bot(ada, channel)[0].reply_to is None


async def test_an_intent_that_is_taken_away_does_not_end_the_bot(
    server: DiscordServer, start_bot: StartBot
) -> None:
    ada = server.person()
    async with start_bot():
        await ready(server)
        server.privileged = Intent(0)
        server.drop_gateway(4014, resumable=False)
        await server.until(lambda: server.gateway.identified == 2)
        ada.slash("help", ada.private())
        await server.until(lambda: "/enhance" in said(ada, ada.private()))


@pytest.mark.usefixtures("bot")
async def test_a_command_met_with_silence_leaves_nothing_behind(
    server: DiscordServer, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(self: Conversation, request: Request) -> None: ...

    monkeypatch.setattr(Conversation, "handle", silent)
    ada = server.person()
    asked = ada.slash("status", ada.private())
    await server.until(lambda: server.called("DELETE", EDIT_BY_TOKEN.split()[1]))
    await server.until(lambda: not from_bot(ada, ada.private()))
    assert asked.acknowledged


@pytest.mark.usefixtures("bot")
async def test_a_slip_of_the_program_is_told_and_logged(
    server: DiscordServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(self: Conversation, request: Request) -> None:
        raise LookupError("slip")

    monkeypatch.setattr(Conversation, "handle", broken)
    ada = server.person()
    ada.slash("status", ada.private())
    await server.until(lambda: "unexpected" in said(ada, ada.private()))
    ada.message(ada.private(), "hello")
    await server.until(lambda: len(from_bot(ada, ada.private())) == 2)
    assert caplog.text.count("LookupError: slip") == 2


async def test_progress_is_left_out_rather_than_queued_up(
    server: DiscordServer, lab: Lab, start_bot: StartBot
) -> None:
    ada = server.person()
    async with start_bot(times=tempo(pace=Pace(Rate(1, 3600.0)))):
        await ready(server)
        ada.message(ada.private(), "", [photo()])
        job = await only_job(server, lab)
        edits = len(server.called(*EDIT.split()))
        await publish(lab, job, await enhanced(lab, job))
        await server.until(lambda: last(ada, ada.private()).files)
        assert len(server.called(*EDIT.split())) == edits + 1
