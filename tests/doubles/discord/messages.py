"""Messages: what they are made of, what may be in them, and how the API tells them."""

import mimetypes
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Optional

from tests.doubles.discord.cdn import StoredFile
from tests.doubles.discord.channels import Channel
from tests.doubles.discord.components import kept_flag, refuse_legacy, resolved
from tests.doubles.discord.rules import Json, Refused, bad_length, invalid, too_long
from tests.doubles.discord.users import User

if TYPE_CHECKING:
    from tests.doubles.discord.interactions import Interaction
    from tests.doubles.discord.server import DiscordServer

Uploads = dict[int, tuple[str, bytes]]

EPHEMERAL, LOADING, V2 = 1 << 6, 1 << 7, 1 << 15
_SETTABLE = (1 << 2) | (1 << 12) | V2
_PICTURES = ("image", "thumbnail")
_OUTER = {"content", "embeds"}
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
            "attachments": [cdn.described(f, ephemeral=self.ephemeral) for f in self.files],
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
        return described

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


@dataclass
class Draft:
    """What a request makes of a message, all rules kept."""

    content: str
    files: list[StoredFile]
    embeds: list[Json]
    components: list[Json]
    flags: int

    def put(self, message: Message) -> None:
        """Make it the message's content."""
        message.content, message.files = self.content, self.files
        message.embeds, message.components = self.embeds, self.components
        message.flags = self.flags


def drafted(
    server: "DiscordServer",
    channel: Channel,
    body: Json,
    uploads: Uploads,
    *,
    file_limit: int,
    before: Message | None = None,
    ephemeral: bool = False,
) -> Draft:
    """What a new message, or an edit of the one `before`, is made of; raises Refused."""
    limits = server.limits
    if any(len(data) > file_limit for _, data in uploads.values()):
        raise Refused(40005)
    flags = _flags(body, before)
    content = (body.get("content", before.content if before else "") or "").strip()
    if len(content) > limits.content:
        raise too_long("content", limits.content)
    embeds = _embeds(server, body, before)
    files = _files(server, channel, body, uploads, before, ephemeral)
    if len(files) > limits.attachments:
        raise bad_length("attachments", 0, limits.attachments)
    if flags & V2:
        refuse_legacy(content, embeds)
    if "components" in body or before is None:
        components = resolved(body.get("components") or [], files, limits, v2=bool(flags & V2))
    else:
        components = before.components
    if not (content or embeds or files or components):
        raise Refused(50006)
    return Draft(content, files, embeds, components, flags)


def _flags(body: Json, before: Message | None) -> int:
    asked: int | None = body.get("flags")
    if before is None:
        return (asked or 0) & _SETTABLE
    if before.flags & V2:
        legacy = any(body.get(name) for name in _OUTER)
        if legacy if asked is None else not asked & V2:
            raise kept_flag()
    kept = before.flags & ~LOADING
    if asked is None:
        return kept
    return (kept & ~(1 << 2)) | (asked & ((1 << 2) | V2))


def _embeds(server: "DiscordServer", body: Json, before: Message | None) -> list[Json]:
    embeds: list[Json] = body.get("embeds", before.embeds if before else []) or []
    if len(embeds) > server.limits.embeds:
        raise bad_length("embeds", 0, server.limits.embeds)
    characters = sum(
        len(text)
        for embed in embeds
        for text in (
            embed.get("title") or "",
            embed.get("description") or "",
            (embed.get("footer") or {}).get("text") or "",
            (embed.get("author") or {}).get("name") or "",
            *(field["name"] + field["value"] for field in embed.get("fields") or ()),
        )
    )
    if characters > server.limits.embed_characters:
        words = f"Embed size exceeds maximum size of {server.limits.embed_characters}"
        raise invalid("embeds", "MAX_EMBED_SIZE_EXCEEDED", words)
    return [{"type": "rich", **embed} for embed in embeds]


def _files(
    server: "DiscordServer",
    channel: Channel,
    body: Json,
    uploads: Uploads,
    before: Message | None,
    ephemeral: bool,
) -> list[StoredFile]:
    kept = {stored.file_id: stored for stored in before.files} if before else {}
    listed = body.get("attachments")
    if listed is None:
        cleared = "attachments" in body
        new = [_stored(server, channel, upload, {}, ephemeral) for upload in uploads.values()]
        return [*(() if cleared else kept.values()), *new]
    files = []
    for n, entry in enumerate(listed):
        number = int(entry["id"])
        if number in kept:
            files.append(kept[number])
        elif number in uploads:
            files.append(_stored(server, channel, uploads[number], entry, ephemeral))
        else:
            words = "The attachment was not found"
            raise invalid(f"attachments.{n}.id", "ATTACHMENT_NOT_FOUND", words)
    return files


def _stored(
    server: "DiscordServer",
    channel: Channel,
    upload: tuple[str, bytes],
    entry: Json,
    ephemeral: bool,
) -> StoredFile:
    name = entry.get("filename") or upload[0]
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    folder = attachment_folder(server, channel, ephemeral)
    stored = server.cdn.store(server.ids.next(), name, upload[1], media_type, folder)
    stored.description = entry.get("description")
    return stored


def attachment_folder(server: "DiscordServer", channel: Channel, ephemeral: bool) -> str:
    """Where the files of a message lie on the CDN."""
    if ephemeral:
        return f"/ephemeral-attachments/{server.application_id}"
    return f"/attachments/{channel.channel_id}"
