import re
import sys

import pytest

from benchmarks import scale


def test_it_tells_rates_starts_and_that_nothing_was_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(scale, "WORKERS", (1, 2))
    sizes = ("--photos", "6", "--cost", "0.1", "--come-and-go", "1")
    monkeypatch.setattr(sys, "argv", ["scale", *sizes])
    scale.main()
    _, heads, one, two, starts, turmoil, left = capsys.readouterr().out.splitlines()
    assert heads.split()[:3] == ["workers", "photos/s", "ratio"]
    assert one.split()[0] == "1"
    assert float(one.split()[1]) == pytest.approx(10, rel=0.3)
    assert float(two.split()[2]) > 1.3
    assert 0 < float(two.split()[3]) < 100
    median, p95 = map(float, re.findall(r"([\d.]+) ms", starts))
    assert 0 < median <= p95
    assert turmoil == (
        "24 photos, 1 workers stopped and 0 killed: "
        "24 answered (24 enhanced), 0 lost, 0 answered twice"
    )
    assert left == "left in the queue: 0"
