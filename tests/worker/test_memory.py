from types import SimpleNamespace

import pytest
import torch

from core.metrics import GPU_MEMORY
from tests.doubles.counts import count
from worker.memory import tell_memory

NAME = "darkroom_gpu_memory_bytes"


def test_a_gpus_memory_is_asked_at_every_scrape(monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch's own counters, in place of a GPU's."""
    used = {"cuda:1": 100}
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: used[device])
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 2 * used[device])
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda device: SimpleNamespace(total_memory=900)
    )
    try:
        tell_memory(torch.device("cuda", 1))
        for now in (100, 300):
            used["cuda:1"] = now
            told = [
                count(NAME, device="cuda:1", kind=kind) for kind in ("used", "reserved", "total")
            ]
            assert told == [now, 2 * now, 900]
    finally:
        GPU_MEMORY.clear()


def test_a_cpu_tells_nothing() -> None:
    tell_memory(torch.device("cpu"))
    assert next(iter(GPU_MEMORY.collect())).samples == []
