"""What a person fills into the options of a slash command, as Discord's own client allows it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.doubles.discord import commands
from tests.doubles.discord.rules import Json

if TYPE_CHECKING:
    from tests.doubles.discord.server import DiscordServer


class NotOffered(AssertionError):
    """Discord's client would not offer this, so a test that does it is wrong."""


class NotAllowed(Exception):
    """The person lacks the permission, so that Discord's client hides the command."""


@dataclass(frozen=True)
class Upload:
    """A file that a person picks."""

    name: str
    data: bytes = field(repr=False)
    media_type: str = "image/png"


def filled(
    server: "DiscordServer", known: list[Json], values: dict[str, Any], *, whole: bool = True
) -> tuple[list[Json], Json]:
    """The options of an interaction and its resolved objects; raises NotOffered.

    Without `whole` the person is still typing: nothing is required and any text will do.
    """
    by_name = {option["name"]: option for option in known}
    if unknown := values.keys() - by_name.keys():
        raise NotOffered(f"no such option: {sorted(unknown)}; there are {sorted(by_name)}")
    missing = [name for name, o in by_name.items() if o.get("required") and name not in values]
    if whole and missing:
        raise NotOffered(f"required options are missing: {missing}")
    resolved: dict[str, Json] = {}
    options = []
    for name, value in values.items():
        kind = by_name[name]["type"]
        told = _told(server, kind, value, resolved)
        if whole:
            _check(by_name[name], told)
        options.append({"name": name, "type": kind, "value": told})
    return options, resolved


def _told(server: "DiscordServer", kind: int, value: Any, resolved: dict[str, Json]) -> Any:
    if kind == commands.ATTACHMENT:
        file = value if isinstance(value, Upload) else Upload(*value)
        folder = f"/ephemeral-attachments/{server.application_id}"
        stored = server.cdn.store(server.ids.next(), file.name, file.data, file.media_type, folder)
        told = str(stored.file_id)
        resolved.setdefault("attachments", {})[told] = server.cdn.described(stored, ephemeral=True)
        return told
    if kind == commands.USER:
        told = str(value.user.user_id)
        resolved.setdefault("users", {})[told] = value.user.described()
        return told
    if kind == commands.CHANNEL:
        told = str(value.channel_id)
        resolved.setdefault("channels", {})[told] = value.described(server.bot)
        return told
    if kind == commands.ROLE:
        told = str(value.role_id)
        resolved.setdefault("roles", {})[told] = value.described()
        return told
    return value


def _check(option: Json, value: Any) -> None:
    kind, name = option["type"], option["name"]
    fits = {
        commands.STRING: isinstance(value, str),
        commands.INTEGER: isinstance(value, int) and not isinstance(value, bool),
        commands.BOOLEAN: isinstance(value, bool),
        commands.NUMBER: isinstance(value, int | float) and not isinstance(value, bool),
    }.get(kind, isinstance(value, str))
    if not fits:
        raise NotOffered(f"{name} does not take {value!r}")
    choices = [choice["value"] for choice in option.get("choices") or ()]
    if choices and value not in choices:
        raise NotOffered(f"{name} is one of {choices}, not {value!r}")
    size, low, high = value, option.get("min_value"), option.get("max_value")
    if kind == commands.STRING:
        size, low, high = len(value), option.get("min_length"), option.get("max_length", 6000)
    if (low is not None and size < low) or (high is not None and size > high):
        raise NotOffered(f"{name} lies between {low} and {high}, not {value!r}")
