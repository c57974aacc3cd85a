"""What Telegram's error answers mean for us."""

import httpx
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError, TimedOut

_GONE = (
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "there is no text in the message to edit",
)
_NEVER = (
    "chat not found",
    "peer_id_invalid",
    "user is deactivated",
    "chat_write_forbidden",
    "have no rights to send",
    "not enough rights to send text",
    "chat_send_plain_forbidden",
    "chat_restricted",
    "topic_closed",
)
_FILES_FORBIDDEN = (
    "not enough rights to send documents",
    "not enough rights to send photos",
    "not enough rights to send media",
    "chat_send_docs_forbidden",
    "chat_send_photos_forbidden",
    "chat_send_media_forbidden",
)
_THREAD_GONE = ("message thread not found", "topic_deleted", "topic_id_invalid")
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def unchanged(error: TelegramError) -> bool:
    """The message shows just that already: the edit has happened."""
    return isinstance(error, BadRequest) and "message is not modified" in _words(error)


def gone(error: TelegramError) -> bool:
    """The message to edit is deleted, or is no text any more."""
    return isinstance(error, BadRequest) and _says(error, _GONE)


def hopeless(error: TelegramError) -> bool:
    """Nothing can ever be sent there: the bot is blocked, removed or muted, or the chat is gone."""
    return isinstance(error, Forbidden) or (isinstance(error, BadRequest) and _says(error, _NEVER))


def files_forbidden(error: TelegramError) -> bool:
    """The group lets the bot write, but send no files."""
    return isinstance(error, BadRequest) and _says(error, _FILES_FORBIDDEN)


def thread_gone(error: TelegramError) -> bool:
    """The forum topic was deleted."""
    return isinstance(error, BadRequest) and _says(error, _THREAD_GONE)


def too_large(error: TelegramError) -> bool:
    """The upload, or the file to download, is above Telegram's limit."""
    return isinstance(error, NetworkError) and _says(error, ("file is too big", "too large"))


def transient(error: TelegramError) -> bool:
    """The network or Telegram's server failed, the request itself was right."""
    return (
        isinstance(error, NetworkError)
        and not isinstance(error, BadRequest)
        and not too_large(error)
    )


def unsent(error: TelegramError) -> bool:
    """The request certainly had no effect, so that even a sending may be repeated."""
    if isinstance(error.__cause__, _UNSENT):
        return True
    refused = _says(error, ("bad gateway", "internal server error", "service unavailable"))
    return transient(error) and not isinstance(error, TimedOut) and refused


def seconds_of(error: RetryAfter) -> float:
    """How long Telegram asks us to wait, in seconds, with a little added."""
    wait = error.retry_after
    return (wait if isinstance(wait, int) else wait.total_seconds()) + 0.1


def _says(error: TelegramError, phrases: tuple[str, ...]) -> bool:
    return any(phrase in _words(error) for phrase in phrases)


def _words(error: TelegramError) -> str:
    return error.message.lower()
