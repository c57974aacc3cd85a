import pytest

from core.store import Client
from darkroom.doctor import Finding, examine
from tests.doubles.discord import DiscordServer, Intent
from tests.doubles.telegram import TelegramServer


async def findings() -> dict[str, Finding]:
    return {finding.subject: finding for finding in await examine()}


async def test_a_fresh_machine_lacks_only_what_is_optional() -> None:
    found = await findings()
    assert {name for name, one in found.items() if one.needed and not one.ok} == set()
    assert not found["Telegram"].ok
    assert "@BotFather" in found["Telegram"].mend
    assert "private Valkey" in found["Redis"].seen
    assert "can be written" in found["Photo store"].seen
    assert "darkroom-x4" in found["Model for enlarging"].seen
    for one in found.values():
        assert one.ok or one.mend


async def test_a_wrong_setting_is_the_only_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DARKROOM_TILE", "many")
    found = await findings()
    assert list(found) == ["Settings"]
    assert found["Settings"].seen.startswith("DARKROOM_TILE: ")


async def test_a_redis_that_does_not_answer_is_told_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://:hunter2@127.0.0.1:1")
    redis = (await findings())["Redis"]
    assert not redis.ok
    assert "127.0.0.1:1 does not answer" in redis.seen
    assert "hunter2" not in redis.seen + redis.mend


async def test_a_redis_that_may_drop_keys_is_told(
    client: Client, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", redis_url)
    assert (await findings())["Redis"].ok
    await client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        redis = (await findings())["Redis"]
    finally:
        await client.config_set("maxmemory-policy", "noeviction")
    assert not redis.ok
    assert "may drop photos (allkeys-lru)" in redis.seen


async def test_a_photo_store_that_cannot_be_written_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BLOB_URL", "file:///proc/nowhere")
    store = (await findings())["Photo store"]
    assert not store.ok
    assert "BLOB_URL" in store.mend


async def test_the_token_is_tried_at_the_bot_api(monkeypatch: pytest.MonkeyPatch) -> None:
    async with TelegramServer() as server:
        monkeypatch.setenv("DARKROOM_TELEGRAM_API_URL", server.url)
        monkeypatch.setenv("DARKROOM_TELEGRAM_TOKEN", server.token)
        telegram = (await findings())["Telegram"]
        assert telegram.ok
        assert telegram.seen.startswith("@")
        monkeypatch.setenv("DARKROOM_TELEGRAM_TOKEN", "1:wrong")
        telegram = (await findings())["Telegram"]
        assert not telegram.ok
        assert "refused" in telegram.seen
        assert "wrong" not in telegram.seen
    monkeypatch.setenv("DARKROOM_TELEGRAM_API_URL", "http://127.0.0.1:1")
    assert "does not answer" in (await findings())["Telegram"].seen


async def test_the_token_is_tried_at_discord_with_its_intent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with DiscordServer() as server:
        monkeypatch.setenv("DARKROOM_DISCORD_API_URL", server.api_url)
        monkeypatch.setenv("DARKROOM_DISCORD_TOKEN", server.token)
        found = await findings()
        assert found["Discord"].ok
        assert found["Discord's messages"].ok
        server.privileged = Intent(0)
        found = await findings()
        assert found["Discord"].ok
        assert not found["Discord's messages"].ok
        assert "Message Content Intent" in found["Discord's messages"].mend
        monkeypatch.setenv("DARKROOM_DISCORD_TOKEN", "wr.on.g")
        found = await findings()
        assert not found["Discord"].ok
        assert "refused" in found["Discord"].seen
        monkeypatch.setenv("DARKROOM_DISCORD_API_URL", f"{server.url}/nowhere")
        assert "404" in (await findings())["Discord"].seen
    monkeypatch.setenv("DARKROOM_DISCORD_API_URL", "http://127.0.0.1:1")
    assert "does not answer" in (await findings())["Discord"].seen
