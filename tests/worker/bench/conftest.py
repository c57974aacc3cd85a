"""A worker's bench at a lab, with an engine that can be held and a clock that can be set."""

import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from bots.conversation import Lab
from core.leases import Leases
from core.store import Client
from tests.worker.bench.harness import Clock, HeldEngine, make_bench
from weights.store import WeightsStore
from worker import bench as bench_module
from worker import watch as watch_module
from worker.bench import Bench
from worker.models import Models
from worker.watch import Watch


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_module, "REPORT_SECONDS", 0.02)


@pytest.fixture(scope="module")
def models() -> Models:
    """The shipped models."""
    return Models(WeightsStore(None))


@pytest.fixture
def engine() -> Iterator[HeldEngine]:
    engine = HeldEngine()
    yield engine
    engine.may_go.set()


@pytest.fixture
def leases(client: Client) -> Leases:
    return Leases(client, "host-1", seconds=10.0)


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set once a job's work has been asked to stop."""
    stop, stopped = Watch.stop, threading.Event()

    def watched(self: Watch, *, late: bool = False) -> None:
        stop(self, late=late)
        stopped.set()

    monkeypatch.setattr(Watch, "stop", watched)
    return stopped


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(watch_module, "time", clock)
    return clock


@pytest.fixture
async def bench(
    lab: Lab, leases: Leases, models: Models, engine: HeldEngine
) -> AsyncIterator[Bench]:
    bench = make_bench(lab, leases, models, engine)
    yield bench
    engine.may_go.set()
    bench.close()
