"""The routes of the API that a photo bot calls, under their published paths."""

from tests.doubles.discord.rest import Route
from tests.doubles.discord.routes import account, channels, commands, guilds, interactions

ROUTES: dict[tuple[str, str], Route] = {
    **account.ROUTES,
    **channels.ROUTES,
    **commands.ROUTES,
    **guilds.ROUTES,
    **interactions.ROUTES,
}

__all__ = ["ROUTES"]
