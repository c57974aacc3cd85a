"""Messages: which ones are for the bot, with which photos, and where they are answered."""

import pytest

from bots.conversation import Lab
from core.communities import Answers, Mode
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
)
from tests.doubles.discord import DiscordServer, Fault, Intent, Permission, Refused, Upload

FETCH = "GET /channels/{channel_id}/messages/{message_id}"


@pytest.mark.usefixtures("bot")
async def test_every_photo_in_private_is_taken_those_of_one_message_together(
    server: DiscordServer, lab: Lab
) -> None:
    ada = server.person()
    ada.message(ada.private(), "", [photo(1), photo(2), photo(3)])
    job = await only_job(server, lab)
    assert len(job.photos) == 3
    results = [await enhanced(lab, job, n) for n in range(3)]
    await publish(lab, job, *results)
    await server.until(lambda: last(ada, ada.private()).files)
    shown = last(ada, ada.private())
    assert len(from_bot(ada, ada.private())) == 1
    assert [file.name for file in shown.files] == [f"result-{n}.png" for n in range(3)]
    assert len(shown.gallery) == 3
    assert "3 of 3" in shown.text


@pytest.mark.usefixtures("bot")
async def test_a_name_that_discord_would_change_is_kept_for_the_person(
    server: DiscordServer, lab: Lab
) -> None:
    ada = server.person()
    ada.message(ada.private(), "", [photo(name="Überfahrt 1.png")])
    job = await only_job(server, lab)
    assert job.photos[0].name == "Überfahrt 1.png"


@pytest.mark.usefixtures("bot")
async def test_in_a_server_only_who_speaks_to_the_bot_is_answered(
    server: DiscordServer, lab: Lab
) -> None:
    ada = server.person()
    guild = server.guild("Photographers", ada)
    await community(lab, guild)
    channel = guild.channel()
    ada.message(channel, "just chatting")
    ada.message(channel, "holiday", [photo(1)])
    asked = ada.message(channel, "upscale 2x", [photo(2)], mention_bot=True)
    job = await only_job(server, lab)
    assert job.recipe.scale == 2
    (shown,) = from_bot(ada, channel)
    assert shown.reply_to == asked.message_id


@pytest.mark.usefixtures("bot")
async def test_a_mention_in_answer_to_a_photo_takes_that_photo(
    server: DiscordServer, lab: Lab
) -> None:
    ada, eve = server.person(), server.person("Eve")
    guild = server.guild("Photographers", ada, eve)
    await community(lab, guild)
    channel = guild.channel()
    hers = eve.message(channel, "", [photo(1), photo(2)])
    ada.message(channel, "portrait 60", mention_bot=True, reply_to=hers)
    job = await only_job(server, lab)
    assert len(job.photos) == 2
    assert job.recipe.faces == 60


@pytest.mark.usefixtures("bot")
async def test_an_answer_to_the_bots_own_answer_takes_the_photo_in_it(
    server: DiscordServer, lab: Lab
) -> None:
    ada = server.person()
    guild = server.guild("Photographers", ada)
    await community(lab, guild)
    channel = guild.channel()
    ada.message(channel, "", [photo()], mention_bot=True)
    job = await only_job(server, lab)
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: last(ada, channel).files)
    ada.message(channel, "/upscale 2x", reply_to=last(ada, channel))
    await server.until(lambda: len(from_bot(ada, channel)) == 2)
    await only_job(server, lab)


@pytest.mark.usefixtures("bot")
async def test_unasked_photos_are_taken_where_the_server_wants_it(
    server: DiscordServer, lab: Lab
) -> None:
    ada = server.person()
    guild = server.guild("Photographers", ada)
    channel = guild.channel()
    await community(lab, guild, mode=Mode.EVERY, channels=(str(channel.channel_id),))
    ada.message(guild.channel("elsewhere"), "", [photo(1)])
    ada.message(channel, "", [photo(2)])
    await only_job(server, lab)
    thread = ada.thread(channel, "side talk")
    ada.message(thread, "", [photo(3)])
    await only_job(server, lab, count=2)


@pytest.mark.usefixtures("bot")
async def test_an_answer_in_a_thread_of_its_own(server: DiscordServer, lab: Lab) -> None:
    ada = server.person()
    guild = server.guild("Photographers", ada)
    await community(lab, guild, answers=Answers.THREAD)
    channel = guild.channel()
    asked = ada.message(channel, "", [photo()], mention_bot=True)
    job = await only_job(server, lab)
    assert asked.thread is not None
    thread = asked.thread
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: last(ada, thread).files)
    assert from_bot(ada, channel) == []


@pytest.mark.usefixtures("bot")
async def test_without_the_permission_for_threads_the_answer_is_a_reply(
    server: DiscordServer, lab: Lab
) -> None:
    ada = server.person()
    guild = server.guild("Photographers", ada)
    await community(lab, guild, answers=Answers.THREAD)
    channel = guild.channel()
    channel.forbid(Permission.CREATE_PUBLIC_THREADS)
    asked = ada.message(channel, "", [photo()], mention_bot=True)
    await only_job(server, lab)
    assert from_bot(ada, channel)[0].reply_to == asked.message_id


@pytest.mark.usefixtures("bot")
async def test_a_command_can_be_answered_in_a_thread_as_well(
    server: DiscordServer, lab: Lab
) -> None:
    ada = server.person()
    guild = server.guild("Photographers", ada)
    await community(lab, guild, answers=Answers.THREAD)
    channel = guild.channel()
    asked = ada.slash("enhance", channel, {"photo": photo()})
    job = await only_job(server, lab)
    assert asked.original is not None
    thread = asked.original.thread
    assert thread is not None
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: last(ada, thread).files)
    assert "thread" in said(ada, channel)


