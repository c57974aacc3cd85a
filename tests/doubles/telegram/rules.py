"""What the Bot API refuses, with its own words: sizes, lengths, and the published description."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

PRIMITIVES: dict[str, type | tuple[type, ...]] = {
    "Integer": int,
    "Float": (int, float),
    "String": str,
    "Boolean": bool,
    "True": bool,
}
JSON_PARAMETERS = {
    "media",
    "reply_markup",
    "reply_parameters",
    "link_preview_options",
    "commands",
    "entities",
    "allowed_updates",
    "scope",
}


class Refused(Exception):
    """An error answer of the Bot API: HTTP status, description and response parameters."""

    def __init__(self, description: str, code: int = 400, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


@dataclass(frozen=True)
class Caps:
    """Telegram's limits: bytes, pixels, characters; messages a minute in a group if enforced."""

    download: int = 20_000_000
    photo: int = 10_000_000
    document: int = 50_000_000
    photo_sides: int = 10_000
    photo_ratio: float = 20
    caption: int = 1024
    text: int = 4096
    callback_data: int = 64
    group_per_minute: int | None = None
    minute: float = 60.0


class Description:
    """The published description of the Bot API, as a judge of requests and answers."""

    def __init__(self, path: Path) -> None:
        published = json.loads(path.read_text())
        self._methods: dict[str, Any] = published["methods"]
        self._types: dict[str, Any] = published["types"]

    def faults_of_request(
        self, method: str, fields: dict[str, str], files: dict[str, bytes]
    ) -> list[str]:
        """What is wrong with a form-encoded request, one sentence a fault."""
        if method not in self._methods:
            return [f"{method} is no method"]
        known = {field["name"]: field for field in self._methods[method].get("fields", ())}
        faults = [f"{method} has no parameter {name}" for name in fields if name not in known]
        for name, field in known.items():
            if name in fields:
                faults += self._raw(fields[name], field["types"], f"{method}.{name}")
            elif field["required"] and name not in files:
                faults.append(f"{method} needs {name}")
        return faults

    def faults_of(self, value: object, kind: str, where: str = "") -> list[str]:
        """What is wrong with a JSON value that should be of the type `kind`."""
        where = where or kind
        if kind.startswith("Array of "):
            if not isinstance(value, list):
                return [f"{where} is no array"]
            inner = kind.removeprefix("Array of ")
            return [
                fault
                for n, item in enumerate(value)
                for fault in self.faults_of(item, inner, f"{where}[{n}]")
            ]
        if kind == "InputFile":
            return [] if isinstance(value, str) else [f"{where} is no file"]
        if kind in PRIMITIVES:
            wrong = isinstance(value, bool) != (kind in ("Boolean", "True"))
            return [] if isinstance(value, PRIMITIVES[kind]) and not wrong else [f"{where}: {kind}"]
        return self._object(value, kind, where)

    def _object(self, value: object, kind: str, where: str) -> list[str]:
        described = self._types[kind]
        if "subtypes" in described:
            return self._any(value, described["subtypes"], where)
        if not isinstance(value, dict):
            return [f"{where} is no {kind}"]
        known = {field["name"]: field for field in described.get("fields", ())}
        faults = [f"{where}: {kind} has no {name}" for name in value if name not in known]
        for name, field in known.items():
            if name in value:
                faults += self._any(value[name], field["types"], f"{where}.{name}")
            elif field["required"]:
                faults.append(f"{where} needs {name}")
        return faults

    def _any(self, value: object, kinds: list[str], where: str) -> list[str]:
        attempts = [self.faults_of(value, kind, where) for kind in kinds]
        return min(attempts, key=len)

    def _raw(self, text: str, kinds: list[str], where: str) -> list[str]:
        if any(kind in ("String", "InputFile") for kind in kinds):
            return []
        try:
            value = json.loads(text)
        except ValueError:
            return [f"{where} is no JSON: {text[:60]}"]
        return self._any(value, kinds, where)


@cache
def description() -> Description | None:
    """The published description, None where it does not lie beside the checkout."""
    path = Path(__file__).resolve().parents[4] / "shared" / "specs" / "tg_api.json"
    return Description(path) if path.is_file() else None
