"""Permissions: the bits, and how roles and overwrites of a channel add up."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntFlag


class Permission(IntFlag):
    """The bits that the double knows, at Discord's places."""

    KICK_MEMBERS = 1 << 1
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    USE_EXTERNAL_APPS = 1 << 50


NOTHING = Permission(0)
ALL = Permission((1 << 53) - 1)
USUAL = (
    Permission.ADD_REACTIONS
    | Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.CREATE_PRIVATE_THREADS
    | Permission.SEND_MESSAGES_IN_THREADS
    | Permission.USE_EXTERNAL_APPS
)
IN_PRIVATE = USUAL & ~Permission.CREATE_PUBLIC_THREADS & ~Permission.CREATE_PRIVATE_THREADS


@dataclass
class Overwrite:
    """What a channel grants and takes beyond the roles; `kind` is 0 for a role, 1 for a member."""

    target: int
    kind: int
    allow: Permission = NOTHING
    deny: Permission = NOTHING

    def described(self) -> dict[str, object]:
        """The overwrite object of the API."""
        return {
            "id": str(self.target),
            "type": self.kind,
            "allow": str(int(self.allow)),
            "deny": str(int(self.deny)),
        }


def granted(
    everyone: int, roles: dict[int, Permission], user: int, overwrites: Iterable[Overwrite]
) -> Permission:
    """The permissions of a member: `roles` by id with the one of `everyone`, then the channel's."""
    total = NOTHING
    for permissions in roles.values():
        total |= permissions
    if Permission.ADMINISTRATOR in total:
        return ALL
    mine = list(overwrites)
    ranks = [
        [o for o in mine if o.kind == 0 and o.target == everyone],
        [o for o in mine if o.kind == 0 and o.target != everyone and o.target in roles],
        [o for o in mine if o.kind == 1 and o.target == user],
    ]
    for rank in ranks:
        for overwrite in rank:
            total &= ~overwrite.deny
        for overwrite in rank:
            total |= overwrite.allow
    return total if Permission.VIEW_CHANNEL in total else NOTHING
