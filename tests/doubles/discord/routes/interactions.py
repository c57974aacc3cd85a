"""Answers to interactions: the first one, and what their token allows afterwards."""

from typing import TYPE_CHECKING

from tests.doubles.discord import posts
from tests.doubles.discord.interactions import Interaction, callback
from tests.doubles.discord.rest import Answer, Call, Route
from tests.doubles.discord.rules import Refused

if TYPE_CHECKING:
    from tests.doubles.discord.server import DiscordServer

_WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"


def _answer(server: "DiscordServer", call: Call) -> Answer:
    interaction = server.interactions.get(call.path["interaction_token"])
    if interaction is None or interaction.interaction_id != call.number("interaction_id"):
        raise Refused(10062)
    interaction.answer(call.body, call.files)
    if call.query.get("with_response") in ("1", "true"):
        return 200, callback(interaction)
    return 204, None


def _follow(server: "DiscordServer", call: Call) -> Answer:
    return 200, _interaction(server, call).follow(call.body or {}, call.files).described()


def _get(server: "DiscordServer", call: Call) -> Answer:
    return 200, _interaction(server, call).message(_name(call)).described()


def _edit(server: "DiscordServer", call: Call) -> Answer:
    interaction = _interaction(server, call)
    message = interaction.message(_name(call))
    return 200, interaction.edit(message, call.body or {}, call.files).described()


def _delete(server: "DiscordServer", call: Call) -> Answer:
    posts.remove(_interaction(server, call).message(_name(call)))
    return 204, None


def _interaction(server: "DiscordServer", call: Call) -> Interaction:
    interaction = server.interactions.get(call.path["webhook_token"])
    if call.number("webhook_id") != server.application_id:
        raise Refused(10015)
    if interaction is None:
        raise Refused(50027)
    return interaction


def _name(call: Call) -> str:
    return call.path.get("message_id", "@original")


ROUTES: dict[tuple[str, str], Route] = {
    ("POST", "/interactions/{interaction_id}/{interaction_token}/callback"): _answer,
    ("POST", _WEBHOOK): _follow,
}
for _which in ("@original", "{message_id}"):
    ROUTES |= {
        ("GET", f"{_WEBHOOK}/messages/{_which}"): _get,
        ("PATCH", f"{_WEBHOOK}/messages/{_which}"): _edit,
        ("DELETE", f"{_WEBHOOK}/messages/{_which}"): _delete,
    }
