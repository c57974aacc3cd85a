"""A worker's bench on the real Valkey."""

from collections.abc import Iterator

import pytest

from bots.conversation import Lab
from core.store import Client
from tests.doubles.benches import shipped_bench
from worker.bench import Bench
from worker.imaging.isolation import Decoders


@pytest.fixture(scope="session")
def decoders() -> Iterator[Decoders]:
    """The processes that a worker opens files in."""
    decoders = Decoders(cells=1)
    yield decoders
    decoders.close()


@pytest.fixture
def bench(lab: Lab, client: Client, decoders: Decoders) -> Iterator[Bench]:
    """A worker's bench with the shipped models, its decoding apart."""
    with shipped_bench(lab, client, decoder=decoders.decode) as bench:
        yield bench
