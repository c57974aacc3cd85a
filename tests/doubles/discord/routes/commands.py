"""The registration of application commands, everywhere and in single guilds."""

from typing import TYPE_CHECKING

from tests.doubles.discord.rest import Answer, Call, Route, listed
from tests.doubles.discord.rules import Refused

if TYPE_CHECKING:
    from tests.doubles.discord.server import DiscordServer


def _all(server: "DiscordServer", call: Call) -> Answer:
    return 200, server.commands.registered(_scope(server, call))


def _overwrite(server: "DiscordServer", call: Call) -> Answer:
    return 200, server.commands.overwrite(_scope(server, call), listed(call.body))


def _create(server: "DiscordServer", call: Call) -> Answer:
    command, new = server.commands.create(_scope(server, call), call.body)
    return (201 if new else 200), command


def _one(server: "DiscordServer", call: Call) -> Answer:
    return 200, server.commands.one(_scope(server, call), call.number("command_id"))


def _edit(server: "DiscordServer", call: Call) -> Answer:
    scope = _scope(server, call)
    return 200, server.commands.edit(scope, call.number("command_id"), call.body)


def _delete(server: "DiscordServer", call: Call) -> Answer:
    server.commands.delete(_scope(server, call), call.number("command_id"))
    return 204, None


def _scope(server: "DiscordServer", call: Call) -> int | None:
    if call.number("application_id") != server.application_id:
        raise Refused(20012, status=403, message="You are not authorized on this application")
    if "guild_id" not in call.path:
        return None
    guild = server.guilds.get(call.number("guild_id"))
    if guild is None or not guild.has_bot:
        raise Refused(50001)
    return guild.guild_id


ROUTES: dict[tuple[str, str], Route] = {}
for _base in ("/applications/{application_id}", "/applications/{application_id}/guilds/{guild_id}"):
    ROUTES |= {
        ("GET", f"{_base}/commands"): _all,
        ("PUT", f"{_base}/commands"): _overwrite,
        ("POST", f"{_base}/commands"): _create,
        ("GET", f"{_base}/commands/{{command_id}}"): _one,
        ("PATCH", f"{_base}/commands/{{command_id}}"): _edit,
        ("DELETE", f"{_base}/commands/{{command_id}}"): _delete,
    }
