"""Commands, buttons and forms: the double refuses what Discord refuses."""

from typing import Any

import discord
import pytest

from tests.doubles.discord import (
    Channel,
    DiscordServer,
    Guild,
    Intent,
    NotAllowed,
    NotOffered,
    Permission,
    Person,
)
from tests.doubles.discord_tests.client import PHOTO, Bot, buttons, file, refused, running, slash


async def test_a_slash_command_is_deferred_and_answered(
    server: DiscordServer, bot: Bot, general: Channel, guild: Guild, ada: Person
) -> None:
    guild.premium_tier = 2
    sent, asked = await slash(bot, ada, general)
    assert (asked.locale, asked.filesize_limit) == (discord.Locale.german, 50 << 20)
    data: Any = asked.data
    ((number, attachment),) = data["resolved"]["attachments"].items()
    assert f"/ephemeral-attachments/{server.application_id}/{number}/" in attachment["url"]
    await asked.response.defer()
    assert [view.loading for view in general.shown()] == [True]
    original = await asked.edit_original_response(
        content="x2", attachments=[file("a b.png"), file("ä.png")], view=buttons("again")
    )
    (shown,) = ada.sees(general)
    assert (shown.text, shown.buttons, shown.loading) == ("x2", {"x": "again"}, False)
    assert [(f.name, f.data) for f in shown.files] == [
        ("a_b.png", PHOTO.data),
        ("unknown.png", PHOTO.data),
    ]
    assert shown.command == "enhance"
    assert await original.attachments[0].read() == PHOTO.data
    assert (await asked.original_response()).attachments[0].width == 40
    second = await asked.followup.send("one more", wait=True)
    await asked.followup.edit_message(second.id, content="two")
    await asked.followup.delete_message(second.id)
    await asked.delete_original_response()
    assert general.shown() == []
    assert sent.acknowledged
    assert server.faults == []


@pytest.mark.parametrize("deleted", [False, True])
async def test_a_first_followup_is_seen_by_all_unless_the_public_answer_is_gone(
    bot: Bot, general: Channel, ada: Person, deleted: bool
) -> None:
    _, asked = await slash(bot, ada, general)
    await asked.response.defer()
    if deleted:
        await asked.delete_original_response()
    await asked.followup.send("psst", ephemeral=True)
    (shown,) = ada.sees(general)
    assert (shown.text, shown.ephemeral) == ("psst", deleted)


async def test_the_first_answer_has_three_seconds_and_comes_once(
    server: DiscordServer, bot: Bot, general: Channel, ada: Person
) -> None:
    _, late = await slash(bot, ada, general)
    await refused(10015, late.followup.send("too early"))
    server.advance(3.1)
    await refused(10062, late.response.defer())
    assert ada.notices == ["The application did not respond"]
    ada.slash("enhance", general, {"photo": PHOTO})
    asked = await bot.asked.get()
    await asked.response.send_message("first")
    await refused(40060, discord.InteractionResponse(asked).send_message("second"))


async def test_a_token_lives_fifteen_minutes(
    server: DiscordServer, bot: Bot, general: Channel, ada: Person
) -> None:
    sent, asked = await slash(bot, ada, general)
    await asked.response.defer()
    server.age_interaction(sent, 901)
    await refused(50027, asked.edit_original_response(content="too late"))
    await refused(50027, asked.followup.send("too late"))
    assert sent.failed


async def test_what_is_deferred_ephemerally_stays_with_its_person(
    server: DiscordServer, bot: Bot, general: Channel, guild: Guild, ada: Person
) -> None:
    _, asked = await slash(bot, ada, general)
    await asked.response.defer(ephemeral=True)
    message = await asked.followup.send("secret", file=file(), wait=True)
    assert general.shown() == []
    (shown,) = ada.sees(general)
    assert (shown.text, shown.ephemeral, shown.loading) == ("secret", True, False)
    assert "/ephemeral-attachments/" in message.attachments[0].url
    bob = server.person("Bob")
    guild.join(bob)
    assert bob.sees(general) == []
    await refused(10008, bot.http.get_message(general.channel_id, message.id))
    assert server.faults == []


async def test_a_context_menu_needs_no_content_intent_but_messages_do(
    server: DiscordServer, general: Channel, ada: Person
) -> None:
    async with running(server, Bot(content=False)) as bot:
        await bot.register()
        message = ada.message(general, "look", [("a.heic", b"photo", "image/heic")])
        heard = await bot.heard.get()
        assert (heard.content, heard.attachments) == ("", [])
        ada.message(general, "look", [PHOTO], mention_bot=True, reply_to=message)
        heard = await bot.heard.get()
        assert len(heard.attachments) == 1
        assert heard.reference is not None
        assert isinstance(heard.reference.resolved, discord.Message)
        assert heard.reference.resolved.attachments == []
        ada.message(ada.private(), "private")
        assert (await bot.heard.get()).content == "private"
        ada.context_menu("Enhance photo", message)
        asked = await bot.asked.get()
        data: Any = asked.data
        (told,) = data["resolved"]["messages"].values()
        assert told["attachments"][0]["content_type"] == "image/heic"
        server.privileged = Intent(0)
        fetched = await bot.http.get_message(general.channel_id, message.message_id)
        assert fetched["content"] == ""
    assert server.faults == []


