"""Intents: which events a client asked for."""

from enum import IntFlag


class Intent(IntFlag):
    """The bits that the double knows, at Discord's places."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15


PRIVILEGED = Intent.GUILD_MEMBERS | Intent.GUILD_PRESENCES | Intent.MESSAGE_CONTENT

# the flags of an application, by the privileged intent that they allow a small bot
FLAGS = {
    Intent.GUILD_PRESENCES: 1 << 13,
    Intent.GUILD_MEMBERS: 1 << 15,
    Intent.MESSAGE_CONTENT: 1 << 19,
}

_KINDS = {
    "GUILD_MEMBER_": (Intent.GUILD_MEMBERS, None),
    "GUILD_": (Intent.GUILDS, None),
    "CHANNEL_": (Intent.GUILDS, Intent.DIRECT_MESSAGES),
    "THREAD_": (Intent.GUILDS, None),
    "MESSAGE_REACTION_": (Intent.GUILD_MESSAGE_REACTIONS, Intent.DIRECT_MESSAGE_REACTIONS),
    "MESSAGE_": (Intent.GUILD_MESSAGES, Intent.DIRECT_MESSAGES),
    "TYPING_": (Intent.GUILD_MESSAGE_TYPING, Intent.DIRECT_MESSAGE_TYPING),
}


def needed(event: str, *, private: bool) -> Intent | None:
    """The intent that an event needs, None if every client receives it."""
    for start, (in_guild, in_private) in _KINDS.items():
        if event.startswith(start):
            return in_private if private else in_guild
    return None
