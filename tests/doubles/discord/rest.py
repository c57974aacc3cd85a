"""The HTTP side: requests read, judged and answered, and failures on demand."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import BodyPartReader, web

from tests.doubles.discord.description import description
from tests.doubles.discord.rules import Json, Refused, not_found, unauthorized

if TYPE_CHECKING:
    from tests.doubles.discord.server import DiscordServer

Answer = tuple[int, Any]
Route = Callable[["DiscordServer", "Call"], Answer]

OPEN = ("/webhooks/", "/interactions/")
_RETRY = "You are being rate limited."


@dataclass(frozen=True)
class Call:
    """One request of the bot: `route` is the published path, `files` are by their number."""

    method: str
    route: str
    path: dict[str, str]
    query: dict[str, str]
    body: Any
    files: dict[int, tuple[str, bytes]] = field(repr=False)

    def number(self, name: str) -> int:
        """A snowflake in the path; raises Refused."""
        try:
            return int(self.path[name])
        except ValueError:
            raise Refused(50035) from None


@dataclass
class Fault:
    """A failure to play once.

    An error answer, a rate limit in seconds, a page that is no JSON with this status, or a
    connection closed in the client's face. With `after` the request takes effect first and only
    its answer is lost. `hold` is waited for before anything else. aiohttp repeats a GET, PUT or
    DELETE once by itself when the connection was closed, which takes two faults to show.
    """

    refused: Refused | None = None
    retry_after: float | None = None
    everywhere: bool = False
    status: int | None = None
    close: bool = False
    after: bool = False
    hold: asyncio.Event | None = None


class _Limited(Exception):
    def __init__(self, seconds: float, everywhere: bool = False) -> None:
        super().__init__(seconds)
        self.seconds = seconds
        self.everywhere = everywhere


class _Broken(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Rest:
    """Answers requests by a table of routes, methods and paths as published."""

    def __init__(self, server: "DiscordServer", routes: dict[tuple[str, str], Route]) -> None:
        self._server = server
        self._routes = routes
        self._failures: dict[str, list[Fault]] = {}
        self._sent: dict[str, list[float]] = {}

    def add_to(self, router: web.UrlDispatcher, prefix: str) -> None:
        """Listen at every route; those with fixed names come before those with ids."""
        for method, route in sorted(self._routes, key=lambda key: key[1].replace("{", "~")):
            router.add_route(method, prefix + route, self._handler(method, route))
        router.add_route("*", prefix + "/{rest:.*}", self._unknown)

    def fail(self, name: str, faults: list[Fault]) -> None:
        """Let the next requests of a route go wrong, in this order."""
        self._failures.setdefault(name, []).extend(faults)

    async def play(self, name: str) -> Fault | None:
        """Play the next failure of a route, as far as it comes before the effect."""
        waiting = self._failures.get(name)
        fault = waiting.pop(0) if waiting else None
        if fault is not None and fault.hold is not None:
            await fault.hold.wait()
        if fault is not None and not fault.after:
            _fail(fault)
        return fault

    def _handler(self, method: str, route: str) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._serve(request, method, route)

        return handle

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        self._server.faults.append(f"{request.method} {request.path} is not in the double")
        return web.json_response(not_found().body(), status=404)

    async def _serve(self, request: web.Request, method: str, route: str) -> web.StreamResponse:
        server = self._server
        try:
            status, body = await self._answer(request, method, route)
        except Refused as refused:
            status, body = refused.status, refused.body()
        except _Limited as limited:
            status = 429
            retry = {"retry_after": limited.seconds, "global": limited.everywhere}
            body = {"message": _RETRY, "code": 0, **retry}
        except _Broken as broken:
            server.changed()
            return web.Response(status=broken.status, text="<html>upstream</html>")
        except (KeyError, TypeError, ValueError) as error:
            # not a 500, which the library would repeat with growing pauses
            server.faults.append(f"{method} {route} is beyond the double: {error!r}")
            status, body = 400, Refused(0).body()
        except ConnectionAbortedError:
            server.changed()
            return cut_off(request)
        if (judge := description()) is not None:
            server.faults += judge.faults_of_answer(method, route, status, body)
        server.changed()
        headers = self._headers(request, route, status, body)
        if status == 204:
            return web.Response(status=204, headers=headers)
        # discord.py compares the whole header, so there must be no charset
        data = json.dumps(body).encode()
        return web.Response(
            status=status, body=data, content_type="application/json", headers=headers
        )

    async def _answer(self, request: web.Request, method: str, route: str) -> Answer:
        server = self._server
        body, files = await _read(request)
        call = Call(method, route, dict(request.match_info), dict(request.query), body, files)
        if (judge := description()) is not None:
            server.faults += judge.faults_of_request(method, route, body)
        server.calls.append(call)
        server.changed()
        fault = await self.play(f"{method} {route}")
        if not route.startswith(OPEN) and request.headers.get("Authorization") != (
            f"Bot {server.token}"
        ):
            raise unauthorized()
        self._pace(call)
        status, answer = self._routes[method, route](server, call)
        if fault is not None:
            server.changed()
            _fail(fault)
        return status, answer

    def _pace(self, call: Call) -> None:
        limits = self._server.limits
        if limits.messages is None or not call.route.endswith("/messages"):
            return
        now = asyncio.get_running_loop().time()
        place = call.path["channel_id"]
        recent = [t for t in self._sent.get(place, []) if t > now - limits.window]
        if len(recent) >= limits.messages:
            raise _Limited(round(recent[0] + limits.window - now + 0.001, 3))
        self._sent[place] = [*recent, now]

    def _headers(self, request: web.Request, route: str, status: int, body: Any) -> dict[str, str]:
        bucket = f"{hash((request.method, route)) & 0xFFFFFFFFFFFF:012x}"
        headers = {
            "Via": "1.1 google",
            "X-RateLimit-Limit": "50",
            "X-RateLimit-Remaining": "49",
            "X-RateLimit-Reset": f"{self._server.cdn.now + 1:.3f}",
            "X-RateLimit-Reset-After": "1.000",
            "X-RateLimit-Bucket": bucket,
        }
        if status != 429:
            return headers
        headers["Retry-After"] = str(max(1, round(body["retry_after"])))
        if body["global"]:
            return headers | {"X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
        return headers | {"X-RateLimit-Remaining": "0", "X-RateLimit-Scope": "user"}


def cut_off(request: web.Request) -> web.Response:
    """Close the connection in the client's face; what is returned goes nowhere."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _fail(fault: Fault) -> None:
    if fault.close:
        raise ConnectionAbortedError
    if fault.status is not None:
        raise _Broken(fault.status)
    if fault.retry_after is not None:
        raise _Limited(fault.retry_after, fault.everywhere)
    if fault.refused is not None:
        raise fault.refused


async def _read(request: web.Request) -> tuple[Any, dict[int, tuple[str, bytes]]]:
    files: dict[int, tuple[str, bytes]] = {}
    if not request.content_type.startswith("multipart/"):
        data = await request.read()
        return (_parsed(data) if data else None), files
    body: Any = None
    reader = await request.multipart()
    async for part in reader:
        assert isinstance(part, BodyPartReader)
        data = bytes(await part.read())
        name = part.name or ""
        if name == "payload_json":
            body = _parsed(data)
        elif name.startswith("files["):
            files[int(name[6:-1])] = (part.filename or "unknown", data)
    return body, files


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        raise Refused(50109) from None


def listed(body: Any) -> list[Json]:
    """The body of a request that should be a list of objects; raises Refused."""
    if not isinstance(body, list):
        raise Refused(50035)
    return body