@pytest.mark.usefixtures("bot")
async def test_other_files_are_turned_down_kindly(server: DiscordServer) -> None:
    ada = server.person()
    ada.message(ada.private(), "", [Upload("notes.pdf", b"%PDF", "application/pdf")])
    await server.until(lambda: "PDF" in said(ada, ada.private()))


@pytest.mark.usefixtures("bot")
async def test_a_file_above_the_limit_is_not_even_fetched(server: DiscordServer, lab: Lab) -> None:
    ada = server.person()
    ada.message(ada.private(), "", [Upload("big.png", bytes(51_000_000))])
    await server.until(lambda: "51.0 MB" in said(ada, ada.private()))
    assert server.downloads == []


@pytest.mark.usefixtures("bot")
async def test_an_expired_link_is_asked_for_again(server: DiscordServer, lab: Lab) -> None:
    ada = server.person()
    server.fail("cdn", Refused(0, status=404, message="gone"))
    ada.message(ada.private(), "", [photo()])
    await only_job(server, lab)
    assert server.called(*FETCH.split())


@pytest.mark.usefixtures("bot")
async def test_a_download_that_breaks_off_is_tried_again(server: DiscordServer, lab: Lab) -> None:
    ada = server.person()
    server.fail("cdn", Fault(close=True))
    ada.message(ada.private(), "", [photo()])
    await only_job(server, lab)
    assert len(server.downloads) == 2


@pytest.mark.usefixtures("bot")
async def test_bots_are_not_answered(server: DiscordServer) -> None:
    ada = server.person()
    await server.until(lambda: server.gateway.ready)
    ada.message(ada.private(), "hello")
    await server.until(lambda: from_bot(ada, ada.private()))
    assert len(from_bot(ada, ada.private())) == 1


async def test_without_the_intent_the_bot_lives_and_says_what_is_missing(
    server: DiscordServer, lab: Lab, start_bot: StartBot
) -> None:
    server.privileged = Intent(0)
    ada = server.person()
    guild = server.guild("Photographers")
    guild.join(ada, guild.role("Keepers", Permission.MANAGE_GUILD))
    await community(lab, guild)
    channel = guild.channel()
    async with start_bot():
        await ready(server)
        asked = ada.slash("darkroom mode", channel, {"value": "everywhere"})
        await server.until(lambda: asked.original and not asked.original.loading)
        assert "Message Content Intent" in said(ada, channel)
        ada.message(channel, "", [photo(1)])
        ada.message(channel, "upscale 2x", [photo(2)], mention_bot=True)
        job = await only_job(server, lab)
        assert job.recipe.scale == 2


@pytest.mark.usefixtures("bot")
async def test_a_channel_that_the_bot_may_not_answer_in_is_told(
    server: DiscordServer, lab: Lab
) -> None:
    ada = server.person()
    guild = server.guild("Photographers")
    guild.join(ada, guild.role("Keepers", Permission.MANAGE_GUILD))
    await community(lab, guild)
    channel = guild.channel()
    asked = ada.slash("darkroom mode", channel, {"value": "here"})
    await server.until(lambda: asked.original and not asked.original.loading)
    assert "cannot" not in said(ada, channel)
    channel.forbid(Permission.ATTACH_FILES)
    asked = ada.slash("darkroom mode", channel, {"value": "everywhere"})
    await server.until(lambda: asked.original and not asked.original.loading)
    assert "Attach Files" in said(ada, channel)


@pytest.mark.usefixtures("bot")
async def test_a_message_is_answered_in_the_language_of_its_server(
    server: DiscordServer, lab: Lab
) -> None:
    ada = server.person()
    guild = server.guild("Fotografen", ada, locale="de")
    await community(lab, guild)
    channel = guild.channel()
    ada.message(channel, "status", mention_bot=True)
    await server.until(lambda: "kein Foto" in said(ada, channel))


@pytest.mark.usefixtures("bot")
async def test_a_new_server_is_greeted_once(server: DiscordServer, lab: Lab) -> None:
    ada = server.person()
    guild = server.guild("Photographers", ada, bot=False)
    channel = guild.channel()
    guild.add_bot()
    await server.until(lambda: from_bot(ada, channel))
    guild.go_down()
    guild.come_back()
    asked = ada.slash("help", channel)
    await server.until(lambda: asked.original and not asked.original.loading)
    assert len([shown for shown in from_bot(ada, channel) if not shown.ephemeral]) == 1
    guild.remove_bot()


async def test_a_server_joined_meanwhile_is_greeted_at_the_start(
    server: DiscordServer, lab: Lab, start_bot: StartBot
) -> None:
    ada = server.person()
    channel = server.guild("Photographers", ada).channel()
    async with start_bot():
        await server.until(lambda: from_bot(ada, channel))
    async with start_bot():
        await ready(server)
        await server.until(lambda: server.gateway.identified == 2)
    assert len(from_bot(ada, channel)) == 1


@pytest.mark.usefixtures("bot")
async def test_thanks_for_an_answer_are_no_wish_for_another(
    server: DiscordServer, lab: Lab
) -> None:
    ada = server.person()
    guild = server.guild("Photographers", ada)
    await community(lab, guild)
    channel = guild.channel()
    ada.message(channel, "", [photo()], mention_bot=True)
    job = await only_job(server, lab)
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: last(ada, channel).files)
    ada.message(channel, "thanks!", reply_to=last(ada, channel))
    ada.message(channel, "", [photo(2)], reply_to=from_bot(ada, channel)[0])
    await only_job(server, lab)
    assert len(from_bot(ada, channel)) == 2
