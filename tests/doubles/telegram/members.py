"""Who is in a group, as Telegram describes it to a bot."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.doubles.telegram.rules import Refused
from tests.doubles.telegram.state import Chat, Json

if TYPE_CHECKING:
    from tests.doubles.telegram.server import TelegramServer

_RIGHTS = (
    "can_be_edited",
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
)
_RESTRICTED = (
    "can_send_messages",
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_react_to_messages",
    "can_edit_tag",
    "can_change_info",
    "can_invite_users",
    "can_pin_messages",
    "can_manage_topics",
)


@dataclass(frozen=True)
class Admin:
    """An administrator of a group, who may write in its name."""

    user: Json
    anonymous: bool = False


def described(user: Json, status: str, *, anonymous: bool = False) -> Json:
    """The ChatMember object of somebody with a status."""
    member: Json = {"status": status, "user": user}
    match status:
        case "administrator":
            return member | dict.fromkeys(_RIGHTS, True) | {"is_anonymous": anonymous}
        case "restricted" | "restricted away":
            rights = dict.fromkeys(_RESTRICTED, False)
            away = {"status": "restricted", "is_member": status == "restricted", "until_date": 0}
            return member | rights | away
        case "kicked":
            return member | {"until_date": 0}
        case _:
            return member


def administrators(server: "TelegramServer", chat: Chat) -> list[Json]:
    """A group's administrators: other bots left out, the anonymous ones shown to admins alone."""
    if chat.kind == "private":
        raise Refused("Bad Request: there are no administrators in the private chat")
    listed = [
        described(admin.user, "administrator", anonymous=admin.anonymous)
        for admin in chat.admins.values()
        if chat.bot_status == "administrator" or not admin.anonymous
    ]
    ours = [described(server.bot, "administrator")]
    return listed + (ours if chat.bot_status == "administrator" else [])


def member(server: "TelegramServer", chat: Chat, user_id: int) -> Json:
    """One member; Telegram promises to know others only to a bot that is an administrator."""
    if user_id == server.bot["id"]:
        return described(server.bot, chat.bot_status)
    if user_id in chat.admins and chat.bot_status == "administrator":
        return described(chat.admins[user_id].user, "administrator")
    raise Refused("Bad Request: member not found")
