from pathlib import Path

import pytest

from core.errors import SettingsError
from core.settings import DiscordSettings, StoreSettings, TelegramSettings, WorkerSettings

TOKEN = "987654:QWE-rty_0"


def test_without_any_setting_everything_has_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DARKROOM_DATA_DIR")
    monkeypatch.setenv("HOME", "/home/ann")
    settings = StoreSettings.load()
    assert settings.redis_url is None
    assert settings.data_dir == Path("/home/ann/.local/share/darkroom")
    assert settings.blobs() == "file:///home/ann/.local/share/darkroom/blobs"
    assert settings.limits.max_pixels == 50_000_000
    assert WorkerSettings.load().weights == Path("/home/ann/.local/share/darkroom/weights")
    assert TelegramSettings.load().telegram_token is None


def test_the_environment_goes_before_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(
        "REDIS_URL=redis://:pw@host/0\nDARKROOM_PHOTOS_PER_USER=3\nDARKROOM_QUEUE_CAP=7\n"
        "DARKROOM_TELEGRAM_TOKEN=\nSOMETHING_ELSE=1\n"
    )
    monkeypatch.setenv("DARKROOM_QUEUE_CAP", "8")
    settings = StoreSettings.load()
    assert settings.redis_url is not None
    assert settings.redis_url.get_secret_value() == "redis://:pw@host/0"
    assert (settings.photos_per_user, settings.queue_cap) == (3, 8)
    assert TelegramSettings.load().telegram_token is None


WRONG = [
    (StoreSettings, "REDIS_URL", "localhost:6379"),
    (StoreSettings, "REDIS_URL", "redis://:pa/ss@host:6379"),
    (StoreSettings, "REDIS_URL", "redis://host:port"),
    (StoreSettings, "BLOB_URL", "/tmp/blobs"),
    (StoreSettings, "BLOB_URL", "memory://"),
    (StoreSettings, "BLOB_URL", "s3://key:secret@bucket"),
    (StoreSettings, "DARKROOM_LOG_FORMAT", "xml"),
    (StoreSettings, "DARKROOM_QUEUE_CAP", "many"),
    (StoreSettings, "DARKROOM_PHOTOS_PER_USER", "0"),
    (StoreSettings, "DARKROOM_MAX_MEGAPIXELS", "-1"),
    (StoreSettings, "DARKROOM_METRICS_LISTEN", "9464"),
    (StoreSettings, "DARKROOM_METRICS_LISTEN", "http://0.0.0.0:9464"),
    (StoreSettings, "DARKROOM_METRICS_LISTEN", "0.0.0.0:99999"),
    (WorkerSettings, "DARKROOM_DEVICE", "gpu"),
    (WorkerSettings, "DARKROOM_DEVICE", "cuda:x"),
    (WorkerSettings, "DARKROOM_TILE", "5000"),
    (WorkerSettings, "DARKROOM_JOB_MINUTES", "nan"),
    (TelegramSettings, "DARKROOM_TELEGRAM_TOKEN", "hello"),
    (TelegramSettings, "DARKROOM_TELEGRAM_API_URL", "localhost:8081"),
    (TelegramSettings, "DARKROOM_TELEGRAM_WEBHOOK_PORT", "99999"),
    (DiscordSettings, "DARKROOM_DISCORD_TOKEN", "hello"),
    (DiscordSettings, "DARKROOM_DISCORD_API_URL", "discord.com"),
    (DiscordSettings, "DARKROOM_DISCORD_GATEWAY_URL", "https://gateway.discord.gg"),
]


@pytest.mark.parametrize(("settings", "name", "value"), WRONG)
def test_a_wrong_value_ends_in_one_sentence_that_names_it(
    monkeypatch: pytest.MonkeyPatch,
    settings: type[StoreSettings | WorkerSettings | TelegramSettings | DiscordSettings],
    name: str,
    value: str,
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        settings.load()
    text = caught.value.text
    assert text.startswith(f"{name}: ")
    assert text.endswith(".")
    assert "\n" not in text


def test_a_secret_is_in_no_error_and_no_print(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKROOM_TELEGRAM_TOKEN", TOKEN)
    monkeypatch.setenv("REDIS_URL", "redis://:hunter2@host")
    assert TOKEN not in repr(TelegramSettings.load())
    assert "hunter2" not in repr(StoreSettings.load())
    for wrong in ("redis://:hunter2/x@host", "hunter2"):
        monkeypatch.setenv("REDIS_URL", wrong)
        with pytest.raises(SettingsError) as caught:
            StoreSettings.load()
        assert "hunter2" not in caught.value.text
    monkeypatch.setenv("DARKROOM_TELEGRAM_TOKEN", f"{TOKEN} ?")
    with pytest.raises(SettingsError) as caught:
        TelegramSettings.load()
    assert "QWE" not in caught.value.text


def test_a_webhook_needs_https_and_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKROOM_TELEGRAM_WEBHOOK_URL", "http://example.org/hook")
    with pytest.raises(SettingsError, match="https"):
        TelegramSettings.load()
    monkeypatch.setenv("DARKROOM_TELEGRAM_WEBHOOK_URL", "https://example.org/hook")
    with pytest.raises(SettingsError, match="WEBHOOK_SECRET"):
        TelegramSettings.load()
    monkeypatch.setenv("DARKROOM_TELEGRAM_WEBHOOK_SECRET", "not a good one")
    with pytest.raises(SettingsError, match="letters"):
        TelegramSettings.load()
    monkeypatch.setenv("DARKROOM_TELEGRAM_WEBHOOK_SECRET", "good-one_1")
    assert TelegramSettings.load().telegram_webhook_secret is not None


def test_paths_become_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DARKROOM_DATA_DIR", "here")
    monkeypatch.setenv("DARKROOM_WEIGHTS_DIR", "models")
    assert StoreSettings.load().data_dir == tmp_path / "here"
    assert WorkerSettings.load().weights == tmp_path / "models"
    monkeypatch.delenv("DARKROOM_DATA_DIR")
    (tmp_path / ".env").write_text("DARKROOM_DATA_DIR=~/lab\n")
    assert StoreSettings.load().data_dir == Path("~/lab").expanduser()


def test_discord_has_its_own_addresses_until_others_are_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = DiscordSettings.load()
    assert settings.discord_api_url == "https://discord.com/api/v10"
    assert settings.discord_gateway_url is None
    monkeypatch.setenv("DARKROOM_DISCORD_TOKEN", "MTIz.Gabc.x-y_z")
    monkeypatch.setenv("DARKROOM_DISCORD_API_URL", "http://proxy:3000/api/v10/")
    monkeypatch.setenv("DARKROOM_DISCORD_GATEWAY_URL", "ws://proxy:3001")
    settings = DiscordSettings.load()
    assert settings.discord_api_url == "http://proxy:3000/api/v10"
    assert settings.discord_gateway_url == "ws://proxy:3001"
    assert "Gabc" not in repr(settings)
