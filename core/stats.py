"""The lab's figures for whoever runs it: counters a day, nothing about any photo."""

import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import cast

from core import keys
from core.presence import Presence
from core.store import Client, spoken


@dataclass(frozen=True)
class Day:
    """A UTC day's photos: how many were enhanced, and how many failed by cause."""

    enhanced: int = 0
    failed: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Figures:
    """How the lab is doing: requests waiting or at work, living workers, seconds a photo, today."""

    queued: int
    workers: int
    pace: float | None
    today: Day


class Stats:
    """Reads the figures of one Redis; they are counted where replies are published."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._presence = Presence(client)

    async def figures(self) -> Figures:
        """The figures of this moment; raises ServiceDown without Redis."""
        with spoken():
            queued = await self._client.zcard(keys.QUEUE)
            pace = await self._client.get(keys.PACE)
            counts = await cast(
                "Awaitable[dict[str, str]]",
                self._client.hgetall(keys.day(int(time.time() // 86_400))),
            )
        failed = {
            name.removeprefix("failed:"): int(count)
            for name, count in counts.items()
            if name.startswith("failed:")
        }
        return Figures(
            queued=queued,
            workers=len(await self._presence.living("worker")),
            pace=None if pace is None else float(pace),
            today=Day(int(counts.get("enhanced", 0)), failed),
        )
