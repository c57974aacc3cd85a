"""A worker's bench with the shipped models, for tests that send real files through it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bots.conversation import Lab
from core.images import Limits
from core.leases import Leases
from core.store import Client
from weights.store import WeightsStore
from worker.bench import Bench
from worker.engine import Engine
from worker.models import Models


@contextmanager
def shipped_bench(
    lab: Lab, client: Client, *, models: Models | None = None, **options: Any
) -> Iterator[Bench]:
    """A bench at a lab; `options` are those of `Bench`."""
    bench = Bench(
        lab.queue,
        Leases(client, "host-1", seconds=10.0),
        lab.outbox,
        lab.blobs,
        models or Models(WeightsStore(None)),
        Engine("cpu"),
        limits=Limits(),
        max_output_pixels=1_000_000,
        **options,
    )
    yield bench
    bench.close()
