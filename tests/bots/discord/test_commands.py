"""Slash commands: what they offer, the words they become, and the answers to them."""

import asyncio
from collections.abc import Iterator

import pytest

from bots.conversation import Lab
from bots.discord.commands import _STRENGTHS, MENU, Asked
from core import captions, notices
from core.commands import FORMS, STRENGTHS, Action
from core.communities import Who
from core.rules import RULES
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
from tests.doubles.discord import (
    DiscordServer,
    Fault,
    Json,
    NotAllowed,
    NotOffered,
    Permission,
    Refused,
    Upload,
)

pytestmark = pytest.mark.usefixtures("bot")

DEFER = "POST /interactions/{interaction_id}/{interaction_token}/callback"
ORIGINAL = "/webhooks/{webhook_id}/{webhook_token}/messages/@original"


async def test_every_command_of_the_table_is_registered(server: DiscordServer) -> None:
    registered = {command["name"]: command for command in server.commands.registered()}
    shown = {name for name, form in FORMS.items() if not form.operator} - {"start"}
    assert registered.keys() == shown | {MENU}
    assert registered["darkroom"]["default_member_permissions"] == str(1 << 5)
    assert registered["darkroom"]["contexts"] == [0]
    assert registered["enhance"]["integration_types"] == [0, 1]
    options = [option["name"] for option in registered["upscale"]["options"]]
    assert options[:2] == ["photo", "scale"]
    subcommands = {option["name"] for option in registered["darkroom"]["options"]}
    assert subcommands == {"settings", "enable", "disable", "export", *RULES}


async def test_summaries_and_names_of_options_are_translated(server: DiscordServer) -> None:
    registered = {command["name"]: command for command in server.commands.registered()}
    assert registered["status"]["description_localizations"]["de"] == "wo deine Fotos sind"
    assert "de" not in (registered["status"].get("name_localizations") or {})


async def test_a_photo_by_command_becomes_the_answer_in_its_response(
    server: DiscordServer, lab: Lab
) -> None:
    ada = server.person()
    guild = server.guild("Photographers", ada)
    await community(lab, guild)
    channel = guild.channel()
    options = {
        "photo": photo(),
        "scale": "4x",
        "denoise": 60,
        "which": "main",
        "model": "general x4v3",
        "format": "png",
        "collage": False,
        "words": "sharp",
    }
    asked = ada.slash("enhance", channel, options)
    job = await only_job(server, lab)
    recipe = job.recipe
    assert (recipe.scale, recipe.denoise, recipe.which_faces, recipe.format) == (
        4,
        60,
        "main",
        "png",
    )
    assert (recipe.model, recipe.collage, recipe.sharpen) == ("generalx4v3", False, 50)
    assert job.community == str(guild.guild_id)
    assert job.max_bytes == server.limits.file
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: last(ada, channel).files)
    shown = last(ada, channel)
    assert [file.name for file in shown.files] == ["result-0.png"]
    assert [file.name for file in shown.gallery] == ["comparison-1.jpg"]
    assert "64 × 48 before" in shown.text
    assert captions.LABELS["2x"] in shown.buttons
    assert not shown.ephemeral
    assert len(from_bot(ada, channel)) == 1
    assert asked.original is not None
    assert asked.original.message_id == shown.message_id


async def test_a_private_answer_is_seen_by_the_asker_alone(server: DiscordServer, lab: Lab) -> None:
    ada, eve = server.person(), server.person("Eve")
    guild = server.guild("Photographers", ada, eve)
    await community(lab, guild)
    channel = guild.channel()
    ada.slash("portrait", channel, {"photo": photo(), "private": True})
    job = await only_job(server, lab)
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: last(ada, channel).files)
    assert last(ada, channel).ephemeral
    assert from_bot(eve, channel) == []


@pytest.mark.parametrize("name", ["help", "status", "cancel"])
async def test_what_concerns_the_asker_is_shown_to_them_alone(
    server: DiscordServer, lab: Lab, name: str
) -> None:
    ada = server.person()
    guild = server.guild("Photographers", ada)
    await community(lab, guild)
    channel = guild.channel()
    ada.slash(name, channel)
    await server.until(lambda: from_bot(ada, channel) and not last(ada, channel).loading)
    assert last(ada, channel).ephemeral


