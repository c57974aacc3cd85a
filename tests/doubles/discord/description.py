"""The published OpenAPI description of Discord, as a judge of requests, answers and events."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

_JSON = "application/json"
_MOST_WORDS = 200


class Description:
    """The published description; every validator is made once."""

    def __init__(self, path: Path) -> None:
        text = path.read_text()
        self._published: dict[str, Any] = json.loads(text)
        relaxed = json.loads(text)
        # discord.py sends snowflakes as integers, which Discord takes
        relaxed["components"]["schemas"]["SnowflakeType"]["type"] = ["string", "integer"]
        self._answers = _maker(self._published)
        self._requests = _maker(relaxed)

    def faults_of_request(self, method: str, route: str, body: object) -> list[str]:
        """What is wrong with the JSON body of a request; None is no body."""
        operation = self._operation(method, route)
        if operation is None:
            return [f"{method} {route} is no route"]
        if body is None:
            needed = operation.get("requestBody", {}).get("required", False)
            return [f"{method} {route} needs a body"] if needed else []
        if "requestBody" not in operation:
            return [f"{method} {route} takes no body"]
        pointer = f"{_place(method, route)}/requestBody/content/{_escape(_JSON)}/schema"
        return _judged(self._requests(pointer), body, f"{method} {route}")

    def faults_of_answer(self, method: str, route: str, status: int, body: object) -> list[str]:
        """What is wrong with an answer; a body of None is none."""
        operation = self._operation(method, route)
        if operation is None:
            return []
        responses = operation["responses"]
        where = f"answer {status} of {method} {route}"
        if str(status) not in responses or "$ref" in responses[str(status)]:
            if 400 <= status < 500:
                # ErrorResponse says that the codes of single fields are numbers; they are words
                schema = "RatelimitedResponse" if status == 429 else "Error"
                return self.faults_of(body, schema, where)
            return [f"{where} is none of its answers"]
        if "content" not in responses[str(status)]:
            return [] if body is None else [f"{where} has no body"]
        pointer = f"{_place(method, route)}/responses/{status}/content/{_escape(_JSON)}/schema"
        return _judged(self._answers(pointer), body, where)

    def faults_of(self, value: object, schema: str, where: str) -> list[str]:
        """What is wrong with a value that should fit a named schema."""
        return _judged(self._answers(f"/components/schemas/{schema}"), value, where)

    def _operation(self, method: str, route: str) -> dict[str, Any] | None:
        operation = self._published["paths"].get(route, {}).get(method.lower())
        return operation if isinstance(operation, dict) else None


def _maker(published: dict[str, Any]) -> Callable[[str], Draft202012Validator]:
    resource: Resource[Any] = Resource.from_contents(published, default_specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource("urn:discord", resource)

    @cache
    def validator(pointer: str) -> Draft202012Validator:
        return Draft202012Validator({"$ref": f"urn:discord#{pointer}"}, registry=registry)

    return validator


def _judged(validator: Draft202012Validator, value: object, where: str) -> list[str]:
    return [
        f"{where}: {fault.json_path} {fault.message[:_MOST_WORDS]}"
        for fault in validator.iter_errors(value)
    ]


def _place(method: str, route: str) -> str:
    return f"/paths/{_escape(route)}/{method.lower()}"


def _escape(segment: str) -> str:
    return segment.replace("~", "~0").replace("/", "~1")


@cache
def description() -> Description | None:
    """The published description, None where it does not lie beside the checkout."""
    path = Path(__file__).resolve().parents[4] / "shared" / "specs" / "discord_openapi.json"
    return Description(path) if path.is_file() else None
