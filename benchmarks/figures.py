"""What the measurements of the way of a photo have in common."""

import os
import platform
import time
from collections.abc import Sequence

import numpy as np

from core.jobs import Job, PhotoRef
from core.store import Client

PLATFORM = "benchmark"


def machine() -> str:
    """The machine in a few words."""
    return f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}"


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many percent (0–100) do not exceed."""
    return float(np.percentile(values, percent))


async def server_seconds(client: Client) -> float:
    """Processor time that Redis has used so far, by its own account."""
    used = await client.info("cpu")
    return float(used["used_cpu_user"]) + float(used["used_cpu_sys"])


def request(
    name: str, user: str, *, community: str | None = None, key: str = "0/photo", photos: int = 1
) -> Job:
    """A request of a person for photos that lie under `key`."""
    now = time.time()
    return Job(
        id=name,
        platform=PLATFORM,
        user=user,
        community=community,
        address={"chat": 1},
        photos=(PhotoRef(key=key),) * photos,
        max_bytes=10_000_000,
        created=now,
        deadline=now + 3600,
    )
