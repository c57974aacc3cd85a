"""Messages: what they are made of, and how the API tells them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Optional

from tests.doubles.discord.cdn import StoredFile
from tests.doubles.discord.channels import Channel
from tests.doubles.discord.components import attached
from tests.doubles.discord.rules import Json
from tests.doubles.discord.users import User

if TYPE_CHECKING:
    from tests.doubles.discord.interactions import Interaction

EPHEMERAL, LOADING, V2 = 1 << 6, 1 << 7, 1 << 15
_PICTURES = ("image", "thumbnail")
_SNAPSHOT = (
    "type", "content", "mentions", "mention_roles", "attachments", "embeds", "timestamp",
    "edited_timestamp", "flags", "components",
)  # fmt: skip
DEFAULT, REPLY, CHAT_INPUT, CONTEXT_MENU = 0, 19, 20, 23


@dataclass(eq=False)
class Message:
    """A message; `visible_to` is the only person who sees it where it is ephemeral."""

    message_id: int
    channel: Channel
    author: User
    content: str = ""
    files: list[StoredFile] = field(default_factory=list)
    embeds: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    flags: int = 0
    kind: int = DEFAULT
    mentions: list[User] = field(default_factory=list)
    reference: Optional["Message"] = None
    forwarded: Optional["Message"] = None
    visible_to: User | None = None
    interaction: Optional["Interaction"] = None
    nonce: str | None = None
    sent: float = 0.0
    made: datetime = field(default_factory=lambda: datetime.now(UTC))
    edited: datetime | None = None
    thread: Channel | None = None
    reactions: list[str] = field(default_factory=list)

    @property
    def ephemeral(self) -> bool:
        """Whether only one person sees it."""
        return bool(self.flags & EPHEMERAL)

    @property
    def loading(self) -> bool:
        """Whether people see that the bot is thinking."""
        return bool(self.flags & LOADING)

    @property
    def by_components(self) -> bool:
        """Whether components alone make up what is seen."""
        return bool(self.flags & V2)

    def described(self, *, quoted: bool = False) -> Json:
        """The message object of the API with fresh links, without its own quote if `quoted`."""
        cdn = self.channel.server.cdn
        described: Json = {
            "id": str(self.message_id),
            "channel_id": str(self.channel.channel_id),
            "type": self.kind,
            "author": self.author.described(),
            "content": self.content,
            "attachments": [cdn.described(f, ephemeral=self.ephemeral) for f in self.listed()],
            "embeds": [self._pictured(embed) for embed in self.embeds],
            "components": [self._linked(component) for component in self.components],
            "mentions": [user.described() for user in self.mentions],
            "mention_roles": [],
            "mention_everyone": False,
            "pinned": False,
            "tts": False,
            "flags": self.flags | (1 << 5 if self.thread else 0),
            "timestamp": self.made.isoformat(),
            "edited_timestamp": self.edited and self.edited.isoformat(),
        }
        if self.nonce is not None:
            described["nonce"] = self.nonce
        if self.thread is not None:
            described["thread"] = self.thread.described()
        if self.interaction is not None:
            described |= self.interaction.metadata()
        if self.reference is not None:
            described |= self._quote(self.reference, quoted)
        if self.forwarded is not None:
            described |= self._forward(self.forwarded)
        return described

    def listed(self) -> list[StoredFile]:
        """The attachments that neither embeds nor components show; the API lists no others."""
        elsewhere = {stored.file_id for stored in self.in_embeds()} | attached(self.components)
        return [stored for stored in self.files if stored.file_id not in elsewhere]

    def in_embeds(self) -> list[StoredFile]:
        """The attachments that embeds show as pictures."""
        urls = {(embed.get(key) or {}).get("url") for embed in self.embeds for key in _PICTURES}
        return [stored for stored in self.files if f"attachment://{stored.name}" in urls]

    def _pictured(self, embed: Json) -> Json:
        told = dict(embed)
        for stored in self.in_embeds():
            for key in _PICTURES:
                if (told.get(key) or {}).get("url") == f"attachment://{stored.name}":
                    told[key] = told[key] | {"url": self.channel.server.cdn.link(stored)}
        return told

    def _quote(self, quoted: "Message", short: bool) -> Json:
        reference: Json = {
            "type": 0,
            "channel_id": str(quoted.channel.channel_id),
            "message_id": str(quoted.message_id),
        }
        if quoted.channel.guild is not None:
            reference["guild_id"] = str(quoted.channel.guild.guild_id)
        described: Json = {"message_reference": reference}
        if not short:
            there = quoted.message_id in quoted.channel.messages
            described["referenced_message"] = quoted.described(quoted=True) if there else None
        return described

    def _forward(self, original: "Message") -> Json:
        told = original.described(quoted=True)
        snapshot = {key: told[key] for key in _SNAPSHOT}
        reference = self._quote(original, short=True)["message_reference"] | {"type": 1}
        return {"message_snapshots": [{"message": snapshot}], "message_reference": reference}

    def _linked(self, component: Json) -> Json:
        linked = dict(component)
        for key in ("media", "file"):
            if key in linked:
                linked[key] = self._media(linked[key], linked["id"])
        if "items" in linked:
            linked["items"] = [
                item | {"media": self._media(item["media"], linked["id"])}
                for item in linked["items"]
            ]
        if "components" in linked:
            linked["components"] = [self._linked(inner) for inner in linked["components"]]
        if "accessory" in linked:
            linked["accessory"] = self._linked(linked["accessory"])
        return linked

    def _media(self, media: Json, number: int) -> Json:
        known = {str(stored.file_id): stored for stored in self.files}
        stored = known.get(media.get("attachment_id", ""))
        if stored is None:
            url = media.get("url", "")
            return {"id": str(self.message_id + number), "url": url, "proxy_url": url}
        cdn = self.channel.server.cdn
        width, height = stored.size or (None, None)
        return {
            "id": str(stored.file_id),
            "url": cdn.link(stored),
            "proxy_url": cdn.link(stored, "/media"),
            "width": width,
            "height": height,
            "content_type": stored.media_type,
            "attachment_id": str(stored.file_id),
        }
