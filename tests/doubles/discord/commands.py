"""Application commands: what may be registered, and what is."""

import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.doubles.discord.rules import Json, Refused, bad_length, invalid, required

if TYPE_CHECKING:
    from tests.doubles.discord.users import Snowflakes

CHAT_INPUT, USER_MENU, MESSAGE_MENU = 1, 2, 3
SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN = 1, 2, 3, 4, 5
USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = 6, 7, 8, 9, 10, 11
_MOST = {CHAT_INPUT: 100, USER_MENU: 15, MESSAGE_MENU: 15}
_CHOOSABLE = {STRING, INTEGER, NUMBER}
LOCALES = {
    "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl",
    "no", "pl", "pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th",
    "zh-CN", "ja", "zh-TW", "ko", "ar", "he",
}  # fmt: skip


class Commands:
    """The registered commands, global ones under None and others under their guild's id."""

    def __init__(self, ids: "Snowflakes", application_id: int) -> None:
        self._ids = ids
        self._application_id = application_id
        self._scopes: dict[int | None, dict[int, Json]] = {}

    def registered(self, guild_id: int | None = None) -> list[Json]:
        """The commands of a scope."""
        return list(self._scopes.get(guild_id, {}).values())

    def one(self, guild_id: int | None, command_id: int) -> Json:
        """A command by its id; raises Refused."""
        command = self._scopes.get(guild_id, {}).get(command_id)
        if command is None:
            raise Refused(10063)
        return command

    def offered(self, kind: int, name: str, guild_id: int | None) -> Json | None:
        """The command that a person finds under a name: the guild's own comes first."""
        for scope in (guild_id, None):
            for command in self.registered(scope):
                if (command["type"], command["name"]) == (kind, name):
                    return command
        return None

    def overwrite(self, guild_id: int | None, bodies: list[Json]) -> list[Json]:
        """Replace all commands of a scope; those of the same name and type keep their ids."""
        known = {(c["type"], c["name"]): c for c in self.registered(guild_id)}
        made: dict[int, Json] = {}
        seen = set()
        for n, body in enumerate(bodies):
            command = self._made(guild_id, body, f"{n}.", known)
            key = (command["type"], command["name"])
            if key in seen:
                words = "Application command names must be unique"
                raise invalid(f"{n}", "APPLICATION_COMMANDS_DUPLICATE_NAME", words)
            seen.add(key)
            made[int(command["id"])] = command
        self._count(made)
        self._scopes[guild_id] = made
        return list(made.values())

    def create(self, guild_id: int | None, body: Json) -> tuple[Json, bool]:
        """Register one command, or replace that of the same name; says whether it is new."""
        known = {(c["type"], c["name"]): c for c in self.registered(guild_id)}
        command = self._made(guild_id, body, "", known)
        scope = self._scopes.setdefault(guild_id, {})
        new = int(command["id"]) not in scope
        self._count(scope | {int(command["id"]): command})
        scope[int(command["id"])] = command
        return command, new

    def edit(self, guild_id: int | None, command_id: int, body: Json) -> Json:
        """Change a command."""
        before = self.one(guild_id, command_id)
        name: str = body.get("name") or before["name"]
        known: dict[tuple[int, str], Json] = {(before["type"], name): before}
        command = self._made(guild_id, before | body | {"type": before["type"]}, "", known)
        self._scopes[guild_id][command_id] = command
        return command

    def delete(self, guild_id: int | None, command_id: int) -> None:
        """Take a command away."""
        self.one(guild_id, command_id)
        del self._scopes[guild_id][command_id]

    def _count(self, commands: dict[int, Json]) -> None:
        for kind, most in _MOST.items():
            if sum(command["type"] == kind for command in commands.values()) > most:
                words = f"Maximum number of application commands reached ({most})."
                raise Refused(30032, status=400, message=words)

    def _made(
        self, guild_id: int | None, body: Json, place: str, known: dict[tuple[int, str], Json]
    ) -> Json:
        kind = body.get("type") or CHAT_INPUT
        _check_command(body, kind, place)
        before = known.get((kind, body["name"]))
        permissions = body.get("default_member_permissions")
        made: Json = {
            "id": before["id"] if before else str(self._ids.next()),
            "application_id": str(self._application_id),
            "version": str(self._ids.next()),
            "type": kind,
            "name": body["name"],
            "name_localizations": body.get("name_localizations"),
            "description": body.get("description") or "",
            "description_localizations": body.get("description_localizations"),
            "default_member_permissions": None if permissions is None else str(permissions),
            "nsfw": bool(body.get("nsfw", False)),
        }
        if body.get("options"):
            made["options"] = [_bare(option) for option in body["options"]]
        if guild_id is not None:
            return made | {"guild_id": str(guild_id)}
        contexts = body.get("contexts")
        made |= {"contexts": contexts, "integration_types": body.get("integration_types") or [0]}
        made["dm_permission"] = contexts is None or 1 in contexts
        return made


def leaf(command: Json, names: list[str]) -> tuple[list[Json], list[Json]] | None:
    """The path of subcommands by `names` and the options of the last one; None if not there."""
    path: list[Json] = []
    options: list[Json] = command.get("options") or []
    for name in names:
        found = [o for o in options if o["name"] == name and o["type"] in (SUBCOMMAND, GROUP)]
        if not found:
            return None
        path.append(found[0])
        options = found[0].get("options") or []
    if any(option["type"] in (SUBCOMMAND, GROUP) for option in options):
        return None
    return path, options


