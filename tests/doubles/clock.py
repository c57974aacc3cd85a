"""A process whose wall clock is wrong."""

import time

import pytest

_true = time.time


def shift_clock(monkeypatch: pytest.MonkeyPatch, *, days: float) -> None:
    """Let `time.time` of this process be so many days ahead (negative: behind)."""
    monkeypatch.setattr(time, "time", lambda: _true() + days * 86_400)
