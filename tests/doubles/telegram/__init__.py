"""A Bot API server in this process that enforces what Telegram enforces."""

from tests.doubles.telegram.people import Person
from tests.doubles.telegram.rules import Caps, Refused
from tests.doubles.telegram.server import Call, TelegramServer
from tests.doubles.telegram.state import Chat, Json, Shown

__all__ = ["Call", "Caps", "Chat", "Json", "Person", "Refused", "Shown", "TelegramServer"]
