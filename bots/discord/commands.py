"""The slash commands and the entry in a message's menu, made from the tables of commands and rules.

Whatever was chosen becomes words of the one grammar (`/enhance 4x denoise:60 png`): what they mean
is decided where a typed command is read.
"""

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import discord
from discord import app_commands

from bots.discord.translation import shortened
from core.commands import FORMS, Action, Form, parse
from core.errors import CommandError
from core.language import N_
from core.recipe import MODEL_NAME_MAX, SCALES, Format, Which
from core.rules import RULES, Rule

MENU = N_("Enhance photo")
EVERYWHERE = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True)
ANYBODYS = app_commands.AppInstallationType(guild=True, user=True)
IN_SERVERS = app_commands.AppCommandContext(guild=True, dm_channel=False, private_channel=False)
SERVERS_OWN = app_commands.AppInstallationType(guild=True, user=False)
_CHOICES_MAX = 25
_SETTINGS = {
    "settings": N_("show all settings, with buttons to change them"),
    "enable": N_("let members use me here"),
    "disable": N_("stop working here, and keep the settings"),
    "export": N_("the settings as a text to keep"),
}

Interaction = discord.Interaction[Any]
Callback = Callable[..., Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Asked:
    """A command in words, with the photo of its option or the message it was called on.

    `private` is what the person wished: that they alone see the answer.
    """

    text: str
    photo: discord.Attachment | None = None
    message: discord.Message | None = None
    private: bool = False

    @property
    def ephemeral(self) -> bool:
        """Whether the asker alone sees the answer: as wished, and what concerns nobody else."""
        try:
            command = parse(self.text)
        except CommandError:
            return True
        shown = self.photo is not None or self.message is not None
        return self.private or not shown or command is None or command.action is not Action.ENHANCE


Take = Callable[[Interaction, Asked], Awaitable[None]]


@dataclass(frozen=True)
class _Option:
    """One option: its type, what it is, and the words that a value becomes."""

    kind: Any
    summary: str
    words: Callable[[Any], str] = str
    choices: tuple[str, ...] = ()
    required: bool = False


_STRENGTHS = {
    N_("denoise"): N_("how strongly noise is removed, 0–100"),
    N_("faces"): N_("how strongly faces are restored, 0–100"),
    N_("sharpen"): N_("how strongly it is sharpened, 0–100"),
    N_("light"): N_("how strongly exposure, contrast and colour cast are corrected, 0–100"),
    N_("grain"): N_("how much of its own grain comes back, 0–100"),
    N_("creativity"): N_("from true to the photo (0) to invented detail (100)"),
}


def _strength(name: str, summary: str) -> _Option:
    kind = app_commands.Range[int, 0, 100]
    return _Option(kind, summary, words=lambda value: f"{name}:{value}")


_OPTIONS: dict[str, _Option] = {
    N_("photo"): _Option(
        discord.Attachment, N_("the photo"), words=lambda _photo: "", required=True
    ),
    N_("scale"): _Option(
        str, N_("how many times larger"), choices=tuple(f"{scale}x" for scale in SCALES)
    ),
    **{name: _strength(name, summary) for name, summary in _STRENGTHS.items()},
    N_("which"): _Option(
        str,
        N_("which faces are restored"),
        words=lambda value: f"faces:{value}",
        choices=tuple(which.value for which in Which),
    ),
    N_("model"): _Option(
        app_commands.Range[str, 1, MODEL_NAME_MAX],
        N_("a model of the lab by its name"),
        words=lambda value: f"model:{''.join(str(value).split())}",
    ),
    N_("format"): _Option(
        str,
        N_("the file's format"),
        choices=tuple(one.value for one in Format if one is not Format.AUTO),
    ),
    N_("collage"): _Option(
        bool,
        N_("with a picture of before and after"),
        words=lambda value: "" if value else "nocollage",
    ),
    N_("words"): _Option(str, N_("more words, such as: 3000px sharp soft strong")),
    N_("private"): _Option(bool, N_("only you see the answer"), words=lambda _private: ""),
}


def command_tree(client: discord.Client, take: Take) -> app_commands.CommandTree[Any]:
    """Every command of the tables, each handed to `take` in words."""
    tree: app_commands.CommandTree[Any] = app_commands.CommandTree(client)
    for name, form in FORMS.items():
        if form.operator or form.action is Action.START:
            continue
        if form.action is Action.DARKROOM:
            tree.add_command(_settings(name, form, take))
        elif form.action is Action.ENHANCE:
            tree.add_command(_command(name, form.summary, _enhancing(name, take), _OPTIONS))
        else:
            tree.add_command(_command(name, form.summary, _plain(f"/{name}", take)))
    tree.add_command(_menu(take))
    return tree


def _enhancing(name: str, take: Take) -> Callback:
    async def run(interaction: Interaction, **chosen: Any) -> None:
        words = [
            _OPTIONS[option].words(value) for option, value in chosen.items() if value is not None
        ]
        text = " ".join([f"/{name}", *filter(None, words)])
        asked = Asked(text, photo=chosen.get("photo"), private=bool(chosen.get("private")))
        await take(interaction, asked)

    return run


def _plain(text: str, take: Take) -> Callback:
    async def run(interaction: Interaction, **chosen: Any) -> None:
        await take(interaction, Asked(text))

    return run


def _settings(name: str, form: Form, take: Take) -> app_commands.Group:
    group = app_commands.Group(
        name=name,
        description=shortened(form.summary),
        default_permissions=discord.Permissions(manage_guild=True),
        allowed_contexts=IN_SERVERS,
        allowed_installs=SERVERS_OWN,
    )
    for word, summary in _SETTINGS.items():
        group.add_command(_command(word, summary, _plain(f"/{name} {word}", take), parent=group))
    for word, rule in RULES.items():
        run = _changing(f"/{name} {word}", take)
        group.add_command(_command(word, rule.summary, run, _values(rule), parent=group))
    return group


def _changing(lead: str, take: Take) -> Callback:
    async def run(interaction: Interaction, **chosen: Any) -> None:
        role, value = chosen.get("role"), chosen.get("value") or ""
        if role is not None and value in ("", "role"):
            value = role.mention
        await take(interaction, Asked(f"{lead} {value}".strip()))

    return run


def _values(rule: Rule) -> dict[str, _Option]:
    """The options of a rule: its value, and a role where roles are understood."""
    roles = "role" in rule.needs
    value = _Option(
        str,
        N_("the new value"),
        choices=rule.choices,
        required=not roles,
    )
    role = _Option(discord.Role, N_("the role whose members may use me"))
    return {N_("value"): value} | ({N_("role"): role} if roles else {})


def _command(
    name: str,
    summary: str,
    run: Callback,
    options: Mapping[str, _Option] | None = None,
    *,
    parent: app_commands.Group | None = None,
) -> app_commands.Command[Any, ..., Any]:
    """A command whose options are a table; discord.py reads them from a signature."""
    options = options or {}
    parameters = [
        inspect.Parameter("interaction", inspect.Parameter.POSITIONAL_OR_KEYWORD),
        *(_parameter(option, of) for option, of in options.items()),
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    app_commands.describe(**{option: of.summary for option, of in options.items()})(run)
    offered = {
        option: [app_commands.Choice(name=word, value=word) for word in of.choices]
        for option, of in options.items()
        if of.choices and not _free(name, parent)
    }
    app_commands.choices(**offered)(run)
    command: app_commands.Command[Any, ..., Any] = app_commands.Command(
        name=name, description=shortened(summary), callback=run, parent=parent
    )
    if _free(name, parent):
        command.autocomplete("value")(_offering(options["value"].choices))
    if parent is None:
        command.allowed_contexts, command.allowed_installs = EVERYWHERE, ANYBODYS
    return command


def _free(name: str, parent: app_commands.Group | None) -> bool:
    """Whether a rule takes other words than those that it offers."""
    return parent is not None and name in RULES and RULES[name].free


def _parameter(name: str, option: _Option) -> inspect.Parameter:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    if option.required:
        return inspect.Parameter(name, kind, annotation=option.kind)
    return inspect.Parameter(name, kind, annotation=option.kind | None, default=None)


def _offering(words: tuple[str, ...]) -> Any:
    async def offer(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        fitting = [word for word in words if current.lower() in word] or list(words)
        return [app_commands.Choice(name=word, value=word) for word in fitting[:_CHOICES_MAX]]

    return offer


def _menu(take: Take) -> app_commands.ContextMenu:
    async def enhance(interaction: Interaction, message: discord.Message) -> None:
        await take(interaction, Asked("/enhance", message=message))

    return app_commands.ContextMenu(
        name=MENU, callback=enhance, allowed_contexts=EVERYWHERE, allowed_installs=ANYBODYS
    )
