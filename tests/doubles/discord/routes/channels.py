"""Channels and the messages in them."""

from typing import TYPE_CHECKING

from tests.doubles.discord import posts
from tests.doubles.discord.channels import GUILD_TEXT, Channel
from tests.doubles.discord.drafts import drafted
from tests.doubles.discord.gateway import readable
from tests.doubles.discord.intents import Intent
from tests.doubles.discord.messages import Message
from tests.doubles.discord.permissions import Permission
from tests.doubles.discord.rest import Answer, Call, Route
from tests.doubles.discord.rules import Json, Refused, bad_length

if TYPE_CHECKING:
    from tests.doubles.discord.server import DiscordServer

_MESSAGE = "/channels/{channel_id}/messages/{message_id}"


def _one(server: "DiscordServer", call: Call) -> Answer:
    channel = _channel(server, call)
    posts.check(server, channel)
    return 200, channel.described()


def _delete_channel(server: "DiscordServer", call: Call) -> Answer:
    channel = _channel(server, call)
    needed = Permission.MANAGE_THREADS if channel.parent else Permission.MANAGE_CHANNELS
    posts.check(server, channel, needed)
    described = channel.described()
    channel.delete()
    return 200, described


def _send(server: "DiscordServer", call: Call) -> Answer:
    message = posts.create(server, _channel(server, call), call.body or {}, call.files)
    return 200, message.described()


def _messages(server: "DiscordServer", call: Call) -> Answer:
    channel = _channel(server, call)
    posts.check(server, channel)
    if Permission.READ_MESSAGE_HISTORY not in channel.permissions(server.bot):
        return 200, []
    there = [m for _, m in sorted(channel.messages.items()) if m.visible_to is None]
    before, after = int(call.query.get("before", 2**63)), int(call.query.get("after", 0))
    there = [message for message in there if after < message.message_id < before]
    limit = int(call.query.get("limit", 50))
    chosen = there[:limit] if "after" in call.query else there[-limit:]
    return 200, [_told(server, message) for message in reversed(chosen)]


def _message(server: "DiscordServer", call: Call) -> Answer:
    channel = _channel(server, call)
    posts.check(server, channel, Permission.READ_MESSAGE_HISTORY)
    return 200, _told(server, channel.message(call.number("message_id")))


def _edit(server: "DiscordServer", call: Call) -> Answer:
    channel = _channel(server, call)
    posts.check(server, channel)
    message = channel.message(call.number("message_id"))
    if message.author != server.bot:
        raise Refused(50005)
    if call.files:
        posts.check(server, channel, Permission.ATTACH_FILES)
    limit = server.limits.file if channel.guild is None else channel.guild.file_limit
    posts.edit(
        message,
        drafted(server, channel, call.body or {}, call.files, file_limit=limit, before=message),
    )
    return 200, message.described()


def _delete(server: "DiscordServer", call: Call) -> Answer:
    channel = _channel(server, call)
    posts.check(server, channel)
    message = channel.message(call.number("message_id"))
    if message.author != server.bot:
        if channel.guild is None:
            raise Refused(50003)
        posts.check(server, channel, Permission.MANAGE_MESSAGES)
    posts.remove(message)
    return 204, None


def _typing(server: "DiscordServer", call: Call) -> Answer:
    channel = _channel(server, call)
    posts.check(server, channel, *(() if channel.guild is None else (Permission.SEND_MESSAGES,)))
    channel.typing += 1
    return 204, None


def _react(server: "DiscordServer", call: Call) -> Answer:
    channel = _channel(server, call)
    posts.check(server, channel, Permission.READ_MESSAGE_HISTORY, Permission.ADD_REACTIONS)
    message = channel.message(call.number("message_id"))
    if call.path["emoji_name"] not in message.reactions:
        message.reactions.append(call.path["emoji_name"])
    return 204, None


def _unreact(server: "DiscordServer", call: Call) -> Answer:
    message = _channel(server, call).message(call.number("message_id"))
    if call.path["emoji_name"] in message.reactions:
        message.reactions.remove(call.path["emoji_name"])
    return 204, None


def _thread(server: "DiscordServer", call: Call) -> Answer:
    channel = _channel(server, call)
    if channel.kind != GUILD_TEXT:
        raise Refused(50024)
    posts.check(server, channel, Permission.CREATE_PUBLIC_THREADS)
    name = call.body.get("name", "")
    if not 1 <= len(name) <= 100:
        raise bad_length("name", 1, 100)
    starter = channel.message(call.number("message_id")) if "message_id" in call.path else None
    return 201, channel.thread(name, server.bot, starter).described()


def _join(server: "DiscordServer", call: Call) -> Answer:
    channel = _channel(server, call)
    posts.check(server, channel)
    channel.joined.add(server.bot.user_id)
    return 204, None


def _told(server: "DiscordServer", message: Message) -> Json:
    described = message.described()
    all_content = Intent.MESSAGE_CONTENT in server.privileged
    return described if all_content else readable(message, described)


def _channel(server: "DiscordServer", call: Call) -> Channel:
    channel = server.channels.get(call.number("channel_id"))
    if channel is None:
        raise Refused(10003)
    return channel


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/channels/{channel_id}"): _one,
    ("DELETE", "/channels/{channel_id}"): _delete_channel,
    ("GET", "/channels/{channel_id}/messages"): _messages,
    ("POST", "/channels/{channel_id}/messages"): _send,
    ("GET", _MESSAGE): _message,
    ("PATCH", _MESSAGE): _edit,
    ("DELETE", _MESSAGE): _delete,
    ("PUT", f"{_MESSAGE}/reactions/{{emoji_name}}/@me"): _react,
    ("DELETE", f"{_MESSAGE}/reactions/{{emoji_name}}/@me"): _unreact,
    ("POST", f"{_MESSAGE}/threads"): _thread,
    ("POST", "/channels/{channel_id}/threads"): _thread,
    ("PUT", "/channels/{channel_id}/thread-members/@me"): _join,
    ("POST", "/channels/{channel_id}/typing"): _typing,
}
