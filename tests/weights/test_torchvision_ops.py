import subprocess
import sys

import pytest


@pytest.mark.parametrize("calls", [1, 2])
def test_spandrel_imports_after_the_declaration(calls: int) -> None:
    code = "from weights.torchvision_ops import declare_missing_operators as declare\n"
    code += "declare()\n" * calls
    code += "import spandrel, torchvision\ndeclare()\nprint(len(spandrel.MAIN_REGISTRY) > 20)"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == "True"


def test_without_torchvision_nothing_is_registered_twice() -> None:
    code = (
        "import sys; sys.modules['torchvision'] = None\n"
        "from weights import torchvision_ops\n"
        "torchvision_ops.declare_missing_operators()\n"
        "print(torchvision_ops._declared)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == "[]"
