"""Accounts, people and the bot alike, and the ids that Discord gives out."""

import time
from dataclasses import dataclass

from tests.doubles.discord.rules import Json

_EPOCH_MS = 1_420_070_400_000


class Snowflakes:
    """Ids that carry the time they were made and always grow."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> int:
        """The next id."""
        now = (int(time.time() * 1000) - _EPOCH_MS) << 22
        self._last = max(now, self._last + 1)
        return self._last


@dataclass(frozen=True)
class User:
    """An account."""

    user_id: int
    username: str
    display_name: str
    bot: bool = False

    @property
    def mention(self) -> str:
        """How a text mentions this account."""
        return f"<@{self.user_id}>"

    def described(self) -> Json:
        """The user object of the API."""
        described: Json = {
            "id": str(self.user_id),
            "username": self.username,
            "discriminator": "0" if not self.bot else "4242",
            "global_name": None if self.bot else self.display_name,
            "avatar": None,
            "avatar_decoration_data": None,
            "banner": None,
            "accent_color": None,
            "public_flags": 0,
            "flags": 0,
            "primary_guild": None,
        }
        return described | ({"bot": True} if self.bot else {})
