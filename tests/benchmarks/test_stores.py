import sys

import pytest

from benchmarks import stores


def test_a_short_queue_prints_every_figure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["stores", "--queue", "20", "--rounds", "10"])
    stores.main()
    _, memory, heads, *rows, put, got = capsys.readouterr().out.splitlines()
    assert memory.startswith("20 requests wait")
    assert heads.split()[:3] == ["what", "median", "ms"]
    assert len(rows) == 5
    for row in rows:
        median, p95, server = map(float, row[34:].split())
        assert 0 < median <= p95
        assert server >= 0
    assert put.endswith("MB/s")
    assert got.endswith("MB/s")
