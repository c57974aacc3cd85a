"""How what a person picks in Discord's client becomes an interaction."""

from typing import TYPE_CHECKING, Any

from tests.doubles.discord import commands
from tests.doubles.discord.channels import Channel
from tests.doubles.discord.interactions import Interaction
from tests.doubles.discord.options import NotAllowed, NotOffered
from tests.doubles.discord.permissions import Permission
from tests.doubles.discord.rules import Json
from tests.doubles.discord.users import User

if TYPE_CHECKING:
    from tests.doubles.discord.people import Person

IN_GUILD, WITH_BOT, ELSEWHERE = 0, 1, 2


def chosen(
    person: "Person", name: str, channel: Channel, user_install: bool
) -> tuple[Json, list[Json], list[Json]]:
    """A slash command, the path to its subcommand, and the options of that."""
    first, *rest = name.split()
    command = offered(person, commands.CHAT_INPUT, first, channel, user_install)
    if (found := commands.leaf(command, rest)) is None:
        raise NotOffered(f"/{name} is not registered")
    return command, *found


def offered(person: "Person", kind: int, name: str, channel: Channel, user_install: bool) -> Json:
    """The command that a person finds in a channel; raises NotOffered or NotAllowed."""
    guild, server = channel.guild, channel.server
    command = server.commands.offered(kind, name, None if guild is None else guild.guild_id)
    if command is None:
        raise NotOffered(f"{name} is not registered")
    place = _context(channel, server.bot)
    contexts = command.get("contexts")
    if contexts is not None and place not in contexts:
        raise NotOffered(f"{name} is not offered in context {place}")
    if int(user_install) not in command.get("integration_types", [0]):
        raise NotOffered(f"{name} is not for this kind of installation")
    if user_install and not person.installed:
        raise NotOffered("the person has not installed the application")
    if not user_install and (place == ELSEWHERE or (guild is not None and not guild.has_bot)):
        raise NotOffered("the application is not installed here")
    if guild is not None:
        _check_allowed(person, command, channel)
    return command


def interact(
    person: "Person",
    kind: int,
    channel: Channel,
    data: Json,
    user_install: bool,
    locale: str | None,
    **rest: Any,
) -> Interaction:
    """Make an interaction and tell the bot of it."""
    server, guild = channel.server, channel.guild
    owners = {"1": str(person.user.user_id)} if user_install else {}
    if not user_install:
        owners["0"] = "0" if guild is None else str(guild.guild_id)
    lonely = guild is not None and not guild.has_bot
    external = Permission.USE_EXTERNAL_APPS in channel.permissions(person.user)
    interaction = Interaction(
        server,
        kind,
        person,
        channel,
        data,
        owners,
        _context(channel, server.bot),
        locale or person.locale,
        server.seconds,
        interaction_id=server.ids.next(),
        forced=lonely and not external,
        **rest,
    )
    server.interact(interaction)
    return interaction


def told(
    command: Json, path: list[Json], values: list[Json], resolved: Json, channel: Channel
) -> Json:
    """The data of a slash command: its options inside those of its subcommands."""
    options = values
    for step in reversed(path):
        options = [{"name": step["name"], "type": step["type"], "options": options}]
    data: Json = {"id": command["id"], "name": command["name"], "type": command["type"]}
    if "guild_id" in command and channel.guild is not None:
        data["guild_id"] = str(channel.guild.guild_id)
    data["options"] = options
    return data | ({"resolved": resolved} if resolved else {})


def _check_allowed(person: "Person", command: Json, channel: Channel) -> None:
    mine = channel.permissions(person.user)
    if Permission.USE_APPLICATION_COMMANDS not in mine:
        raise NotAllowed("the person may not use applications here")
    asked = command["default_member_permissions"]
    if asked is None or Permission.ADMINISTRATOR in mine:
        return
    if channel.guild is not None and channel.guild.allows(command["name"], person.user):
        return
    if int(asked) == 0 or int(mine) & int(asked) != int(asked):
        raise NotAllowed(f"{command['name']} is hidden from {person.user.username}")


def _context(channel: Channel, bot: User) -> int:
    if channel.guild is not None:
        return IN_GUILD
    return WITH_BOT if bot in channel.recipients else ELSEWHERE
