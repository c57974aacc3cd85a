"""The stages of the Dockerfile fit the compose file, the packages and the files beside them."""

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


@pytest.fixture(scope="module")
def stages() -> dict[str, list[tuple[str, str]]]:
    """The Dockerfile as stage → (instruction, arguments), each with its parent stage's before."""
    text = (ROOT / "docker/Dockerfile").read_text().replace("\\\n", " ")
    found: dict[str, list[tuple[str, str]]] = {}
    name = ""
    for line in text.splitlines():
        instruction, _, rest = line.partition(" ")
        if instruction == "FROM":
            parent, _, name = rest.partition(" AS ")
            found[name] = list(found.get(parent, []))
        elif name and instruction and not instruction.startswith("#"):
            found[name].append((instruction, " ".join(rest.split())))
    return found


def test_compose_builds_stages_that_exist(
    services: dict[str, dict[str, Any]], stages: dict[str, list[tuple[str, str]]]
) -> None:
    targets = {name: s["build"]["target"] for name, s in services.items() if "build" in s}
    assert targets == {
        "telegram": "bot",
        "discord": "bot",
        "weights": "bot",
        "worker": "worker",
        "worker-cuda": "worker",
    }
    assert set(targets.values()) <= stages.keys()
    for service in services.values():
        if "build" in service:
            assert (ROOT / service["build"]["dockerfile"]).is_file()


@pytest.mark.parametrize("stage", ["bot", "worker"])
def test_images_run_darkroom_as_an_ordinary_user(
    stage: str,
    stages: dict[str, list[tuple[str, str]]],
    services: dict[str, dict[str, Any]],
) -> None:
    last = dict(stages[stage])
    user = re.fullmatch(r"(\d+):(\d+)", last["USER"])
    assert user is not None
    assert int(user.group(1)) > 0
    assert last["ENTRYPOINT"] == '["darkroom"]'
    assert "DARKROOM_DATA_DIR=/data" in last["ENV"]
    made = next(text for name, text in stages["base"] if name == "RUN")
    mounts = {
        entry.split(":")[1]
        for service in services.values()
        if service.get("build", {}).get("target") == stage
        for entry in service["volumes"]
    }
    assert mounts <= set(made.split())
    assert f"--uid {user.group(1)} " in made


def test_the_bot_image_is_built_without_torch(stages: dict[str, list[tuple[str, str]]]) -> None:
    steps = " ".join(text for _, text in stages["build-bot"])
    assert "requirements-worker" not in steps
    assert "torch" not in steps
    assert "requirements-worker" in " ".join(text for _, text in stages["build-worker"])
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.split(r"[^\w-]", line)[0].lower() for line in project["dependencies"]}
    assert not names & {"torch", "torchvision", "spandrel", "numpy", "opencv-python-headless"}


def test_what_is_copied_exists_and_is_not_ignored(
    stages: dict[str, list[tuple[str, str]]],
) -> None:
    lines = (ROOT / ".dockerignore").read_text().split()
    allowed = {line[1:] for line in lines if line.startswith("!")}
    copied = {
        source
        for steps in stages.values()
        for name, text in steps
        if name == "COPY" and not text.startswith("--from")
        for source in text.split()[:-1]
    }
    assert copied == allowed
    for source in copied:
        assert (ROOT / source).exists(), source
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert {project["project"]["readme"], *project["project"]["license-files"]} <= copied
    patterns = project["tool"]["setuptools"]["packages"]["find"]["include"]
    for pattern in patterns:
        assert any(fnmatch(source, pattern) for source in copied), pattern
