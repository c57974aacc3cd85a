"""Writes the hashed requirements of the images, from pyproject.toml and constraints.txt.

Each file is complete, so that images are built with `pip install --no-deps --require-hashes`.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEAD = "# Made by `make lock`; not to be edited.\n"
BUILD = "setuptools>=77"
"""What pyproject.toml asks for to build Darkroom itself."""
GPU = re.compile(r"(torch|torchvision|triton|nvidia-.+|cuda-.+)==")
"""What is not wanted with a CPU build of torch, which comes from an index of its own."""


def compiled(*extras: str) -> Iterator[str]:
    """A requirement after the other, each with its hashes, for Python 3.11 on Linux."""
    command = ["uv", "pip", "compile", "pyproject.toml", "-", "--constraint", "constraints.txt"]
    command += ["--generate-hashes", "--only-binary", ":all:", "--upgrade"]
    command += ["--python-version", "3.11", "--python-platform", "linux"]
    command += ["--no-config", "--no-emit-index-url", "--no-header", "--no-annotate", "--quiet"]
    for extra in extras:
        command += ["--extra", extra]
    done = subprocess.run(
        [Path(sys.executable).with_name("uv"), *command[1:]],
        cwd=ROOT,
        input=BUILD,
        text=True,
        stdout=subprocess.PIPE,
        check=True,
    )
    yield from re.findall(r"^\S.*(?:\n .*)*\n", done.stdout, re.M)


def main() -> None:
    """Write the three files beside this one."""
    worker = list(compiled("worker"))
    files = {
        "bot": list(compiled()),
        "worker": [one for one in worker if not GPU.match(one)],
        "cuda": [one for one in worker if GPU.match(one)],
    }
    for name, requirements in files.items():
        path = ROOT / f"docker/requirements-{name}.txt"
        path.write_text(HEAD + "".join(requirements))
        print(f"{path.relative_to(ROOT)}: {len(requirements)} packages")  # noqa: T201


if __name__ == "__main__":
    main()