async def test_wrong_words_and_wrong_files_are_told_to_the_asker_alone(
    server: DiscordServer, lab: Lab
) -> None:
    ada = server.person()
    guild = server.guild("Photographers", ada)
    await community(lab, guild)
    channel = guild.channel()
    ada.slash("enhance", channel, {"photo": photo(), "words": "blurrr"})
    await server.until(lambda: "blurrr" in said(ada, channel))
    assert last(ada, channel).ephemeral
    film = Upload("film.mp4", b"film", "video/mp4")
    ada.slash("enhance", channel, {"photo": film})
    await server.until(lambda: "videos" in said(ada, channel))
    assert last(ada, channel).ephemeral


async def test_what_is_refused_is_told_to_the_asker_alone_and_leaves_nothing_behind(
    server: DiscordServer, lab: Lab
) -> None:
    ada, eve = server.person(), server.person("Eve")
    guild = server.guild("Photographers", ada, eve)
    channel = guild.channel()
    await community(lab, guild, enabled=False)
    ada.slash("enhance", channel, {"photo": photo()})
    await server.until(lambda: "not switched on" in said(ada, channel))
    await community(lab, guild, daily=1)
    ada.slash("enhance", channel, {"photo": photo()})
    await only_job(server, lab)
    ada.slash("enhance", channel, {"photo": photo(1)})
    await server.until(lambda: "You can send the next in" in said(ada, channel))
    first, queued, second = from_bot(ada, channel)
    assert (first.ephemeral, queued.ephemeral, second.ephemeral) == (True, False, True)
    assert [shown.message_id for shown in from_bot(eve, channel)] == [queued.message_id]


async def test_a_refusal_that_cannot_be_whispered_is_told_aloud(
    server: DiscordServer, lab: Lab
) -> None:
    ada = server.person()
    guild = server.guild("Photographers", ada)
    channel = guild.channel()
    await community(lab, guild, enabled=False)
    server.fail("DELETE " + ORIGINAL, Fault(close=True), Fault(status=500))
    server.fail("POST /webhooks/{webhook_id}/{webhook_token}", Refused(10008, status=404))
    ada.slash("enhance", channel, {"photo": photo()})
    await server.until(lambda: "not switched on" in said(ada, channel))
    (shown,) = from_bot(ada, channel)
    assert not shown.ephemeral


async def test_the_answer_is_in_the_askers_language(server: DiscordServer) -> None:
    ada = server.person(locale="de")
    ada.slash("status", ada.private())
    await server.until(lambda: "kein Foto" in said(ada, ada.private()))


async def test_a_command_is_acknowledged_before_anything_else(
    server: DiscordServer, lab: Lab
) -> None:
    ada = server.person()
    held = asyncio.Event()
    server.fail("cdn", Fault(hold=held))
    asked = ada.slash("enhance", ada.private(), {"photo": photo()})
    await server.until(lambda: asked.acknowledged)
    assert server.downloads == [] or not held.is_set()
    held.set()
    await only_job(server, lab)


async def test_a_command_that_was_given_up_is_answered_like_a_message(
    server: DiscordServer, lab: Lab
) -> None:
    ada = server.person()
    held = asyncio.Event()
    server.fail(DEFER, Fault(hold=held))
    asked = ada.slash("enhance", ada.private(), {"photo": photo()})
    server.age_interaction(asked, 4)
    held.set()
    job = await only_job(server, lab)
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: last(ada, ada.private()).files)


async def test_the_menu_of_a_message_takes_all_its_photos_without_the_intent(
    server: DiscordServer, lab: Lab
) -> None:
    ada, eve = server.person(), server.person("Eve")
    guild = server.guild("Photographers", ada, eve)
    await community(lab, guild)
    channel = guild.channel()
    message = eve.message(channel, "look", [photo(1), photo(2)])
    ada.context_menu(MENU, message)
    job = await only_job(server, lab)
    assert len(job.photos) == 2
    assert job.user == str(ada.user.user_id)


