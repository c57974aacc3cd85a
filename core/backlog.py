"""The lab's backlog as it stands in Redis, read for every scrape; every process tells the same."""

import json
import time
from collections import Counter
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass, field
from typing import cast

from prometheus_client.core import GaugeMetricFamily

from core import keys
from core.metrics import platform_label
from core.presence import ALIVE_SECONDS
from core.store import Client

_OF_THE_LAB = {
    "darkroom_redis_up": "Whether Redis answers this process.",
    "darkroom_queue_jobs": "Requests in the lab, waiting or at work.",
    "darkroom_queue_oldest_seconds": "Age of the oldest request that was not answered yet.",
    "darkroom_workers": "Workers that gave a sign of life lately.",
    "darkroom_redis_memory_bytes": "Memory that Redis uses.",
    "darkroom_redis_memory_limit_bytes": "Memory that Redis may use, 0 without a limit.",
}
_OF_A_PLATFORM = {
    "darkroom_owed_replies": "Requests taken in that were not answered yet.",
    "darkroom_outbox_entries": "Answers published that were not delivered yet.",
    "darkroom_outbox_oldest_seconds": "Age of the oldest answer that was not delivered yet.",
    "darkroom_dead_letters": "Answers that could not be delivered and are kept.",
}


@dataclass(frozen=True)
class Figures:
    """One moment's values by metric, and those of each platform by metric and platform."""

    lab: dict[str, float] = field(default_factory=dict)
    platforms: dict[str, dict[str, float]] = field(default_factory=dict)

    def families(self) -> Iterable[GaugeMetricFamily]:
        """The values as Prometheus takes them."""
        for name, value in self.lab.items():
            yield GaugeMetricFamily(name, _OF_THE_LAB[name], value)
        for name, values in self.platforms.items():
            family = GaugeMetricFamily(name, _OF_A_PLATFORM[name], labels=["platform"])
            for platform, value in values.items():
                family.add_metric([platform], value)
            yield family


UNREACHED = Figures({"darkroom_redis_up": 0})


async def read(client: Client) -> Figures:
    """The figures of this moment, in three round trips whatever waits; raises RedisError."""
    now = time.time()
    platforms = sorted(await cast("Awaitable[set[str]]", client.smembers(keys.PLATFORMS)))
    async with client.pipeline(transaction=False) as pipe:
        pipe.zcard(keys.QUEUE)
        pipe.zcount(keys.alive("worker"), round(1000 * (now - ALIVE_SECONDS)), "+inf")
        pipe.info("memory")
        for platform in platforms:
            pipe.zcard(keys.owed(platform))
            pipe.xlen(keys.outbox(platform))
            pipe.xlen(keys.dead(platform))
            pipe.xrange(keys.outbox(platform), count=1)
            pipe.zrange(keys.owed(platform), 0, 0)
        jobs, workers, memory, *rows = await pipe.execute()
    owed, entries, dead, lags = Counter[str](), Counter[str](), Counter[str](), dict[str, float]()
    oldest: list[str] = []
    for index, platform in enumerate(map(platform_label, platforms)):
        owing, waiting, buried, first, next_due = rows[5 * index : 5 * index + 5]
        owed[platform] += owing
        entries[platform] += waiting
        dead[platform] += buried
        lag = max((now - int(entry.partition("-")[0]) / 1000 for entry, _ in first), default=0.0)
        lags[platform] = max(lags.get(platform, 0.0), lag)
        oldest += next_due
    records = await client.mget(map(keys.job, oldest)) if oldest else []
    ages = (
        now - json.loads(record).get("created", now) for record in records if record is not None
    )
    return Figures(
        {
            "darkroom_redis_up": 1,
            "darkroom_queue_jobs": jobs,
            "darkroom_queue_oldest_seconds": max(0.0, *ages, 0.0),
            "darkroom_workers": workers,
            "darkroom_redis_memory_bytes": memory["used_memory"],
            "darkroom_redis_memory_limit_bytes": memory["maxmemory"],
        },
        {
            "darkroom_owed_replies": dict(owed),
            "darkroom_outbox_entries": dict(entries),
            "darkroom_outbox_oldest_seconds": lags,
            "darkroom_dead_letters": dict(dead),
        },
    )
