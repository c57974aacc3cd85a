"""Guilds and their members, as the bot may ask for them."""

from typing import TYPE_CHECKING

from tests.doubles.discord.rest import Answer, Call, Route
from tests.doubles.discord.rules import Refused

if TYPE_CHECKING:
    from tests.doubles.discord.guilds import Guild
    from tests.doubles.discord.server import DiscordServer


def _mine(server: "DiscordServer", call: Call) -> Answer:
    return 200, [
        {
            "id": str(guild.guild_id),
            "name": guild.name,
            "icon": None,
            "banner": None,
            "owner": False,
            "permissions": str(int(guild.permissions(server.bot))),
            "features": [],
        }
        for guild in server.guilds.values()
        if guild.has_bot
    ]


def _leave(server: "DiscordServer", call: Call) -> Answer:
    _guild(server, call).remove_bot()
    return 204, None


def _one(server: "DiscordServer", call: Call) -> Answer:
    return 200, _guild(server, call).described()


def _channels(server: "DiscordServer", call: Call) -> Answer:
    guild = _guild(server, call)
    return 200, [channel.described() for channel in guild.channels.values()]


def _member(server: "DiscordServer", call: Call) -> Answer:
    guild = _guild(server, call)
    member = guild.members.get(call.number("user_id"))
    if member is None:
        raise Refused(10007)
    return 200, member.described()


def _guild(server: "DiscordServer", call: Call) -> "Guild":
    guild = server.guilds.get(call.number("guild_id"))
    if guild is None:
        raise Refused(10004)
    if not guild.has_bot:
        raise Refused(50001)
    return guild


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/users/@me/guilds"): _mine,
    ("DELETE", "/users/@me/guilds/{guild_id}"): _leave,
    ("GET", "/guilds/{guild_id}"): _one,
    ("GET", "/guilds/{guild_id}/channels"): _channels,
    ("GET", "/guilds/{guild_id}/members/{user_id}"): _member,
}