async def test_the_menu_of_a_message_tells_the_asker_alone_what_is_no_photo_in_it(
    server: DiscordServer, lab: Lab
) -> None:
    ada, eve = server.person(), server.person("Eve")
    guild = server.guild("Photographers", ada, eve)
    await community(lab, guild)
    channel = guild.channel()
    film = Upload("film.mp4", b"film", "video/mp4")
    ada.context_menu(MENU, eve.message(channel, "look", [photo(1), film]))
    job = await only_job(server, lab)
    assert len(job.photos) == 1
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: last(eve, channel).files)
    told, answer = from_bot(ada, channel)
    assert "videos" in told.text
    assert (told.ephemeral, answer.ephemeral) == (True, False)
    assert [shown.message_id for shown in from_bot(eve, channel)] == [answer.message_id]


async def test_the_menu_of_a_message_without_photos_says_so_to_the_asker_alone(
    server: DiscordServer, lab: Lab
) -> None:
    ada = server.person()
    guild = server.guild("Photographers", ada)
    await community(lab, guild)
    channel = guild.channel()
    ada.context_menu(MENU, ada.message(channel, "look"))
    await server.until(lambda: from_bot(ada, channel) and not last(ada, channel).loading)
    assert last(ada, channel).ephemeral


async def test_settings_are_for_those_who_manage_the_server(
    server: DiscordServer, lab: Lab
) -> None:
    ada, eve = server.person(), server.person("Eve")
    guild = server.guild("Photographers", eve)
    role = guild.role("Keepers", Permission.MANAGE_GUILD)
    guild.join(ada, role)
    channel = guild.channel()
    with pytest.raises(NotAllowed):
        eve.slash("darkroom enable", channel)
    ada.slash("darkroom enable", channel)
    await server.until(lambda: any(m.ephemeral and not m.loading for m in from_bot(ada, channel)))
    asked = ada.slash("darkroom who", channel, {"role": role})
    await server.until(lambda: asked.original and not asked.original.loading)
    kept = await lab.communities.get("discord", str(guild.guild_id))
    assert (kept.enabled, kept.who, kept.role) == (True, "role", str(role.role_id))
    asked = ada.slash("darkroom daily", channel, {"value": "20"})
    await server.until(lambda: asked.original and not asked.original.loading)
    assert (await lab.communities.get("discord", str(guild.guild_id))).daily == 20


async def test_who_the_server_lets_use_the_command_of_settings_needs_no_other_right(
    server: DiscordServer, lab: Lab
) -> None:
    ada, eve = server.person(), server.person("Eve")
    guild = server.guild("Photographers", eve)
    role = guild.role("Moderators")
    guild.join(ada, role)
    channel = guild.channel()
    with pytest.raises(NotAllowed):
        ada.slash("darkroom enable", channel)
    guild.allow("darkroom", role)
    asked = ada.slash("darkroom enable", channel)
    await server.until(lambda: asked.original and not asked.original.loading)
    kept = await lab.communities.get("discord", str(guild.guild_id))
    assert kept.enabled
    await community(lab, guild, who=Who.ADMINS)
    ada.slash("enhance", channel, {"photo": photo()})
    await server.until(lambda: notices.ADMINS_ONLY in said(ada, channel))


@pytest.mark.parametrize(
    ("value", "who"),
    [("admins", Who.ADMINS), ("role", Who.ROLE), ("everyone", Who.EVERYONE)],
)
async def test_a_value_beside_a_role_counts(
    server: DiscordServer, lab: Lab, value: str, who: Who
) -> None:
    ada = server.person()
    guild = server.guild("Photographers")
    role = guild.role("Keepers", Permission.MANAGE_GUILD)
    guild.join(ada, role)
    await community(lab, guild, who=Who.EVERYONE if value != "everyone" else Who.ADMINS)
    asked = ada.slash("darkroom who", guild.channel(), {"value": value, "role": role})
    await server.until(lambda: asked.original and not asked.original.loading)
    assert (await lab.communities.get("discord", str(guild.guild_id))).who is who


async def test_a_rule_offers_its_usual_values_while_one_types(server: DiscordServer) -> None:
    ada = server.person()
    guild = server.guild("Photographers")
    guild.join(ada, guild.role("Keepers", Permission.MANAGE_GUILD))
    typed = ada.autocomplete("darkroom cooldown", guild.channel(), "value", "3")
    await server.until(lambda: typed.choices is not None)
    assert [choice["value"] for choice in typed.choices or []] == ["30s"]


