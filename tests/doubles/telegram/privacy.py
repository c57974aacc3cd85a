"""Privacy mode: what of a group Telegram shows to a bot.

The rules are those of https://core.telegram.org/bots/faq#what-messages-will-my-bot-get, where a
mention is not among what a bot in privacy mode gets; operators report just that
(https://github.com/telegraf/telegraf/issues/545), although BotFather's words promise otherwise.
"""

from tests.doubles.telegram.state import Chat, Json

ANONYMOUS, CHANNEL = 1_087_968_824, 136_817_688
"""The users that stand in `from` for who writes in the name of the group, or of a channel."""
_SERVICE = {
    "group_chat_created",
    "left_chat_member",
    "migrate_from_chat_id",
    "migrate_to_chat_id",
    "new_chat_members",
    "new_chat_title",
}


def shown(message: Json, chat: Chat, bot: Json, *, privacy: bool) -> bool:
    """Whether a bot gets a person's message."""
    if chat.kind == "private" or _SERVICE & message.keys():
        return True
    if chat.bot_status in ("left", "kicked"):
        return False
    if not privacy or chat.bot_status == "administrator":
        return True
    answered = message.get("reply_to_message")
    if answered is not None:
        if answered["from"]["id"] == bot["id"] or answered["message_id"] in chat.shown_to_bot:
            return True
        if is_robot(answered):
            return False
    if message.get("via_bot", {}).get("id") == bot["id"]:
        return True
    commands = [word.lower() for word in _commands(message)]
    if any(command.endswith(f"@{bot['username']}".lower()) for command in commands):
        return True
    general = any("@" not in command for command in commands)
    return general and chat.last_robot() == bot["id"]


def is_robot(message: Json) -> bool:
    """Whether a real bot has sent a message."""
    return message["from"]["is_bot"] and message["from"]["id"] not in (ANONYMOUS, CHANNEL)


def _commands(message: Json) -> list[str]:
    text = message.get("text") or message.get("caption") or ""
    units = text.encode("utf-16-le")
    entities = message.get("entities") or message.get("caption_entities") or []
    return [
        units[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode("utf-16-le")
        for entity in entities
        if entity["type"] == "bot_command"
    ]
