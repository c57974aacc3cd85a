"""A Discord in this process, API, gateway and CDN, that enforces what Discord enforces."""

from tests.doubles.discord.cdn import StoredFile
from tests.doubles.discord.channels import Channel
from tests.doubles.discord.guilds import Guild, Role
from tests.doubles.discord.intents import Intent
from tests.doubles.discord.interactions import Interaction
from tests.doubles.discord.messages import Message
from tests.doubles.discord.options import NotAllowed, NotOffered, Upload
from tests.doubles.discord.people import Person
from tests.doubles.discord.permissions import Permission
from tests.doubles.discord.rest import Call, Fault
from tests.doubles.discord.rules import Json, Limits, Refused
from tests.doubles.discord.server import DiscordServer
from tests.doubles.discord.views import Shown

__all__ = [
    "Call", "Channel", "DiscordServer", "Fault", "Guild", "Intent", "Interaction", "Json",
    "Limits", "Message", "NotAllowed", "NotOffered", "Permission", "Person", "Refused", "Role",
    "Shown", "StoredFile", "Upload",
]  # fmt: skip
