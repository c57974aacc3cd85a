"""The chain that hostile files are sent through."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from bots.conversation import Lab
from core.store import Client
from tests.conftest import ROOT
from tests.doubles.benches import shipped_bench
from tests.hostile.intake import Look, read
from weights.store import WeightsStore
from worker.bench import Bench
from worker.imaging.isolation import Decoders
from worker.models import Models


@pytest.fixture(scope="session")
def looks() -> dict[str, Look]:
    """What the intake makes of each file of the zoo."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.hostile.intake"],
        cwd=ROOT,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return {look.name: look for look in read(run.stdout)}


@pytest.fixture(scope="session")
def decoders() -> Iterator[Decoders]:
    """The processes that a worker opens files in."""
    decoders = Decoders(cells=1)
    yield decoders
    decoders.close()


@pytest.fixture(scope="session")
def models() -> Models:
    """The shipped models."""
    return Models(WeightsStore(None))


@pytest.fixture
def bench(lab: Lab, client: Client, models: Models, decoders: Decoders) -> Iterator[Bench]:
    """A worker's bench, with its decoding apart."""
    with shipped_bench(lab, client, models=models, decoder=decoders.decode) as bench:
        yield bench
