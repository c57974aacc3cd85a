"""Which processes live: each gives a sign of life now and then, under its role."""

import os
import socket
import time

from core import keys
from core.store import Client, spoken

ALIVE_SECONDS = 30.0
"""A process that has been silent for longer is not counted."""
SIGN_SECONDS = 10.0


def name() -> str:
    """This process's name: host and process id."""
    return f"{socket.gethostname()}-{os.getpid()}"


class Presence:
    """Signs of life of workers and bots in one Redis."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def sign(self, role: str, process: str) -> None:
        """Note that a process lives; those long silent are forgotten."""
        now = time.time()
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.zadd(keys.alive(role), {process: round(now * 1000)})
            pipe.zremrangebyscore(
                keys.alive(role), "-inf", round((now - 10 * ALIVE_SECONDS) * 1000)
            )
            await pipe.execute()

    async def leave(self, role: str, process: str) -> None:
        """Note that a process has ended."""
        await self._client.zrem(keys.alive(role), process)

    async def living(self, role: str) -> list[str]:
        """The processes of a role that gave a sign of life lately."""
        since = round((time.time() - ALIVE_SECONDS) * 1000)
        with spoken():
            found: list[str] = await self._client.zrangebyscore(keys.alive(role), since, "+inf")
        return found

    async def here(self, role: str) -> bool:
        """Whether a process of this role lives on this host."""
        host = socket.gethostname()
        return any(process.rpartition("-")[0] == host for process in await self.living(role))
