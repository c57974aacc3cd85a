"""What people in communities and operators read: introductions, refusals, panels, figures."""

from collections.abc import Sequence

from core import captions
from core.communities import Community
from core.language import N_, _, ngettext
from core.rules import RULES
from core.stats import Figures

ADMINS_ONLY = N_("Only administrators of this group can do that.")
ONLY_IN_GROUPS = N_("/darkroom has the settings of a group or server; write it there.")
NOT_FOR_YOU = N_("The administrators of this group let only some members use me here.")
IN_PRIVATE = N_("Noted. Ask me in private to see the lists.")
CLOSED = N_("This lab is not open to you. Whoever runs it can change that.")
TOGGLE_ON = N_("Switch on")
TOGGLE_OFF = N_("Switch off")
BACK = N_("‹ Back")


def introduction(at: str, usage: str) -> str:
    """The first words in a community, with how one asks for a photo there.

    `at` is the bot's name behind a command, like `@lab_bot`.
    """
    return _(
        "Hello! I am a photo lab: I remove noise, restore faces and enlarge photos, and give them "
        "back as full-quality files.\n\n"
        "I do nothing here until an administrator writes /darkroom{at} enable. After that: {usage}"
    ).format(at=at, usage=usage)


def not_enabled(at: str) -> str:
    """The answer where no administrator has switched the bot on."""
    return _(
        "I am not switched on here. An administrator of this group can do that: "
        "/darkroom{at} enable"
    ).format(at=at)


def enabled(at: str, usage: str) -> str:
    """The answer to `/darkroom enable`."""
    return _(
        "I am switched on. {usage}\n/help{at} shows the rest, /darkroom{at} settings what "
        "administrators can choose here."
    ).format(at=at, usage=usage)


def disabled(at: str) -> str:
    """The answer to `/darkroom disable`, and a part of others."""
    return _("I am switched off here. /darkroom{at} enable switches me on.").format(at=at)


def back(community: Community, at: str, usage: str) -> str:
    """The words in a community that the bot has come back to before it was forgotten."""
    state = usage if community.enabled else disabled(at)
    return _("I am back, and everything is set as it was. {state}").format(state=state)


def not_this_command(community: Community, at: str) -> str:
    """The answer to a command that a community does not allow."""
    allowed = ", ".join(f"/{name}{at}" for name in community.commands or ())
    return _("This command is not in use here. You can write {commands}.").format(commands=allowed)


def too_large_a_scale(scale: int, largest: int) -> str:
    """The answer to a wish beyond a community's largest scale."""
    if largest == 1:
        return _("Nothing is enlarged here. I can remove noise and restore faces.")
    return _("Here I enlarge up to {largest}x, not {scale}x. Try {largest}x.").format(
        largest=largest, scale=scale
    )


def panel(community: Community, at: str) -> str:
    """A community's settings, a line each."""
    head = _("I am switched on here.") if community.enabled else disabled(at)
    lines = [f"• {_(rule.title)}: {rule.show(community)}" for rule in RULES.values()]
    return "\n".join([head, *lines])


def page(name: str, community: Community, at: str) -> str:
    """One setting: what it is, its value, and how to write another."""
    rule = RULES[name]
    lines = [f"{_(rule.title)}: {rule.show(community)}", f"({_(rule.summary)})"]
    if rule.free and rule.example:
        example = f"/darkroom{at} {name} {rule.example}"
        lines.append(_("For example: {example}").format(example=example))
    return "\n".join(lines)


def changed(name: str, community: Community, at: str) -> str:
    """The answer to a setting that was changed."""
    rule = RULES[name]
    text = f"{_(rule.title)}: {rule.show(community)}."
    return text if community.enabled else f"{text} {disabled(at)}"


def figures(found: Figures) -> str:
    """The answer to /stats."""
    lines = [
        ngettext("{count} request in the queue", "{count} requests in the queue", found.queued),
        ngettext("{count} worker", "{count} workers", found.workers),
    ]
    told = [lines[0].format(count=found.queued), lines[1].format(count=found.workers)]
    if found.pace is not None:
        told.append(_("{time} a photo").format(time=captions.duration(found.pace)))
    today = found.today
    told.append(
        ngettext(
            "{count} photo enhanced today (UTC)",
            "{count} photos enhanced today (UTC)",
            today.enhanced,
        ).format(count=today.enhanced)
    )
    failed = sum(today.failed.values())
    told.append(ngettext("{count} failed", "{count} failed", failed).format(count=failed))
    by_number = sorted(today.failed.items(), key=lambda item: (-item[1], item[0]))
    return "\n".join([*told, *(f"   {cause}: {count}" for cause, count in by_number)])


def access(allowed: Sequence[str], denied: Sequence[str]) -> str:
    """The answer to /access: the lists, and how to change them."""
    lists = [
        _("Allowed: {names}").format(names=", ".join(allowed) or _("everyone")),
        _("Denied: {names}").format(names=", ".join(denied) or _("nobody")),
    ]
    how = _(
        "/access allow user 123, /access deny group 456, /access deny here, "
        "/access clear user 123. As soon as somebody is allowed, all others are kept out."
    )
    return "\n".join([*lists, how])
