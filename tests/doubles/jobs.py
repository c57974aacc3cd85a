"""Jobs and replies for tests, with everything filled in that a test does not care about."""

import time
from collections.abc import Awaitable
from typing import Any, cast

from core import keys
from core.jobs import Enhanced, Job, PhotoRef, Reply
from core.store import Client

NOW = 1_700_000_000.0


async def opened(client: Client, *platforms: str) -> None:
    """Let platforms take replies to jobs that were never enqueued."""
    await cast("Awaitable[int]", client.sadd(keys.PLATFORMS, *platforms))


def job(job_id: str = "job-1", **fields: Any) -> Job:
    """A job of one photo."""
    values: dict[str, Any] = {
        "platform": "test",
        "user": "ann",
        "address": {"chat": 7, "status": 9},
        "photos": (PhotoRef(key="00000000000/job-1/in-0", name="a.png"),),
        "max_bytes": 10_000_000,
        "created": NOW,
        "deadline": NOW + 600,
    }
    return Job(id=job_id, **(values | fields))


def fresh(job_id: str = "job-1", *, seconds: float = 600, **fields: Any) -> Job:
    """A job made just now that may take `seconds`."""
    now = time.time()
    return job(job_id, created=now, deadline=now + seconds, **fields)


def enhanced(**fields: Any) -> Enhanced:
    """A photo that was enhanced."""
    values: dict[str, Any] = {
        "key": "00000000000/job-1/out",
        "name": "a-darkroom.png",
        "media_type": "image/png",
        "bytes": 1_234_567,
        "width": 256,
        "height": 192,
        "source_name": "a.png",
        "source_width": 64,
        "source_height": 48,
        "seconds": 6.2,
    }
    return Enhanced(**(values | fields))


def reply(job_id: str = "job-1", **fields: Any) -> Reply:
    """A reply with one enhanced photo."""
    values: dict[str, Any] = {
        "platform": "test",
        "user": "ann",
        "address": {"chat": 7, "status": 9},
        "results": (enhanced(),),
    }
    return Reply(job=job_id, **(values | fields))
