"""Discord's messages and interactions read into requests: who, where, which photos, which words."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import discord
from discord import app_commands

from bots.desk import Attachment, Request, Standing, nobody
from bots.discord.attachments import Attachments, Held, held_by
from bots.discord.place import Place
from core.commands import FORMS

UPLOAD_MAX = discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES
_TYPES = (discord.MessageType.default, discord.MessageType.reply)


class Reader:
    """Reads as the bot that is signed in with `client`."""

    def __init__(self, client: discord.Client, attachments: Attachments) -> None:
        self._client = client
        self._attachments = attachments

    def message(self, message: discord.Message) -> Request | None:
        """What a message asks, None when it is not for us.

        In private every message is for us. In a server those are that mention the bot, or answer
        it with a photo, and also unaddressed photos, about which the server's settings decide.
        The files of an answered message are meant where the bot is mentioned or commanded, and what
        is no photo matters there and in private alone.
        """
        if message.author.bot or message.webhook_id is not None or message.type not in _TYPES:
            return None
        private = isinstance(message.channel, discord.DMChannel)
        if not private and message.guild is None:
            return None  # a server that Discord has not described yet
        text, mentioned = self._text(message)
        called = mentioned or _commands(text)
        source, files = message, held_by(message)
        answered = message.reference and message.reference.resolved
        if not files and called and isinstance(answered, discord.Message):
            source, files = answered, held_by(answered)
        photos = self.in_message(source)
        if not (photos or private or mentioned):
            return None
        return Request(
            origin=origin(message.channel.id, message.id),
            user=str(message.author.id),
            address=message_place(message).address(),
            private=private,
            text=text,
            photos=photos,
            other_kinds=other_kinds(files) if private or called else (),
            addressed=private or mentioned or self._answers_us(message),
            community=None if message.guild is None else str(message.guild.id),
            channel=None if private else str(parent_id(message.channel)),
            standing=_standing(message.author),
            language=None if message.guild is None else message.guild.preferred_locale.value,
            max_bytes=UPLOAD_MAX if message.guild is None else message.guild.filesize_limit,
        )

    def interaction(
        self,
        interaction: discord.Interaction[Any],
        place: Place,
        text: str = "",
        photos: Sequence[Attachment] = (),
        other_kinds: Sequence[str] = (),
    ) -> Request:
        """What a command or a pressed button asks, answered at `place`."""
        inside = is_inside(interaction)
        channel = parent_id(interaction.channel) if interaction.channel else None
        return Request(
            origin=str(interaction.id),
            user=str(interaction.user.id),
            address=place.address(),
            private=not inside,
            text=text,
            photos=tuple(photos),
            other_kinds=tuple(other_kinds),
            addressed=True,
            community=str(interaction.guild_id) if inside else None,
            channel=str(channel) if inside and channel else None,
            standing=_asking(interaction) if inside else nobody,
            language=interaction.locale.value,
            max_bytes=interaction.filesize_limit,
        )

    def in_message(
        self, message: discord.Message, *, lasting: bool = True
    ) -> tuple[Attachment, ...]:
        """The photos in a message.

        `lasting` says that the bot can ask for that message later.
        """
        where = {"channel": message.channel.id, "message": message.id} if lasting else {}
        return tuple(
            self._attachments.offer(file, **where) for file in held_by(message) if file.photo
        )

    def in_option(self, files: Sequence[Held]) -> tuple[Attachment, ...]:
        """The photos that were given to a command; no message holds them."""
        return tuple(self._attachments.offer(file) for file in files if file.photo)

    def _answers_us(self, message: discord.Message) -> bool:
        answered = message.reference and message.reference.resolved
        us = self._client.user
        return isinstance(answered, discord.Message) and answered.author == us

    def _text(self, message: discord.Message) -> tuple[str, bool]:
        """The words without a mention of the bot, and whether there was one.

        A command named after the mention needs no slash.
        """
        text = message.content.strip()
        us = self._client.user
        if us is None or not any(mentioned.id == us.id for mentioned in message.mentions):
            return text, False
        words = re.sub(rf"<@!?{us.id}>", " ", text).strip()
        mentioned = words != text
        first = words.split(maxsplit=1)[0].lower() if words else ""
        return (f"/{words}" if mentioned and first in FORMS else words), mentioned


def _commands(text: str) -> bool:
    """Whether a text names one of our commands."""
    first = text.split(maxsplit=1)[0].lower() if text else ""
    return first.startswith("/") and first.removeprefix("/") in FORMS


def other_kinds(files: Sequence[Held]) -> tuple[str, ...]:
    """What else there is beside photos, each a msgid or a suffix such as `PDF`."""
    return tuple(file.kind for file in files if not file.photo)


def origin(channel: int, message: int) -> str:
    """The name of the request that a message makes."""
    return f"{channel}:{message}"


def message_place(message: discord.Message) -> Place:
    """Where a message is answered."""
    return Place(
        channel=message.channel.id,
        asked=message.id,
        user=message.author.id,
        guild=None if message.guild is None else message.guild.id,
        message=message.id,
    )


def is_inside(interaction: discord.Interaction[Any]) -> bool:
    """Whether the interaction comes from a server that has the bot itself.

    There the server's settings count, also for a person who has installed the bot for themselves.
    """
    server = interaction.guild_id
    if server is None:
        return False
    return interaction.is_guild_integration() or interaction.client.get_guild(server) is not None


def is_uninvited(interaction: discord.Interaction[Any]) -> bool:
    """Whether the interaction comes from a server that has not let the bot in."""
    return interaction.guild_id is not None and not is_inside(interaction)


def is_outside(interaction: discord.Interaction[Any]) -> bool:
    """Whether the bot itself is not where the interaction comes from, and cannot write there."""
    return not is_inside(interaction) and not interaction.context.dm_channel


def parent_id(channel: Any) -> int:
    """The channel that a thread belongs to, or the channel itself."""
    if isinstance(channel, discord.Thread):
        return channel.parent_id
    return int(channel.id)


def _entrusted(interaction: discord.Interaction[Any]) -> bool:
    """Whether the command is one for few, of whom Discord has looked up that this is one.

    It asks for a permission; in its place a server may name roles and people (Integrations).
    """
    command = interaction.command
    if isinstance(command, app_commands.Command):
        root = command.root_parent or command
        return root.default_permissions is not None
    return False


def _asking(interaction: discord.Interaction[Any]) -> Callable[[], Awaitable[Standing]]:
    """What who uses a command or presses a button is in the server."""
    entrusted = _entrusted(interaction)
    return _standing(interaction.user, interaction.permissions, entrusted=entrusted)


def _standing(
    user: discord.User | discord.Member,
    permissions: discord.Permissions | None = None,
    *,
    entrusted: bool = False,
) -> Callable[[], Awaitable[Standing]]:
    """What somebody is in the server, by what the message or interaction tells."""

    async def standing() -> Standing:
        if not isinstance(user, discord.Member):
            return Standing()
        may = permissions or user.guild_permissions
        return Standing(
            admin=entrusted or may.administrator or may.manage_guild,
            roles=frozenset(str(role.id) for role in user.roles),
        )

    return standing
