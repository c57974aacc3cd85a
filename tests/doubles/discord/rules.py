"""What Discord refuses, with its own codes and words, and the limits that it sets."""

from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

MIB = 1024 * 1024

_WORDS: dict[int, tuple[int, str]] = {
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10007: (404, "Unknown Member"),
    10008: (404, "Unknown Message"),
    10013: (404, "Unknown User"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    10063: (404, "Unknown application command"),
    40005: (413, "Request entity too large"),
    40060: (400, "Interaction has already been acknowledged."),
    40094: (400, "This interaction has reached the maximum number of follow up messages."),
    50001: (403, "Missing Access"),
    50003: (403, "Cannot execute action on a DM channel"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50013: (403, "Missing Permissions"),
    50024: (400, "Cannot execute action on this channel type"),
    50027: (401, "Invalid Webhook Token"),
    50035: (400, "Invalid Form Body"),
    50083: (400, "Thread is archived"),
    50109: (400, "The request body contains invalid JSON."),
    50278: (403, "Cannot send messages to this user due to having no mutual guilds"),
    160002: (400, "Cannot reply without permission to read message history"),
    160004: (400, "A thread has already been created for this message"),
}


class Refused(Exception):
    """An error answer of the API: HTTP status, JSON code, message, and the faulty fields."""

    def __init__(
        self,
        code: int = 0,
        *,
        status: int | None = None,
        message: str | None = None,
        errors: Json | None = None,
    ) -> None:
        known, words = _WORDS.get(code, (400, "400: Bad Request"))
        self.code = code
        self.status = known if status is None else status
        self.message = words if message is None else message
        self.errors = errors
        super().__init__(f"{self.status} {self.code} {self.message}")

    def body(self) -> Json:
        """The JSON body of the answer."""
        body: Json = {"message": self.message, "code": self.code}
        return body | ({"errors": self.errors} if self.errors else {})


def unauthorized() -> Refused:
    """The answer to a missing or wrong token."""
    return Refused(0, status=401, message="401: Unauthorized")


def not_found() -> Refused:
    """The answer to an address that is none."""
    return Refused(0, status=404, message="404: Not Found")


def invalid(where: str, code: str, message: str) -> Refused:
    """An Invalid Form Body with one fault, at the dotted place `where`."""
    errors: Json = {"_errors": [{"code": code, "message": message}]}
    for key in reversed(where.split(".")):
        errors = {key: errors}
    return Refused(50035, errors=errors)


def too_long(where: str, most: int) -> Refused:
    """The fault of a text that has more than `most` characters."""
    return invalid(where, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")


def bad_length(where: str, least: int, most: int) -> Refused:
    """The fault of a text or list whose length is not in the range."""
    words = f"Must be between {least} and {most} in length."
    return invalid(where, "BASE_TYPE_BAD_LENGTH", words)


def required(where: str) -> Refused:
    """The fault of a field that is missing."""
    return invalid(where, "BASE_TYPE_REQUIRED", "This field is required")


@dataclass(frozen=True)
class Limits:
    """Discord's limits: seconds, bytes, characters, counts.

    `messages` is how many messages a channel takes in `window` real seconds, where it is enforced.
    """

    acknowledge: float = 3.0
    token: float = 900.0
    nonce: float = 300.0
    link: float = 86_400.0
    file: int = 10 * MIB
    file_tier_2: int = 50 * MIB
    file_tier_3: int = 100 * MIB
    content: int = 2000
    attachments: int = 10
    embeds: int = 10
    embed_characters: int = 6000
    rows: int = 5
    buttons: int = 5
    components: int = 40
    display_characters: int = 4000
    custom_id: int = 100
    label: int = 80
    followups_without_bot: int = 5
    messages: int | None = None
    window: float = 5.0

    def file_of_tier(self, tier: int) -> int:
        """Bytes that one file may have in a guild of this premium tier."""
        return {2: self.file_tier_2, 3: self.file_tier_3}.get(tier, self.file)
