"""The bot's account, its application and the way to the gateway."""

from typing import TYPE_CHECKING

from tests.doubles.discord.rest import Answer, Call, Route
from tests.doubles.discord.rules import Refused

if TYPE_CHECKING:
    from tests.doubles.discord.server import DiscordServer


def _myself(server: "DiscordServer", call: Call) -> Answer:
    return 200, server.myself()


def _user(server: "DiscordServer", call: Call) -> Answer:
    for user in server.users():
        if user.user_id == call.number("user_id"):
            return 200, user.described()
    raise Refused(10013)


def _private(server: "DiscordServer", call: Call) -> Answer:
    person = server.people.get(int((call.body or {}).get("recipient_id", 0)))
    if person is None:
        raise Refused(10013)
    return 200, person.private().described()


def _application(server: "DiscordServer", call: Call) -> Answer:
    return 200, server.application()


def _gateway(server: "DiscordServer", call: Call) -> Answer:
    return 200, {"url": server.gateway_url}


def _gateway_bot(server: "DiscordServer", call: Call) -> Answer:
    limit = {"total": 1000, "remaining": 999, "reset_after": 86_400_000, "max_concurrency": 1}
    return 200, {"url": server.gateway_url, "shards": 1, "session_start_limit": limit}


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/users/@me"): _myself,
    ("GET", "/users/{user_id}"): _user,
    ("POST", "/users/@me/channels"): _private,
    ("GET", "/applications/@me"): _application,
    ("GET", "/oauth2/applications/@me"): _application,
    ("GET", "/gateway"): _gateway,
    ("GET", "/gateway/bot"): _gateway_bot,
}
