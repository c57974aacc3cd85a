"""Messages as a person sees them."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.doubles.discord.cdn import StoredFile
from tests.doubles.discord.components import BUTTON, FILE, GALLERY, TEXT, THUMBNAIL, every
from tests.doubles.discord.rules import Json

if TYPE_CHECKING:
    from tests.doubles.discord.messages import Message


@dataclass(frozen=True)
class Shown:
    """A message as a person sees it.

    `buttons` maps labels to custom ids, or to addresses for links; `disabled` has the labels of
    those that cannot be pressed. `files` are listed as files, `gallery` are shown as pictures by
    components and embeds. `loading` is "the bot is thinking".
    """

    message_id: int
    channel_id: int
    author: str
    text: str
    files: tuple[StoredFile, ...]
    gallery: tuple[StoredFile, ...]
    buttons: dict[str, str]
    disabled: frozenset[str]
    embeds: tuple[Json, ...]
    ephemeral: bool
    loading: bool
    edited: bool
    reply_to: int | None
    thread: int | None
    command: str | None
    components: list[Json] = field(repr=False)


def shown(message: "Message") -> Shown:
    """What a person sees of a message."""
    parts = list(every(message.components))
    buttons = [part for part in parts if part["type"] == BUTTON]
    by_id = {stored.file_id: stored for stored in message.files}
    texts = [part["content"] for part in parts if part["type"] == TEXT]
    pictures = [
        item["media"]
        for part in parts
        if part["type"] in (GALLERY, THUMBNAIL)
        for item in (part["items"] if part["type"] == GALLERY else [part])
    ]
    listed = [part["file"] for part in parts if part["type"] == FILE]
    embedded = tuple(message.in_embeds())
    return Shown(
        message_id=message.message_id,
        channel_id=message.channel.channel_id,
        author=message.author.username,
        text=message.content or "\n".join(texts),
        files=_found(listed, by_id) if message.by_components else tuple(message.listed()),
        gallery=_found(pictures, by_id) + embedded,
        buttons={_label(b): b.get("custom_id") or b.get("url", "") for b in buttons},
        disabled=frozenset(_label(b) for b in buttons if b.get("disabled")),
        embeds=tuple(message.embeds),
        ephemeral=message.ephemeral,
        loading=message.loading,
        edited=message.edited is not None,
        reply_to=None if message.reference is None else message.reference.message_id,
        thread=None if message.thread is None else message.thread.channel_id,
        command=message.interaction.name if message.interaction else None,
        components=message.components,
    )


def _label(button: Json) -> str:
    emoji = button.get("emoji") or {}
    return str(button.get("label") or emoji.get("name") or "")


def _found(media: list[Json], files: dict[int, StoredFile]) -> tuple[StoredFile, ...]:
    ids = [int(item["attachment_id"]) for item in media if "attachment_id" in item]
    return tuple(files[i] for i in ids if i in files)
