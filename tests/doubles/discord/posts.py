"""What happens to messages: sent, changed, removed, each with its gateway event."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.doubles.discord.channels import Channel
from tests.doubles.discord.drafts import Draft, Uploads, drafted
from tests.doubles.discord.messages import REPLY, Message
from tests.doubles.discord.permissions import IN_PRIVATE, Permission
from tests.doubles.discord.rules import Json, Refused, invalid, too_long
from tests.doubles.discord.users import User

if TYPE_CHECKING:
    from tests.doubles.discord.server import DiscordServer


def may(server: "DiscordServer", channel: Channel) -> Permission:
    """What the bot may do in a channel, or its answers to interactions in a guild without it."""
    if channel.guild is not None and not channel.guild.has_bot:
        return IN_PRIVATE
    return channel.permissions(server.bot)


def check(server: "DiscordServer", channel: Channel, *needed: Permission) -> None:
    """Refuse what the bot may not do in a channel."""
    allowed = channel.permissions(server.bot)
    if Permission.VIEW_CHANNEL not in allowed:
        raise Refused(50001)
    if any(permission not in allowed for permission in needed):
        raise Refused(50013)


def create(server: "DiscordServer", channel: Channel, body: Json, uploads: Uploads) -> Message:
    """Send a message of the bot into a channel; raises Refused."""
    _check_place(server, channel)
    if (nonce := body.get("nonce")) is not None and len(str(nonce)) > 25:
        raise too_long("nonce", 25)
    if (earlier := _earlier(server, channel, body)) is not None:
        return earlier
    if uploads:
        check(server, channel, Permission.ATTACH_FILES)
    limit = server.limits.file if channel.guild is None else channel.guild.file_limit
    draft = drafted(server, channel, body, uploads, file_limit=limit)
    reference = _reference(server, channel, body.get("message_reference"))
    message = Message(
        server.ids.next(),
        channel,
        server.bot,
        kind=REPLY if reference else 0,
        reference=reference,
        mentions=_mentioned(server, draft.content, body.get("allowed_mentions"), reference),
        nonce=None if nonce is None else str(nonce),
        sent=server.seconds,
    )
    draft.put(message)
    if message.nonce is not None:
        channel.nonces[message.nonce] = message
    add(message)
    return message


def add(message: Message) -> None:
    """Put a message where it belongs and tell the bot."""
    channel = message.channel
    channel.messages[message.message_id] = message
    if message.visible_to is None:
        channel.server.gateway.message("MESSAGE_CREATE", message)
    channel.server.changed()


def edit(message: Message, draft: Draft) -> None:
    """Give a message another content and tell the bot."""
    loading = message.loading
    kept = {stored.file_id for stored in draft.files}
    for stored in message.files:
        if stored.file_id not in kept:
            message.channel.server.cdn.forget(stored)
    draft.put(message)
    message.edited = None if loading else datetime.now(UTC)
    if message.visible_to is None:
        message.channel.server.gateway.message("MESSAGE_UPDATE", message)
    message.channel.server.changed()


def remove(message: Message) -> None:
    """Delete a message with its files and tell the bot."""
    channel = message.channel
    channel.messages.pop(message.message_id, None)
    for stored in message.files:
        channel.server.cdn.forget(stored)
    if message.visible_to is None:
        gone = {"id": str(message.message_id), "channel_id": str(channel.channel_id)}
        if channel.guild is not None:
            gone["guild_id"] = str(channel.guild.guild_id)
        channel.server.gateway.dispatch("MESSAGE_DELETE", gone, guild=channel.guild)
    channel.server.changed()


def _check_place(server: "DiscordServer", channel: Channel) -> None:
    if channel.guild is None:
        if server.bot not in channel.recipients:
            raise Refused(50001)
        person = next(iter(u for u in channel.recipients if u != server.bot), None)
        if person is None or not server.people[person.user_id].reachable:
            raise Refused(50007)
        if not _acquainted(server, channel, person):
            raise Refused(50278)
        return
    in_thread = channel.parent is not None
    send = Permission.SEND_MESSAGES_IN_THREADS if in_thread else Permission.SEND_MESSAGES
    check(server, channel, send)
    channel.archived = False


def _acquainted(server: "DiscordServer", channel: Channel, user: User) -> bool:
    wrote = any(message.author == user for message in channel.messages.values())
    asked = any(interaction.person.user == user for interaction in server.interactions.values())
    if wrote or asked or server.people[user.user_id].installed:
        return True
    return any(guild.has_bot and user.user_id in guild.members for guild in server.guilds.values())


def _earlier(server: "DiscordServer", channel: Channel, body: Json) -> Message | None:
    earlier = channel.nonces.get(str(body.get("nonce")))
    if earlier is None or not body.get("enforce_nonce"):
        return None
    if earlier.sent < server.seconds - server.limits.nonce:
        return None
    if earlier.message_id not in channel.messages:
        raise Refused(10008)  # Discord does not send a message again that was deleted
    return earlier


def _reference(server: "DiscordServer", channel: Channel, body: Json | None) -> Message | None:
    if body is None:
        return None
    if Permission.READ_MESSAGE_HISTORY not in channel.permissions(server.bot):
        raise Refused(160002)
    message = channel.messages.get(int(body["message_id"]))
    if message is not None and message.visible_to is None:
        return message
    if body.get("fail_if_not_exists") is False:
        return None
    raise invalid("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")


def _mentioned(
    server: "DiscordServer", content: str, allowed: Json | None, reference: Message | None
) -> list[User]:
    rules: Json = {"parse": ["users"], "replied_user": True} if allowed is None else allowed
    listed = {int(user) for user in rules.get("users") or ()}
    mentioned = [
        user
        for user in server.users()
        if user.mention in content
        and ("users" in (rules.get("parse") or ()) or user.user_id in listed)
    ]
    if reference is not None and rules.get("replied_user") and reference.author not in mentioned:
        mentioned.append(reference.author)
    return mentioned
