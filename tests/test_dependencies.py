"""The images are made of what is written down by hash, completely, and of nothing else."""

import importlib.metadata
import json
import re
import runpy
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
LISTS = {path.stem: path for path in sorted((ROOT / "docker").glob("requirements-*.txt"))}
IMAGES = {
    "bot": ["requirements-bot"],
    "worker": ["requirements-worker", "requirements-cuda"],
}
IN_IMAGES: dict[str, Any] = {**default_environment(), "sys_platform": "linux", "extra": ""}
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
AUDIT = runpy.run_path(str(ROOT / "docker/audit.py"))


def locked(*names: str) -> dict[str, str]:
    """The packages of some lists with their versions."""
    pins = [re.findall(r"^([\w.-]+)==(\S+) \\$", LISTS[name].read_text(), re.M) for name in names]
    return {canonicalize_name(package): version for found in pins for package, version in found}


@pytest.mark.parametrize("name", LISTS)
def test_every_line_is_a_version_with_its_hashes(name: str) -> None:
    text = re.sub(r"^#.*\n", "", LISTS[name].read_text(), flags=re.M)
    one = r"[\w.-]+==[\w.+!]+(?: \\\n    --hash=sha256:[0-9a-f]{64})+\n"
    assert re.fullmatch(rf"(?:{one})+", text)


@pytest.mark.parametrize("image", IMAGES)
def test_the_lists_hold_what_the_project_asks_for(image: str) -> None:
    wanted = list(PROJECT["dependencies"])
    if image == "worker":
        wanted += PROJECT["optional-dependencies"]["worker"]
    pins = locked(*IMAGES[image])
    for requirement in map(Requirement, [*wanted, "setuptools>=77"]):
        version = pins[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), requirement
    tested = re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.M)
    for package, version in tested:
        assert pins.get(canonicalize_name(package), version) == version


@pytest.mark.parametrize("image", IMAGES)
def test_nothing_that_these_packages_need_is_missing(image: str) -> None:
    """They are installed without looking for more; what is installed here tells what they need."""
    pins = locked(*IMAGES[image])
    asked = 0
    for package, version in pins.items():
        try:
            installed = importlib.metadata.distribution(package)
        except importlib.metadata.PackageNotFoundError:
            continue
        if installed.version.partition("+")[0] != version:
            continue
        for requirement in map(Requirement, installed.requires or ()):
            if requirement.marker is None or requirement.marker.evaluate(IN_IMAGES):
                asked += 1
                needed = pins[canonicalize_name(requirement.name)]
                assert requirement.specifier.contains(needed), (package, requirement)
    assert asked > 20


def test_the_two_images_share_their_versions() -> None:
    bot, worker = locked("requirements-bot"), locked("requirements-worker")
    assert bot.items() <= worker.items()
    assert not worker.keys() & locked("requirements-cuda").keys()


def test_images_install_by_hash_alone() -> None:
    lines = (ROOT / "docker/Dockerfile").read_text().replace("\\\n", " ").splitlines()
    installs = [words for line in lines for words in re.findall(r"pip install ([^;]*)", line)]
    by_hash = [words for words in installs if "--require-hashes" in words]
    others = [words for words in installs if words not in by_hash]
    assert {name for words in by_hash for name in re.findall(r"requirements-\w+", words)} == {
        *LISTS
    }
    assert all("--no-deps --only-binary :all:" in words for words in by_hash)
    torch, *ours = others
    assert torch.startswith('--index-url "$TORCH_INDEX" --constraint constraints.txt torch ')
    assert "extra-index" not in torch
    assert all("--no-deps --no-build-isolation ." in words for words in ours)


# --- the audit ---


def report(**package: Any) -> str:
    return json.dumps({"dependencies": [{"name": "pillow", "version": "1.0"} | package]})


def test_a_known_flaw_fails_the_audit_and_is_named() -> None:
    flaw = {"id": "PYSEC-1", "fix_versions": ["1.1"]}
    code, words = AUDIT["verdict"](report(vulns=[flaw]), "")
    assert code == 1
    assert "pillow 1.0: PYSEC-1, mended in 1.1" in words
    assert AUDIT["verdict"](report(vulns=[]), "")[0] == 0


def test_an_audit_that_cannot_ask_says_so_and_fails_nobody() -> None:
    skipped = report(skip_reason="Dependency not found")
    unreached = "ERROR:pip_audit._cli:Could not connect to PyPI's vulnerability feed"
    for found in (AUDIT["verdict"](skipped, ""), AUDIT["verdict"]("", unreached)):
        assert found[0] == 0
        assert found[1].startswith("audit: skipped")
        assert "\n" not in found[1]


def test_an_audit_that_fails_otherwise_is_no_pass() -> None:
    code, words = AUDIT["verdict"]("", "ERROR: requirement file is invalid")
    assert code == 1
    assert "invalid" in words
