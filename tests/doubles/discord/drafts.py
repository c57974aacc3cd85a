"""Drafts: what a request makes of a message, all rules kept."""

import mimetypes
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.doubles.discord.cdn import StoredFile
from tests.doubles.discord.channels import Channel
from tests.doubles.discord.components import kept_flag, refuse_legacy, resolved
from tests.doubles.discord.messages import LOADING, V2, Message
from tests.doubles.discord.rules import Json, Refused, bad_length, invalid, too_long

if TYPE_CHECKING:
    from tests.doubles.discord.server import DiscordServer

Uploads = dict[int, tuple[str, bytes]]

_SETTABLE = (1 << 2) | (1 << 12) | V2
_OUTER = {"content", "embeds"}


@dataclass
class Draft:
    """The content of a message to be."""

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