async def test_where_the_bot_is_not_the_answer_stays_within_the_interaction(
    server: DiscordServer, lab: Lab
) -> None:
    ada, eve = server.person(), server.person("Eve")
    ada.install()
    channel = ada.group(eve)
    ada.slash("upscale", channel, {"photo": photo(), "scale": "2x"}, user_install=True)
    job = await only_job(server, lab)
    assert job.community is None
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: last(ada, channel).files)
    elsewhere = server.guild("Elsewhere", ada, bot=False).channel()
    ada.slash("upscale", elsewhere, {"photo": photo(3)}, user_install=True)
    job = await only_job(server, lab)
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: last(ada, elsewhere).files)


async def test_ones_own_installation_is_no_way_around_a_server_that_has_the_bot(
    server: DiscordServer, lab: Lab
) -> None:
    ada = server.person()
    ada.install()
    guild = server.guild("Photographers", ada)
    channel = guild.channel()
    await community(lab, guild, enabled=False)
    ada.slash("upscale", channel, {"photo": photo()}, user_install=True)
    await server.until(lambda: "not switched on" in said(ada, channel))
    assert await lab.queue.owed("discord") == []
    await community(lab, guild, daily=1)
    ada.slash("upscale", channel, {"photo": photo()}, user_install=True)
    assert (await only_job(server, lab)).community == str(guild.guild_id)
    ada.slash("upscale", channel, {"photo": photo(1)}, user_install=True)
    await server.until(lambda: "You can send the next in" in said(ada, channel))


async def test_in_a_server_without_the_bot_the_asker_alone_sees_the_answer(
    server: DiscordServer, lab: Lab
) -> None:
    ada, eve = server.person(), server.person("Eve")
    ada.install()
    channel = server.guild("Elsewhere", ada, eve, bot=False).channel()
    ada.slash("upscale", channel, {"photo": photo()}, user_install=True)
    job = await only_job(server, lab)
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: last(ada, channel).files)
    ada.press(last(ada, channel), captions.LABELS["2x"])
    job = await only_job(server, lab)
    await publish(lab, job, await enhanced(lab, job))
    await server.until(lambda: len([s for s in from_bot(ada, channel) if s.files]) == 2)
    assert from_bot(eve, channel) == []


async def test_operators_commands_are_not_offered(server: DiscordServer) -> None:
    hidden = [name for name, form in FORMS.items() if form.operator]
    assert hidden
    for name in hidden:
        with pytest.raises(NotOffered):
            server.person().slash(name, server.person().private())


async def test_commands_are_registered_again_only_when_they_differ(
    server: DiscordServer, start_bot: StartBot
) -> None:
    route = "/applications/{application_id}/commands"
    assert len(server.called("PUT", route)) == 1
    async with start_bot():
        await server.until(lambda: len(server.called("GET", route)) == 1)
        await ready(server)
    assert len(server.called("PUT", route)) == 1


@pytest.mark.parametrize(
    ("asked", "ephemeral"),
    [
        (Asked("/help"), True),
        (Asked("/enhance"), True),
        (Asked("/enhance nonsense"), True),
    ],
)
def test_ephemeral(asked: Asked, ephemeral: bool) -> None:
    assert asked.ephemeral is ephemeral


def test_actions_are_all_known() -> None:
    assert {form.action for form in FORMS.values()} == set(Action)


async def test_names_of_options_differ_in_every_language(server: DiscordServer) -> None:
    def options(part: Json) -> Iterator[list[Json]]:
        if part.get("options"):
            yield part["options"]
            for option in part["options"]:
                yield from options(option)

    for command in server.commands.registered():
        for siblings in options(command):
            for code in ("de", "fr", "es-ES", "pt-BR", "ru"):
                names = [
                    (one.get("name_localizations") or {}).get(code) or one["name"]
                    for one in siblings
                ]
                assert len(set(names)) == len(names), (command["name"], code)


def test_every_strength_of_the_grammar_is_an_option() -> None:
    assert set(_STRENGTHS) == set(STRENGTHS)
