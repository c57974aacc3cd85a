"""Channels: text channels, threads and private conversations with their messages."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Optional, Union

from tests.doubles.discord.permissions import IN_PRIVATE, NOTHING, Overwrite, Permission
from tests.doubles.discord.rules import Json, Refused
from tests.doubles.discord.users import User
from tests.doubles.discord.views import Shown, shown

if TYPE_CHECKING:
    from tests.doubles.discord.guilds import Guild, Role
    from tests.doubles.discord.messages import Message
    from tests.doubles.discord.people import Person
    from tests.doubles.discord.server import DiscordServer

GUILD_TEXT, PRIVATE, GROUP, PUBLIC_THREAD = 0, 1, 3, 11


class Channel:
    """A place with messages, in the order they were sent."""

    def __init__(
        self,
        server: "DiscordServer",
        kind: int,
        name: str = "",
        *,
        guild: Optional["Guild"] = None,
        parent: Optional["Channel"] = None,
        recipients: tuple[User, ...] = (),
        owner: User | None = None,
        channel_id: int | None = None,
    ) -> None:
        self.server = server
        self.channel_id = channel_id or server.ids.next()
        self.kind = kind
        self.name = name
        self.guild = guild
        self.parent = parent
        self.recipients = recipients
        self.owner = owner
        self.archived = False
        self.joined: set[int] = set()
        self.threads: list[Channel] = []
        self.typing = 0
        self.overwrites: dict[int, Overwrite] = {}
        self.messages: dict[int, Message] = {}
        self.nonces: dict[str, Message] = {}
        self.created = datetime.now(UTC)

    def permissions(self, user: User) -> Permission:
        """What somebody may do here."""
        if self.guild is not None:
            return self.guild.permissions(user, self)
        return IN_PRIVATE if user in self.recipients else NOTHING

    def permit(
        self,
        target: Union["Role", "Person", User],
        *,
        allow: Permission = NOTHING,
        deny: Permission = NOTHING,
    ) -> None:
        """Overwrite what a role, a person or the bot may do here."""
        target_id, kind = _target(target)
        self.overwrites[target_id] = Overwrite(target_id, kind, allow, deny)
        self.server.gateway.dispatch("CHANNEL_UPDATE", self.described(), guild=self.guild)

    def forbid(self, permissions: Permission) -> None:
        """Take these permissions from the bot here."""
        self.permit(self.server.bot, deny=permissions)

    def delete(self) -> None:
        """Remove the channel or thread with all that is in it."""
        event = "THREAD_DELETE" if self.parent else "CHANNEL_DELETE"
        self.server.gateway.dispatch(event, self.described(), guild=self.guild)
        for place in [self, *self.threads]:
            self.server.channels.pop(place.channel_id, None)
        if self.parent is not None:
            self.parent.threads.remove(self)
        elif self.guild is not None:
            self.guild.channels.pop(self.channel_id, None)
        self.server.changed()

    def thread(self, name: str, owner: User, starter: Optional["Message"] = None) -> "Channel":
        """A new public thread, on a message or on none."""
        if starter is not None and starter.thread is not None:
            raise Refused(160004)
        thread = Channel(
            self.server,
            PUBLIC_THREAD,
            name,
            guild=self.guild,
            parent=self,
            owner=owner,
            channel_id=None if starter is None else starter.message_id,
        )
        thread.joined.add(owner.user_id)
        self.threads.append(thread)
        self.server.channels[thread.channel_id] = thread
        if starter is not None:
            starter.thread = thread
        created = thread.described() | {"newly_created": True}
        self.server.gateway.dispatch("THREAD_CREATE", created, guild=self.guild)
        self.server.changed()
        return thread

    def message(self, message_id: int) -> "Message":
        """A message that is here for everybody; raises Refused."""
        message = self.messages.get(message_id)
        if message is None or message.visible_to is not None:
            raise Refused(10008)
        return message

    def shown(self) -> list[Shown]:
        """What everybody sees here, oldest first."""
        return [shown(m) for _, m in sorted(self.messages.items()) if m.visible_to is None]

    def from_bot(self) -> list[Shown]:
        """What everybody sees of the bot here, oldest first."""
        return [view for view in self.shown() if view.author == self.server.bot.username]

    def described(self, viewer: User | None = None) -> Json:
        """The channel object of the API, with what a viewer may do where one is given."""
        last = max((i for i, m in self.messages.items() if m.visible_to is None), default=None)
        described: Json = {
            "id": str(self.channel_id),
            "type": self.kind,
            "flags": 0,
            "last_message_id": None if last is None else str(last),
        }
        if self.guild is None:
            bot = self.server.bot
            others = [user.described() for user in self.recipients if user != bot]
            return described | {"recipients": others} | self._as_group()
        described |= {"guild_id": str(self.guild.guild_id), "name": self.name}
        described |= {"rate_limit_per_user": 0}
        if viewer is not None:
            described["permissions"] = str(int(self.permissions(viewer)))
        return described | (self._as_thread() if self.parent else self._as_text())

    def _as_group(self) -> Json:
        if self.kind != GROUP:
            return {}
        return {
            "name": self.name or None,
            "icon": None,
            "owner_id": str(self.recipients[0].user_id),
        }

    def _as_text(self) -> Json:
        return {
            "position": 0,
            "parent_id": None,
            "topic": None,
            "nsfw": False,
            "permission_overwrites": [o.described() for o in self.overwrites.values()],
        }

    def _as_thread(self) -> Json:
        assert self.parent is not None
        owner = self.owner or self.server.bot
        described: Json = {
            "parent_id": str(self.parent.channel_id),
            "owner_id": str(owner.user_id),
            "message_count": len(self.messages),
            "total_message_sent": len(self.messages),
            "member_count": len(self.joined),
            "thread_metadata": {
                "archived": self.archived,
                "archive_timestamp": self.created.isoformat(),
                "auto_archive_duration": 1440,
                "locked": False,
                "create_timestamp": self.created.isoformat(),
            },
        }
        bot = self.server.bot.user_id
        if bot in self.joined:
            described["member"] = {
                "id": str(self.channel_id),
                "user_id": str(bot),
                "join_timestamp": self.created.isoformat(),
                "flags": 0,
            }
        return described


def _target(target: "Role | Person | User") -> tuple[int, int]:
    if isinstance(target, User):
        return target.user_id, 1
    user = getattr(target, "user", None)
    if isinstance(user, User):
        return user.user_id, 1
    return int(getattr(target, "role_id")), 0  # noqa: B009
