"""SECURITY.md names tests that exist, and no source reads what could run code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")
ROOMS = ("core", "bots", "weights", "worker", "darkroom", "training", "benchmarks")
UNPICKLING = {"pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}


def rows() -> list[list[str]]:
    """The cells of the table, without its head."""
    lines = (ROOT / "SECURITY.md").read_text(encoding="utf-8").splitlines()
    table = [line for line in lines if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


def functions(path: Path) -> set[str]:
    """The names of the tests in a file, which is not run."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {one.name for one in ast.walk(tree) if isinstance(one, kinds)}


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[1][:40])
def test_every_row_of_the_threats_names_tests_that_exist(row: list[str]) -> None:
    assert len(row) == 4
    assert all(row[1:])
    named = NAMED.findall(row[3])
    assert named
    assert NAMED.sub("", row[3]).strip(", ") == ""
    for file, test in named:
        tests = functions(ROOT / file)
        assert test in tests if test else any(name.startswith("test_") for name in tests)


def test_the_table_is_there() -> None:
    table = rows()
    assert len(table) > 15
    assert table[0][0]
    for who in ("hostile file", "member", "flood", "webhook", "network", "weights", "package"):
        assert any(who in row[0] for row in table) or any(who in row[1] for row in table)


def sources() -> Iterator[Path]:
    for room in ROOMS:
        yield from (ROOT / room).rglob("*.py")


def unsafe(tree: ast.AST) -> Iterator[str]:
    """What in a source could run code that it reads."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
            yield from (name for name in names if name.partition(".")[0] in UNPICKLING)
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in UNPICKLING:
            yield str(node.module)
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            options = {word.arg: ast.unparse(word.value) for word in node.keywords}
            if called in ("eval", "exec", "yaml.load", "torch.jit.load", "torch.hub.load"):
                yield called
            if called == "torch.load" and options.get("weights_only") != "True":
                yield called
            if "allow_pickle" in options and options["allow_pickle"] != "False":
                yield called
            if called in ("ArqRedis", "create_pool") and "job_deserializer" not in options:
                yield called


def test_nothing_is_unpickled() -> None:
    found = {
        str(path.relative_to(ROOT)): list(unsafe(ast.parse(path.read_text(encoding="utf-8"))))
        for path in sources()
    }
    assert len(found) > 100
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "import joblib.externals",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(path, allow_pickle=True)",
        "ArqRedis(pool)",
        "eval(text)",
    ],
)
def test_what_could_run_code_would_be_found(source: str) -> None:
    assert list(unsafe(ast.parse(source)))
