"""Whether a process does its work, in one sentence."""

import asyncio

from core.errors import ServiceDown
from core.presence import ALIVE_SECONDS, Presence

REDIS_SECONDS = 2.0
"""How long Redis may take to answer."""


async def ailment(presence: Presence, role: str, process: str) -> str | None:
    """What keeps a process from its work, None if nothing does.

    Whoever can await this has an event loop that runs. The sign of life shows that the process
    has begun its work, and that Redis takes what it writes.
    """
    try:
        async with asyncio.timeout(REDIS_SECONDS):
            living = await presence.living(role)
    except TimeoutError:
        return f"Redis does not answer within {REDIS_SECONDS:.0f} seconds."
    except ServiceDown:
        return "Redis cannot be reached."
    if process not in living:
        return f"The {role} has given no sign of life in the last {ALIVE_SECONDS:.0f} seconds."
    return None
