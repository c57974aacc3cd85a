"""Buttons: answered at once, counted once, alive after a restart."""

import pytest

from bots.conversation import Lab
from core import captions
from core.communities import Mode
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
from tests.doubles.discord import Channel, DiscordServer, Fault, Permission, Person, Upload


async def answered(server: DiscordServer, lab: Lab, person: Person, channel: Channel) -> None:
    """A photo asked for by a message and answered."""
    person.message(channel, "", [photo()], mention_bot=channel.guild is not None)
    job = await only_job(server, lab)
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: last(person, channel).files)


@pytest.mark.usefixtures("bot")
async def test_a_press_makes_another_answer_beside_the_first(
    server: DiscordServer, lab: Lab
) -> None:
    ada = server.person()
    guild = server.guild("Photographers", ada)
    await community(lab, guild)
    channel = guild.channel()
    await answered(server, lab, ada, channel)
    answer = last(ada, channel)
    pressed = ada.press(answer, captions.LABELS["2x"])
    await server.until(lambda: pressed.acknowledged)
    job = await only_job(server, lab)
    assert job.recipe.scale == 2
    assert last(ada, channel).reply_to == answer.message_id
    await publish(lab, job, await enhanced(lab, job, 0))
    await server.until(lambda: len([s for s in from_bot(ada, channel) if s.files]) == 2)
    assert not any(shown.ephemeral for shown in from_bot(ada, channel))


@pytest.mark.usefixtures("bot")
async def test_quick_clicks_count_once(server: DiscordServer, lab: Lab) -> None:
    ada = server.person()
    await answered(server, lab, ada, ada.private())
    answer = last(ada, ada.private())
    presses = [ada.press(answer, captions.LABELS["2x"]) for _ in range(3)]
    await server.until(lambda: all(press.acknowledged for press in presses))
    await only_job(server, lab)
    assert len(from_bot(ada, ada.private())) == 2


@pytest.mark.usefixtures("bot")
async def test_somebody_elses_button_says_so_to_them_alone(server: DiscordServer, lab: Lab) -> None:
    ada, eve = server.person(), server.person("Eve")
    guild = server.guild("Photographers", ada, eve)
    await community(lab, guild)
    channel = guild.channel()
    await answered(server, lab, ada, channel)
    eve.press(last(ada, channel), captions.LABELS["2x"])
    await server.until(lambda: "Only the person" in said(eve, channel))
    assert "Only the person" not in said(ada, channel)


async def test_buttons_live_on_after_a_restart(
    server: DiscordServer, lab: Lab, start_bot: StartBot
) -> None:
    ada = server.person()
    async with start_bot():
        await ready(server)
        await answered(server, lab, ada, ada.private())
    async with start_bot():
        await server.until(lambda: server.gateway.ready)
        ada.press(last(ada, ada.private()), captions.LABELS["2x"])
        assert (await only_job(server, lab)).recipe.scale == 2


@pytest.mark.usefixtures("bot")
async def test_a_private_answers_buttons_answer_in_private(server: DiscordServer, lab: Lab) -> None:
    ada = server.person()
    guild = server.guild("Photographers", ada)
    await community(lab, guild)
    channel = guild.channel()
    ada.slash("enhance", channel, {"photo": photo(), "private": True})
    job = await only_job(server, lab)
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: last(ada, channel).files)
    ada.press(last(ada, channel), captions.LABELS["2x"])
    job = await only_job(server, lab)
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: len([s for s in from_bot(ada, channel) if s.files]) == 2)
    assert all(shown.ephemeral for shown in from_bot(ada, channel))


@pytest.mark.usefixtures("bot")
async def test_the_original_comes_back_byte_by_byte(server: DiscordServer, lab: Lab) -> None:
    ada = server.person()
    ada.message(ada.private(), "", [photo(5, "mine.png")])
    job = await only_job(server, lab)
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: last(ada, ada.private()).files)
    ada.press(last(ada, ada.private()), captions.LABELS["original"])
    await server.until(lambda: len(from_bot(ada, ada.private())) == 2)
    (file,) = last(ada, ada.private()).files
    assert file.data == photo(5).data


@pytest.mark.usefixtures("bot")
async def test_a_photo_that_is_gone_is_told(server: DiscordServer, lab: Lab) -> None:
    ada = server.person()
    asked = ada.message(ada.private(), "", [photo()])
    job = await only_job(server, lab)
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: last(ada, ada.private()).files)
    ada.delete(asked)
    ada.press(last(ada, ada.private()), captions.LABELS["2x"])
    await server.until(lambda: "send it again" in said(ada, ada.private()))


@pytest.mark.usefixtures("bot")
async def test_a_commands_photo_serves_while_its_link_does(server: DiscordServer, lab: Lab) -> None:
    ada = server.person()
    ada.slash("enhance", ada.private(), {"photo": photo()})
    job = await only_job(server, lab)
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: last(ada, ada.private()).files)
    answer = last(ada, ada.private())
    ada.press(answer, captions.LABELS["2x"])
    job = await only_job(server, lab)
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: last(ada, ada.private()).files)
    server.expire_links()
    ada.press(answer, captions.LABELS["stronger"])
    await server.until(lambda: "send it again" in said(ada, ada.private()))


@pytest.mark.usefixtures("bot")
async def test_cancelling_by_the_button(server: DiscordServer, lab: Lab) -> None:
    ada = server.person()
    ada.message(ada.private(), "", [photo()])
    await only_job(server, lab)
    ada.press(last(ada, ada.private()), captions.CANCEL)
    await server.until(lambda: any("Cancelled" in s.text for s in from_bot(ada, ada.private())))


@pytest.mark.usefixtures("bot")
async def test_the_panel_of_settings_is_turned_in_place(server: DiscordServer, lab: Lab) -> None:
    ada = server.person()
    guild = server.guild("Photographers")
    guild.join(ada, guild.role("Keepers", Permission.MANAGE_GUILD))
    await community(lab, guild)
    channel = guild.channel()
    asked = ada.slash("darkroom settings", channel)
    await server.until(lambda: asked.original and not asked.original.loading)
    panel = last(ada, channel)
    assert panel.ephemeral
    ada.press(panel, "Photos")
    await server.until(lambda: "everywhere" in last(ada, channel).buttons)
    ada.press(last(ada, channel), "everywhere")
    await server.until(lambda: "✓ everywhere" in last(ada, channel).buttons)
    kept = await lab.communities.get("discord", str(guild.guild_id))
    assert kept.mode is Mode.EVERY
    assert len(from_bot(ada, channel)) == 1


@pytest.mark.usefixtures("bot")
async def test_an_original_too_large_to_send_is_told_in_words(
    server: DiscordServer, lab: Lab
) -> None:
    ada = server.person()
    big = Upload("big.png", photo().data + bytes(12 * 1024 * 1024))
    ada.message(ada.private(), "", [big])
    job = await only_job(server, lab)
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: last(ada, ada.private()).files)
    ada.press(last(ada, ada.private()), captions.LABELS["original"])
    await server.until(lambda: "big.png" in said(ada, ada.private()))


@pytest.mark.usefixtures("bot")
async def test_a_press_that_failed_on_the_way_is_handled_again(
    server: DiscordServer, lab: Lab
) -> None:
    ada = server.person()
    await answered(server, lab, ada, ada.private())
    server.fail("POST /channels/{channel_id}/messages", Fault(close=True), Fault(status=503))
    ada.press(last(ada, ada.private()), captions.LABELS["2x"])
    await only_job(server, lab)
    assert len(from_bot(ada, ada.private())) == 2