def _bare(option: Json) -> Json:
    kept = {key: value for key, value in option.items() if value is not None}
    if "options" in kept:
        kept["options"] = [_bare(inner) for inner in kept["options"]]
    return kept


def _check_command(body: Json, kind: int, place: str) -> None:
    if "name" not in body:
        raise required(f"{place}name")
    if kind == CHAT_INPUT:
        _check_names(body, place)
        _check_descriptions(body, place)
        _check_options(body.get("options") or [], f"{place}options")
        if _characters(body) > 8000:
            words = "The command exceeds 8000 characters"
            raise invalid(f"{place}name", "APPLICATION_COMMAND_TOO_LARGE", words)
        return
    if not 1 <= len(body["name"]) <= 32:
        raise bad_length(f"{place}name", 1, 32)
    if body.get("description"):
        words = "Context menu commands cannot have description"
        raise invalid(f"{place}description", "APPLICATION_COMMAND_CONTEXT_DESCRIPTION", words)
    if body.get("options"):
        words = "Context menu commands cannot have options"
        raise invalid(f"{place}options", "APPLICATION_COMMAND_CONTEXT_OPTIONS", words)


def _check_names(part: Json, place: str) -> None:
    if "name" not in part:
        raise required(f"{place}name")
    names = {f"{place}name": part["name"]}
    for locale, name in _localized(part, "name_localizations", place):
        names[f"{place}name_localizations.{locale}"] = name
    for where, name in names.items():
        if not _is_name(name):
            words = r"String value did not match validation regex."
            raise invalid(where, "STRING_TYPE_REGEX", words)


def _check_descriptions(part: Json, place: str) -> None:
    texts = {f"{place}description": part.get("description") or ""}
    for locale, text in _localized(part, "description_localizations", place):
        texts[f"{place}description_localizations.{locale}"] = text
    for where, text in texts.items():
        if not 1 <= len(text) <= 100:
            raise bad_length(where, 1, 100)


def _localized(part: Json, key: str, place: str) -> list[tuple[str, str]]:
    localized: dict[str, str] = part.get(key) or {}
    for locale in localized:
        if locale not in LOCALES:
            words = f"Value must be one of {sorted(LOCALES)}."
            raise invalid(f"{place}{key}.{locale}", "ENUM_TYPE_COERCE", words)
    return list(localized.items())


def _check_options(options: list[Json], place: str) -> None:
    if len(options) > 25:
        raise bad_length(place, 0, 25)
    names: set[str] = set()
    optional = False
    for n, option in enumerate(options):
        where = f"{place}.{n}."
        _check_names(option, where)
        _check_descriptions(option, where)
        if option["name"] in names:
            words = "Option name already exists"
            raise invalid(where[:-1], "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", words)
        names.add(option["name"])
        if option.get("required") and optional:
            words = "Required options must be placed before non-required options"
            raise invalid(where[:-1], "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", words)
        optional = optional or not option.get("required")
        _check_option(option, where)


def _check_option(option: Json, where: str) -> None:
    if not 1 <= option.get("type", 0) <= ATTACHMENT:
        raise invalid(f"{where}type", "BASE_TYPE_CHOICES", "Value must be one of 1 to 11.")
    if option["type"] in (SUBCOMMAND, GROUP):
        _check_options(option.get("options") or [], f"{where}options")
    choices = option.get("choices") or []
    if (choices or option.get("autocomplete")) and option["type"] not in _CHOOSABLE:
        words = "This type of option has no choices"
        raise invalid(f"{where}type", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", words)
    if choices and option.get("autocomplete"):
        words = "Autocomplete and choices are mutually exclusive"
        code = "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES_MUTUALLY_EXCLUSIVE"
        raise invalid(where[:-1], code, words)
    check_choices(choices, option["type"], f"{where}choices")


def check_choices(choices: list[Json], kind: int, place: str) -> None:
    """Refuse choices of an option, or suggestions for it, that Discord would not show."""
    if len(choices) > 25:
        raise bad_length(place, 0, 25)
    fits: dict[int, Callable[[object], bool]] = {
        STRING: lambda value: isinstance(value, str) and 1 <= len(value) <= 100,
        INTEGER: lambda value: isinstance(value, int) and abs(value) < 2**53,
        NUMBER: lambda value: isinstance(value, int | float),
    }
    for n, choice in enumerate(choices):
        if not 1 <= len(choice["name"]) <= 100:
            raise bad_length(f"{place}.{n}.name", 1, 100)
        if not fits[kind](choice["value"]):
            raise invalid(f"{place}.{n}.value", "BASE_TYPE_BAD_VALUE", "The value does not fit.")


def _is_name(name: str) -> bool:
    if not 1 <= len(name) <= 32 or name != name.lower():
        return False
    return all(c in "-_'" or unicodedata.category(c)[0] in "LNM" for c in name)


def _characters(part: Json) -> int:
    own = len(part["name"]) + len(part.get("description") or "")
    choices = part.get("choices") or ()
    inner = sum(_characters(option) for option in part.get("options") or ())
    return own + inner + sum(len(c["name"]) + len(str(c["value"])) for c in choices)
