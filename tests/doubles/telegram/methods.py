"""The methods of the Bot API that a photo bot calls, each with the type that it returns."""

import mimetypes
import re
import secrets
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.doubles.telegram import members
from tests.doubles.telegram.rules import Refused
from tests.doubles.telegram.state import Chat, Json

if TYPE_CHECKING:
    from tests.doubles.telegram.server import TelegramServer

Uploads = dict[str, tuple[str, bytes]]
Method = Callable[["TelegramServer", Json, Uploads], object]

METHODS: dict[str, tuple[str, Method]] = {}
_UNCHANGED = (
    "Bad Request: message is not modified: specified new message content and reply markup are "
    "exactly the same as a current content and reply markup of the message"
)


def _method(returns: str) -> Callable[[Method], Method]:
    def register(run: Method) -> Method:
        first, *rest = run.__name__.split("_")
        METHODS[first + "".join(word.capitalize() for word in rest)] = (returns, run)
        return run

    return register


@_method("User")
def get_me(server: "TelegramServer", parameters: Json, uploads: Uploads) -> object:
    return server.bot | {
        "can_join_groups": True,
        "can_read_all_group_messages": not server.privacy,
        "supports_inline_queries": False,
    }


@_method("Boolean")
def set_my_commands(server: "TelegramServer", parameters: Json, uploads: Uploads) -> object:
    commands = parameters["commands"]
    if len(commands) > 100:
        raise Refused("Bad Request: BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]):
            raise Refused("Bad Request: BOT_COMMAND_INVALID")
        if not 1 <= len(command["description"]) <= 256:
            raise Refused("Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
    language = parameters.get("language_code", "")
    if language and not re.fullmatch(r"[a-z]{2}", language):
        raise Refused("Bad Request: LANG_CODE_INVALID")
    server.menus[parameters.get("scope", {"type": "default"})["type"], language] = {
        command["command"]: command["description"] for command in commands
    }
    return True


@_method("Array of ChatMember")
def get_chat_administrators(server: "TelegramServer", parameters: Json, uploads: Uploads) -> object:
    return members.administrators(server, _open(server, parameters, cost=0))


@_method("ChatMember")
def get_chat_member(server: "TelegramServer", parameters: Json, uploads: Uploads) -> object:
    return members.member(server, _open(server, parameters, cost=0), int(parameters["user_id"]))


@_method("Boolean")
def delete_webhook(server: "TelegramServer", parameters: Json, uploads: Uploads) -> object:
    server.webhook = None
    return True


@_method("Boolean")
def set_webhook(server: "TelegramServer", parameters: Json, uploads: Uploads) -> object:
    if not parameters["url"].startswith("https://"):
        raise Refused("Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
    server.webhook = parameters
    server.allowed = parameters.get("allowed_updates", server.allowed)
    return True


@_method("File")
def get_file(server: "TelegramServer", parameters: Json, uploads: Uploads) -> object:
    stored = server.files.by_id.get(parameters["file_id"])
    if stored is None:
        raise Refused("Bad Request: wrong file_id or the file is temporarily unavailable")
    if len(stored.data) > server.caps.download and server.files.folder is None:
        raise Refused("Bad Request: file is too big")
    return {
        "file_id": stored.file_id,
        "file_unique_id": stored.file_id[-12:],
        "file_size": len(stored.data),
        "file_path": server.files.local(stored) or server.files.link(stored),
    }


@_method("Message")
def send_message(server: "TelegramServer", parameters: Json, uploads: Uploads) -> object:
    chat = _open(server, parameters)
    return _add(server, chat, parameters, {"text": _text(server, parameters["text"])})


@_method("Message")
def send_document(server: "TelegramServer", parameters: Json, uploads: Uploads) -> object:
    chat = _open(server, parameters)
    _allowed(chat, "document")
    source = parameters.get("document", "attach://document")
    content = _media(server, "document", source, parameters, uploads)
    return _add(server, chat, parameters, content)


@_method("Message")
def send_photo(server: "TelegramServer", parameters: Json, uploads: Uploads) -> object:
    chat = _open(server, parameters)
    _allowed(chat, "photo")
    source = parameters.get("photo", "attach://photo")
    content = _media(server, "photo", source, parameters, uploads)
    return _add(server, chat, parameters, content)


@_method("Array of Message")
def send_media_group(server: "TelegramServer", parameters: Json, uploads: Uploads) -> object:
    media = parameters["media"]
    if not 2 <= len(media) <= 10:
        raise Refused("Bad Request: there must be from 2 to 10 media in an album")
    kinds = {item["type"] for item in media}
    if len(kinds) > 1 and "document" in kinds:
        raise Refused("Bad Request: document can't be mixed with other media types")
    if sum(len(data) for _, data in uploads.values()) > server.caps.document:
        raise Refused("Request Entity Too Large", 413)
    chat = _open(server, parameters, cost=len(media))
    contents = [_media(server, item["type"], item["media"], item, uploads) for item in media]
    group = secrets.token_hex(8)
    return [
        _add(server, chat, parameters, content | {"media_group_id": group}) for content in contents
    ]


@_method("Message")
def edit_message_text(server: "TelegramServer", parameters: Json, uploads: Uploads) -> object:
    chat, message = _editable(server, parameters)
    if "text" not in message:
        raise Refused("Bad Request: there is no text in the message to edit")
    return _edited(server, chat, message, {"text": _text(server, parameters["text"])}, parameters)


@_method("Message")
def edit_message_caption(server: "TelegramServer", parameters: Json, uploads: Uploads) -> object:
    chat, message = _editable(server, parameters)
    if "text" in message:
        raise Refused("Bad Request: there is no caption in the message to edit")
    content = {name: message[name] for name in ("document", "photo") if name in message}
    return _edited(server, chat, message, content | _caption(server, parameters), parameters)


@_method("Message")
def edit_message_reply_markup(
    server: "TelegramServer", parameters: Json, uploads: Uploads
) -> object:
    chat, message = _editable(server, parameters)
    kept = ("text", "document", "photo", "caption")
    content: Json = {name: message[name] for name in kept if name in message}
    return _edited(server, chat, message, content, parameters)


@_method("Message")
def edit_message_media(server: "TelegramServer", parameters: Json, uploads: Uploads) -> object:
    chat, message = _editable(server, parameters)
    item = parameters["media"]
    _allowed(chat, item["type"])
    content = _media(server, item["type"], item["media"], item, uploads)
    if "media_group_id" in message:
        content["media_group_id"] = message["media_group_id"]
    return _edited(server, chat, message, content, parameters)


@_method("Boolean")
def answer_callback_query(server: "TelegramServer", parameters: Json, uploads: Uploads) -> object:
    query_id = parameters["callback_query_id"]
    if query_id not in server.open_queries:
        raise Refused(
            "Bad Request: query is too old and response timeout expired or query ID is invalid"
        )
    text = parameters.get("text", "")
    if len(text) > 200:
        raise Refused("Bad Request: MESSAGE_TOO_LONG")
    server.open_queries.remove(query_id)
    server.toasts[query_id] = text
    return True


@_method("Boolean")
def send_chat_action(server: "TelegramServer", parameters: Json, uploads: Uploads) -> object:
    _open(server, parameters, cost=0)
    return True


def _open(server: "TelegramServer", parameters: Json, *, cost: int = 1) -> Chat:
    chat = server.chats.get(int(parameters["chat_id"]))
    if chat is None:
        raise Refused("Bad Request: chat not found")
    if chat.migrated_to is not None:
        raise Refused(
            "Bad Request: group chat was upgraded to a supergroup chat",
            migrate_to_chat_id=chat.migrated_to,
        )
    if chat.blocked:
        raise Refused("Forbidden: bot was blocked by the user", 403)
    if chat.bot_status in ("left", "kicked"):
        raise Refused(f"Forbidden: bot was kicked from the {chat.kind} chat", 403)
    thread = parameters.get("message_thread_id")
    if thread is not None and int(thread) not in chat.topics:
        raise Refused("Bad Request: message thread not found")
    chat.paced(server.caps, cost)
    return chat


def _allowed(chat: Chat, kind: str) -> None:
    if kind in chat.forbidden:
        raise Refused(f"Bad Request: not enough rights to send {kind}s to the chat")


def _editable(server: "TelegramServer", parameters: Json) -> tuple[Chat, Json]:
    chat = _open(server, parameters)
    message = chat.messages.get(int(parameters["message_id"]))
    if message is None:
        raise Refused("Bad Request: message to edit not found")
    if message["from"]["id"] != server.bot["id"]:
        raise Refused("Bad Request: message can't be edited")
    return chat, message


def _edited(
    server: "TelegramServer", chat: Chat, message: Json, content: Json, parameters: Json
) -> Json:
    changed = content | _markup(server, parameters)
    kept = ("message_id", "date", "chat", "from", "reply_to_message", "message_thread_id")
    frame = {name: message[name] for name in (*kept, "is_topic_message") if name in message}
    before = {k: v for k, v in message.items() if k not in frame and k != "edit_date"}
    if before == changed:
        raise Refused(_UNCHANGED)
    # as if a second had passed, as it has when people press what an edit has shown them
    edited = max(int(time.time()), message.get("edit_date", 0) + 1)
    chat.messages[message["message_id"]] = frame | {"edit_date": edited} | changed
    return chat.messages[message["message_id"]]


def _add(server: "TelegramServer", chat: Chat, parameters: Json, content: Json) -> Json:
    message: Json = {"from": server.bot, **content, **_markup(server, parameters)}
    if (thread := parameters.get("message_thread_id")) is not None:
        message |= {"message_thread_id": int(thread), "is_topic_message": True}
    reply = parameters.get("reply_parameters")
    if reply is not None:
        if reply["message_id"] in chat.messages:
            message["reply_to_message"] = chat.quoted(reply["message_id"])
        elif not reply.get("allow_sending_without_reply"):
            raise Refused("Bad Request: message to be replied not found")
    return chat.add(message)


def _media(
    server: "TelegramServer", kind: str, source: str, parameters: Json, uploads: Uploads
) -> Json:
    caption = _caption(server, parameters)
    if source.startswith("attach://"):
        name, data = uploads[source.removeprefix("attach://")]
        if not data:
            raise Refused("Bad Request: file must be non-empty")
        if kind == "photo":
            return {"photo": server.files.photo(data, server.caps)} | caption
        if len(data) > server.caps.document:
            raise Refused("Request Entity Too Large", 413)
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        return {"document": server.files.document(data, name, media_type)} | caption
    stored = server.files.by_id.get(source)
    if stored is None:
        raise Refused("Bad Request: wrong file identifier/HTTP URL specified")
    sized = {
        "file_id": stored.file_id,
        "file_unique_id": stored.file_id[-12:],
        "file_size": len(stored.data),
    }
    if kind == "photo":
        return {"photo": [sized | {"width": 1280, "height": 960}]} | caption
    return {
        "document": sized | {"file_name": stored.name, "mime_type": stored.media_type}
    } | caption


def _caption(server: "TelegramServer", parameters: Json) -> Json:
    caption = parameters.get("caption", "")
    if len(caption) > server.caps.caption:
        raise Refused("Bad Request: message caption is too long")
    return {"caption": caption} if caption else {}


def _text(server: "TelegramServer", text: str) -> str:
    if not text.strip():
        raise Refused("Bad Request: message text is empty")
    if len(text) > server.caps.text:
        raise Refused("Bad Request: message is too long")
    return text


def _markup(server: "TelegramServer", parameters: Json) -> Json:
    markup = parameters.get("reply_markup")
    if not markup or not markup.get("inline_keyboard"):
        return {}
    for row in markup["inline_keyboard"]:
        for button in row:
            if not 1 <= len(button.get("callback_data", "").encode()) <= server.caps.callback_data:
                raise Refused("Bad Request: BUTTON_DATA_INVALID")
    return {"reply_markup": markup}
