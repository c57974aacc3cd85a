"""Asks for known vulnerabilities in what the images are made of, where advisories can be reached.

Exit code 1 says that something is known; a line says what was asked, or that it was skipped.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

LISTS = sorted(Path(__file__).resolve().parent.glob("requirements-*.txt"))
UNREACHED = "Could not connect"
"""How pip-audit says that there is no network."""
SECONDS = 180.0


def verdict(output: str, errors: str) -> tuple[int, str]:
    """The exit code and the words for what pip-audit printed.

    Without the network it prints no JSON; behind a mirror of the registry that has no advisories it
    skips every package.
    """
    try:
        packages: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError):
        if UNREACHED in errors:
            return 0, "audit: skipped, the advisories cannot be reached"
        return 1, f"audit: {errors.strip() or 'no report'}"
    asked = [one for one in packages if "skip_reason" not in one]
    if not asked:
        return 0, "audit: skipped, the registry here has no advisories"
    known = [
        f"  {one['name']} {one['version']}: {found['id']}, mended in "
        f"{', '.join(found['fix_versions']) or 'no version yet'}"
        for one in asked
        for found in one["vulns"]
    ]
    head = f"audit: {len(asked)} of {len(packages)} packages asked about, {len(known)} known flaws"
    return int(bool(known)), "\n".join([head, *known])


def main() -> int:
    """Audit the locked lists and print the verdict."""
    command = [str(Path(sys.executable).with_name("pip-audit")), "--no-deps", "--disable-pip"]
    command += ["--format", "json", "--progress-spinner", "off", "--timeout", "15"]
    for path in LISTS:
        command += ["--requirement", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        code, words = 0, "audit: skipped, the advisories do not answer in time"
    else:
        code, words = verdict(done.stdout, done.stderr)
    print(words)  # noqa: T201
    return code


if __name__ == "__main__":
    sys.exit(main())
