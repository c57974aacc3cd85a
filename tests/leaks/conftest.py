"""A worker's bench on the real Valkey."""

from collections.abc import Iterator

import pytest

from bots.conversation import Lab
from core.images import Limits
from core.leases import Leases
from core.store import Client
from weights.store import WeightsStore
from worker.bench import Bench
from worker.engine import Engine
from worker.imaging.isolation import Decoders
from worker.models import Models


@pytest.fixture(scope="session")
def decoders() -> Iterator[Decoders]:
    """The processes that a worker opens files in."""
    decoders = Decoders(cells=1)
    yield decoders
    decoders.close()


@pytest.fixture
def bench(lab: Lab, client: Client, decoders: Decoders) -> Iterator[Bench]:
    """A worker's bench with the shipped models, its decoding apart."""
    bench = Bench(
        lab.queue,
        Leases(client, "host-1", seconds=10.0),
        lab.outbox,
        lab.blobs,
        Models(WeightsStore(None)),
        Engine("cpu"),
        limits=Limits(),
        max_output_pixels=1_000_000,
        decoder=decoders.decode,
    )
    yield bench
    bench.close()
