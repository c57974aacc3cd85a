import sys

import pytest

from benchmarks import fairness


@pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")  # arq's own
def test_it_tells_that_fairness_spares_the_others_the_wait(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = ("--people", "12", "--hog", "24", "--cost", "0.03")
    monkeypatch.setattr(sys, "argv", ["fairness", *sizes])
    fairness.main()
    machine, heads, *rows = capsys.readouterr().out.splitlines()
    assert "12 people at load 0.8, 24 photos of others" in machine
    assert heads.split()[-2:] == ["p95", "ratio"]
    assert len(rows) == 5
    table = [tuple(map(float, row[58:].split())) for row in rows]
    assert table[0][2:] == (1.0, 1.0)
    _, first_come, *fair = (p95 for _, p95, _, _ in table)
    assert all(p95 < first_come for p95 in fair)