async def test_buttons(
    server: DiscordServer, bot: Bot, place: discord.TextChannel, general: Channel, ada: Person
) -> None:
    view = buttons("again")
    view.add_item(discord.ui.Button(label="Done", custom_id="done", disabled=True))
    await place.send("result", view=view)
    (message,) = general.shown()
    for wrong in ("Done", "Missing"):
        with pytest.raises(NotOffered):
            ada.press(message, wrong)
    ada.press(message, "x")
    asked = await bot.asked.get()
    assert asked.message is not None
    await asked.response.edit_message(content="at work", view=None)
    await asked.followup.send("for you", ephemeral=True)
    assert [view.text for view in general.shown()] == ["at work"]
    assert [view.text for view in ada.sees(general)] == ["at work", "for you"]
    await place.send("second", view=buttons("again"))
    ada.press(general.shown()[-1], "again")
    asked = await bot.asked.get()
    await asked.response.defer()
    await asked.edit_original_response(content="changed")
    assert general.shown()[-1].text == "changed"
    assert server.faults == []


async def test_forms_and_suggestions(
    server: DiscordServer, bot: Bot, general: Channel, ada: Person
) -> None:
    sent, asked = await slash(bot, ada, general)
    typed = ada.autocomplete("enhance", general, "model", "vivid")
    await server.until(lambda: typed.choices)
    assert typed.choices == [{"name": "vivid x4", "value": "x4"}]
    form = discord.ui.Modal(title="Settings", custom_id="form")
    form.add_item(discord.ui.TextInput(label="Largest scale", custom_id="scale"))
    await asked.response.send_modal(form)
    ada.submit(sent, {"scale": "8"})
    entered = await bot.asked.get()
    await entered.response.send_message("saved", ephemeral=True)
    assert [view.text for view in ada.sees(general)] == ["saved"]
    assert server.faults == []


async def test_only_what_is_registered_is_offered(
    server: DiscordServer, bot: Bot, guild: Guild, general: Channel, ada: Person
) -> None:
    with pytest.raises(NotOffered, match="not registered"):
        ada.slash("enhance", general)
    await bot.register()
    wrong: list[dict[str, Any]] = [{}, {"photo": PHOTO, "scale": 9}, {"photo": PHOTO, "x": 1}]
    for options in wrong:
        with pytest.raises(NotOffered):
            ada.slash("enhance", general, options)
    with pytest.raises(NotOffered, match="context"):
        ada.slash("settings", ada.private())
    with pytest.raises(NotAllowed):
        ada.slash("settings", general)
    guild.join(ada, guild.role("Keeper", Permission.MANAGE_GUILD))
    ada.slash("settings", general)
    await bot.asked.get()
    await bot.tree.sync(guild=discord.Object(guild.guild_id))
    assert len(server.commands.registered()) == 3
    assert server.commands.registered(guild.guild_id) == []


async def test_an_application_of_a_person_works_where_the_bot_is_not(
    server: DiscordServer, bot: Bot, ada: Person
) -> None:
    await bot.register()
    elsewhere = server.guild("Elsewhere", ada, bot=False)
    channel = elsewhere.channel()
    message = ada.message(channel, files=[PHOTO])
    with pytest.raises(NotOffered, match="not installed"):
        ada.context_menu("Enhance photo", message)
    ada.install()
    ada.context_menu("Enhance photo", message, user_install=True)
    asked = await bot.asked.get()
    await asked.response.send_message("1", file=file())
    for number in range(5):
        await asked.followup.send(str(number))
    await refused(40094, asked.followup.send("sixth"))
    await refused(50001, bot.http.get_channel(channel.channel_id))
    elsewhere.permit(elsewhere.everyone, Permission.VIEW_CHANNEL | Permission(1 << 31))
    ada.context_menu("Enhance photo", message, user_install=True)
    await (await bot.asked.get()).response.send_message("hidden")
    assert ada.sees(channel)[-1].ephemeral
    ada.slash("enhance", ada.private(), {"photo": PHOTO})
    asked = await bot.asked.get()
    assert isinstance(asked.channel, discord.DMChannel)
    await asked.response.send_message("in private", file=file())
    assert ada.sees(ada.private())[0].text == "in private"
    friend = server.person("Bob")
    private = friend.message(ada.group(friend), files=[PHOTO])
    ada.context_menu("Enhance photo", private, user_install=True)
    await (await bot.asked.get()).response.send_message("there too")
    assert server.faults == []


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("regex", {"name": "Enhance"}),
        ("length", {"description": ""}),
        ("length", {"description": "x" * 101}),
        ("Required options", {"options": [{"name": "a"}, {"name": "b", "required": True}]}),
        ("already exists", {"options": [{"name": "a"}, {"name": "a"}]}),
        ("length", {"options": [{"name": f"o{n}"} for n in range(26)]}),
        ("length", {"options": [{"name": "a", "choices": [{"name": "x", "value": "x"}] * 26}]}),
        ("one of", {"name_localizations": {"xx": "enhance"}}),
        ("regex", {"name_localizations": {"de": "Verbessern"}}),
        ("no choices", {"options": [{"name": "a", "type": 11, "autocomplete": True}]}),
        ("cannot have description", {"type": 3, "description": "x"}),
    ],
)
async def test_commands_are_checked(
    server: DiscordServer, bot: Bot, words: str, command: dict[str, Any]
) -> None:
    body: Any = {"name": "enhance", "description": "Enhance", "type": 1} | command
    for option in body.get("options", []):
        option.setdefault("type", 3)
        option.setdefault("description", "x")
    twice: Any = [{"name": "a", "description": "x", "type": 1}] * 2
    await refused(50035, bot.http.upsert_global_command(server.application_id, body), words)
    await refused(50035, bot.http.bulk_upsert_global_commands(server.application_id, twice))
