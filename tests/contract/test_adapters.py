"""The adapters themselves: all of them pass this contract, and none of them decides anything."""

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

import bots
from bots.desk import Desk, Feature
from tests.contract.conftest import PLATFORMS
from tests.contract.platform import Platform

ROOMS = Path(bots.__file__).parent
ADAPTERS = sorted(desk.parent.name for desk in ROOMS.glob("*/desk.py"))
RULES = ("core.access", "core.communities", "core.outbox", "core.queue", "core.rules", "core.stats")
"""Where it is decided who may what, and what becomes of a request."""
MENUS = {("discord", "commands.py", "core.rules")}
"""What is made from a table of the rules without deciding by it: Discord's slash commands."""


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def scenarios() -> Iterator[pytest.Mark]:
    """Every mark of every scenario."""
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        module = importlib.import_module(f"tests.contract.{path.stem}")
        marked = getattr(module, "pytestmark", [])
        yield from (one.mark for one in (marked if isinstance(marked, list) else [marked]))
        for _name, function in inspect.getmembers(module, inspect.isfunction):
            yield from getattr(function, "pytestmark", [])


def test_every_adapter_passes_this_contract() -> None:
    assert sorted(PLATFORMS) == ADAPTERS


def test_every_feature_is_shown_by_a_scenario() -> None:
    used = {f for mark in scenarios() if mark.name in ("needs", "about") for f in mark.args}
    assert used == set(Feature)


async def test_what_a_platform_lacks_has_a_reason(platform: Platform) -> None:
    for feature, reason in platform.lacks.items():
        assert isinstance(feature, Feature)
        assert reason.endswith(".")
        assert len(reason.split()) > 3


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_desk_has_all_that_a_conversation_asks_for(adapter: str) -> None:
    module = importlib.import_module(f"bots.{adapter}.desk")
    (desk,) = [
        one
        for name, one in inspect.getmembers(module, inspect.isclass)
        if name.endswith("Desk") and one is not Desk
    ]
    for name, wanted in inspect.getmembers(Desk, inspect.isfunction):
        if not name.startswith("_"):
            given = inspect.signature(getattr(desk, name))
            assert list(given.parameters) == list(inspect.signature(wanted).parameters), name


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_an_adapter_has_no_rules(adapter: str) -> None:
    for path in sorted((ROOMS / adapter).rglob("*.py")):
        asked = {module for module in imports(path) if module in RULES}
        allowed = {module for room, name, module in MENUS if (room, name) == (adapter, path.name)}
        assert asked <= allowed, path


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_an_adapter_knows_no_other(adapter: str) -> None:
    others = tuple(f"bots.{other}" for other in ADAPTERS if other != adapter)
    for path in sorted((ROOMS / adapter).rglob("*.py")):
        assert not [module for module in imports(path) if module.startswith(others)], path
