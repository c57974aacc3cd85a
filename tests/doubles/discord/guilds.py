"""Guilds with their roles, members and channels; every change becomes a gateway event."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.doubles.discord.channels import GUILD_TEXT, Channel
from tests.doubles.discord.permissions import ALL, NOTHING, USUAL, Permission, granted
from tests.doubles.discord.rules import Json
from tests.doubles.discord.users import User

if TYPE_CHECKING:
    from tests.doubles.discord.people import Person
    from tests.doubles.discord.server import DiscordServer


@dataclass(eq=False)
class Role:
    """A role; the one of @everyone has the id of its guild."""

    role_id: int
    name: str
    permissions: Permission
    managed_by: int | None = None

    def described(self) -> Json:
        """The role object of the API."""
        described: Json = {
            "id": str(self.role_id),
            "name": self.name,
            "permissions": str(int(self.permissions)),
            "position": 0 if self.name == "@everyone" else 1,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "managed": self.managed_by is not None,
            "mentionable": False,
            "icon": None,
            "unicode_emoji": None,
            "flags": 0,
        }
        if self.managed_by is not None:
            described["tags"] = {"bot_id": str(self.managed_by)}
        return described


@dataclass(eq=False)
class Member:
    """An account in a guild."""

    user: User
    roles: list[Role] = field(default_factory=list)
    joined: datetime = field(default_factory=lambda: datetime.now(UTC))

    def described(self, *, user: bool = True) -> Json:
        """The member object of the API, without its user where that stands beside it."""
        described: Json = {
            "avatar": None,
            "banner": None,
            "communication_disabled_until": None,
            "flags": 0,
            "joined_at": self.joined.isoformat(),
            "nick": None,
            "pending": False,
            "premium_since": None,
            "roles": [str(role.role_id) for role in self.roles],
            "mute": False,
            "deaf": False,
        }
        return described | ({"user": self.user.described()} if user else {})


class Guild:
    """A guild ("server"); its owner may everything, everybody else what roles and channels say."""

    def __init__(
        self, server: "DiscordServer", name: str, *, premium_tier: int, locale: str
    ) -> None:
        self.server = server
        self.guild_id = server.ids.next()
        self.name = name
        self.premium_tier = premium_tier
        self.locale = locale
        self.available = True
        self.system_channel: Channel | None = None
        self.owner = User(server.ids.next(), f"owner_{self.guild_id}", "Owner")
        self.everyone = Role(self.guild_id, "@everyone", USUAL)
        self.roles: dict[int, Role] = {self.guild_id: self.everyone}
        self.members: dict[int, Member] = {self.owner.user_id: Member(self.owner)}
        self.channels: dict[int, Channel] = {}
        self._allowed: dict[str, set[int]] = {}

    @property
    def file_limit(self) -> int:
        """Bytes that one file may have here."""
        return self.server.limits.file_of_tier(self.premium_tier)

    @property
    def has_bot(self) -> bool:
        """Whether the bot is a member."""
        return self.server.bot.user_id in self.members

    def channel(self, name: str = "general", kind: int = GUILD_TEXT) -> Channel:
        """A new channel."""
        channel = Channel(self.server, kind, name, guild=self)
        self.channels[channel.channel_id] = channel
        self.server.channels[channel.channel_id] = channel
        self._tell("CHANNEL_CREATE", channel.described())
        return channel

    def role(self, name: str, permissions: Permission = NOTHING) -> Role:
        """A new role."""
        role = Role(self.server.ids.next(), name, permissions)
        self.roles[role.role_id] = role
        self._tell("GUILD_ROLE_CREATE", self._with_id({"role": role.described()}))
        return role

    def permit(self, role: Role, permissions: Permission) -> None:
        """Set what a role may do, `everyone` included."""
        role.permissions = permissions
        self._tell("GUILD_ROLE_UPDATE", self._with_id({"role": role.described()}))

    def allow(self, command: str, role: Role) -> None:
        """Let a role use a command whatever that asks for, as done under Integrations."""
        self._allowed.setdefault(command, set()).add(role.role_id)

    def allows(self, command: str, user: User) -> bool:
        """Whether somebody has a role that was let use a command."""
        mine = {role.role_id for role in self.members[user.user_id].roles}
        return bool(mine & self._allowed.get(command, set()))

    def join(self, person: "Person", *roles: Role) -> Member:
        """Let a person in, or give a member these roles."""
        known = person.user.user_id in self.members
        member = self.members.setdefault(person.user.user_id, Member(person.user))
        member.roles = list(roles)
        event = "GUILD_MEMBER_UPDATE" if known else "GUILD_MEMBER_ADD"
        self._tell(event, self._with_id(member.described()))
        return member

    def part(self, person: "Person") -> None:
        """A person leaves."""
        member = self.members.pop(person.user.user_id)
        self._tell("GUILD_MEMBER_REMOVE", self._with_id({"user": member.user.described()}))

    def add_bot(self, permissions: Permission = USUAL) -> None:
        """Install the application with its bot, which gets a role with these permissions."""
        bot = self.server.bot
        role = Role(self.server.ids.next(), self.server.bot.username, permissions, bot.user_id)
        self.roles[role.role_id] = role
        self.members[bot.user_id] = Member(bot, [role])
        self.server.gateway.dispatch("GUILD_CREATE", self.created(), guild=self)

    def remove_bot(self) -> None:
        """Take the bot out of the guild."""
        self.server.gateway.dispatch("GUILD_DELETE", {"id": str(self.guild_id)}, guild=self)
        member = self.members.pop(self.server.bot.user_id)
        for role in member.roles:
            self.roles.pop(role.role_id, None)

    def go_down(self) -> None:
        """An outage of Discord makes the guild unavailable."""
        self.available = False
        gone = {"id": str(self.guild_id), "unavailable": True}
        self.server.gateway.dispatch("GUILD_DELETE", gone, guild=self)

    def come_back(self) -> None:
        """The outage is over."""
        self.available = True
        again = self.created() | {"unavailable": False}
        self.server.gateway.dispatch("GUILD_CREATE", again, guild=self)

    def permissions(self, user: User, channel: Channel | None = None) -> Permission:
        """What somebody may do in the guild, or in one of its channels or threads."""
        if user == self.owner:
            return ALL
        member = self.members.get(user.user_id)
        if member is None:
            return NOTHING
        roles = {role.role_id: role.permissions for role in [self.everyone, *member.roles]}
        place = channel and (channel.parent or channel)
        overwrites = place.overwrites.values() if place else ()
        return granted(self.guild_id, roles, user.user_id, overwrites)

    def described(self) -> Json:
        """The guild object of the API."""
        nothing = dict.fromkeys(
            ["icon", "description", "home_header", "splash", "discovery_splash", "banner",
             "application_id", "afk_channel_id", "system_channel_id", "widget_channel_id",
             "max_presences", "vanity_url_code", "rules_channel_id", "safety_alerts_channel_id",
             "public_updates_channel_id", "incidents_data"]
        )  # fmt: skip
        zero = dict.fromkeys(
            ["system_channel_flags", "verification_level", "default_message_notifications",
             "mfa_level", "explicit_content_filter", "premium_subscription_count", "nsfw_level"],
            0,
        )  # fmt: skip
        return {
            **nothing,
            **zero,
            "id": str(self.guild_id),
            "name": self.name,
            "features": [],
            "owner_id": str(self.owner.user_id),
            "region": "deprecated",
            "system_channel_id": self.system_channel and str(self.system_channel.channel_id),
            "afk_timeout": 300,
            "widget_enabled": False,
            "roles": [role.described() for role in self.roles.values()],
            "max_members": 500_000,
            "max_stage_video_channel_users": 50,
            "max_video_channel_users": 25,
            "premium_tier": self.premium_tier,
            "preferred_locale": self.locale,
            "premium_progress_bar_enabled": False,
            "nsfw": False,
            "emojis": [],
            "stickers": [],
        }

    def created(self, *, everybody: bool = False) -> Json:
        """The data of GUILD_CREATE, with all members or the bot alone."""
        bot = self.server.bot.user_id
        threads = [t for c in self.channels.values() for t in c.threads if not t.archived]
        judge = self.server.judge_event
        judge(self.described(), "GuildResponse", "GUILD_CREATE")
        for channel in self.channels.values():
            judge(channel.described(), "GuildChannelResponse", "GUILD_CREATE")
        for thread in threads:
            judge(thread.described(), "ThreadResponse", "GUILD_CREATE")
        judge(self.members[bot].described(), "GuildMemberResponse", "GUILD_CREATE")
        return self.described() | {
            "joined_at": self.members[bot].joined.isoformat(),
            "large": False,
            "member_count": len(self.members),
            "voice_states": [],
            "members": [m.described() for i, m in self.members.items() if everybody or i == bot],
            "channels": [channel.described() for channel in self.channels.values()],
            "threads": [thread.described() for thread in threads],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }

    def _with_id(self, data: Json) -> Json:
        return {"guild_id": str(self.guild_id), **data}

    def _tell(self, event: str, data: Json) -> None:
        self.server.gateway.dispatch(event, data, guild=self)
