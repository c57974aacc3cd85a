import pytest

from core.errors import SettingsError
from core.settings import StoreSettings
from darkroom import up


def test_what_can_run_is_the_worker_and_each_bot_with_a_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert up.runnable() == ["worker"]
    monkeypatch.setenv("DARKROOM_TELEGRAM_TOKEN", "1:x")
    assert up.runnable() == ["worker", "telegram"]
    monkeypatch.setenv("DARKROOM_DISCORD_TOKEN", "a.b.c")
    assert up.runnable() == ["worker", "telegram", "discord"]
    monkeypatch.setattr(up, "worker_installed", lambda: False)
    assert up.runnable() == ["telegram", "discord"]


def test_where_nothing_can_run_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(up, "worker_installed", lambda: False)
    with pytest.raises(SettingsError, match="nothing to run"):
        up.runnable()


def test_a_wrong_setting_of_the_worker_is_told_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DARKROOM_DEVICE", "gpu")
    with pytest.raises(SettingsError, match="DARKROOM_DEVICE"):
        up.runnable()


def test_each_child_tells_its_metrics_at_a_port_of_its_own() -> None:
    assert up.metrics_port(StoreSettings(), 1) == {}
    settings = StoreSettings(metrics_listen="[::1]:9464")
    ports = [up.metrics_port(settings, place) for place in range(2)]
    assert ports == [
        {"DARKROOM_METRICS_LISTEN": "[::1]:9464"},
        {"DARKROOM_METRICS_LISTEN": "[::1]:9465"},
    ]
