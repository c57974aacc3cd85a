"""What the bot may see and do in a server, in words that an administrator may act on."""

import discord

from core.language import N_, _

NO_INTENT = N_(
    "Discord shows me only messages that mention me, answer me or come by a command. So that I see "
    "every photo, whoever runs me turns on “Message Content Intent” in Discord's developer portal "
    "(my application → Bot → Privileged Gateway Intents) and starts me again. Until then: "
    "/enhance, or Apps → Enhance photo on a message."
)
NO_VIEW = N_(
    "I cannot see {channel}. Give me “View Channel” and “Read Message History” there (channel "
    "settings → Permissions)."
)
NO_WRITE = N_(
    "I cannot answer in {channel}. Give me “Send Messages” and “Attach Files” there (channel "
    "settings → Permissions)."
)


def unseen(client: discord.Client, guild_id: int, channel_id: int, *, intent: bool) -> str | None:
    """Why the bot does not see, or cannot answer, every photo of a channel; None if it does."""
    if not intent:
        return _(NO_INTENT)
    guild = client.get_guild(guild_id)
    channel = guild.get_channel_or_thread(channel_id) if guild else None
    if guild is None or channel is None:
        return _(NO_VIEW).format(channel=f"<#{channel_id}>")
    may = channel.permissions_for(guild.me)
    if not (may.view_channel and may.read_message_history):
        return _(NO_VIEW).format(channel=f"<#{channel_id}>")
    writes = (
        may.send_messages_in_threads if isinstance(channel, discord.Thread) else (may.send_messages)
    )
    if not (writes and may.attach_files):
        return _(NO_WRITE).format(channel=f"<#{channel_id}>")
    return None


def speaking_place(guild: discord.Guild) -> discord.TextChannel | None:
    """Where the bot may say something in a server: its channel for news, else the first one."""
    system = [guild.system_channel] if guild.system_channel else []
    for channel in [*system, *sorted(guild.text_channels, key=lambda one: one.position)]:
        may = channel.permissions_for(guild.me)
        if may.view_channel and may.send_messages:
            return channel
    return None


def file_limit(client: discord.Client, guild_id: int | None) -> int:
    """The largest file (bytes) that the bot may send in a server, or outside of any."""
    guild = client.get_guild(guild_id) if guild_id is not None else None
    return guild.filesize_limit if guild else discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES
