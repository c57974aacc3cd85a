"""The HTTP side: tokens, long polling, webhooks, downloads, and failures on demand."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

import httpx
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest
from tornado.iostream import StreamClosedError
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from tests.doubles.telegram.members import Admin
from tests.doubles.telegram.methods import METHODS
from tests.doubles.telegram.people import Person
from tests.doubles.telegram.rules import JSON_PARAMETERS, Caps, Refused, description
from tests.doubles.telegram.state import Chat, Files, Json

TOKEN = "123456789:AAHdarkroom-Double_0123456789abcdefgh"
WAIT_SECONDS = 20.0
_BUFFER = 256 * 1024 * 1024


@dataclass(frozen=True)
class Call:
    """One request that the bot made: its parameters decoded, its uploads by part name."""

    method: str
    parameters: Json
    files: dict[str, tuple[str, bytes]] = field(repr=False)


@dataclass
class Fault:
    """A failure to play once: an error answer, a connection closed in its face, or a late answer.

    With `after` the request takes effect first and only its answer is lost.
    """

    refused: Refused | None = None
    close: bool = False
    after: bool = False
    hold: asyncio.Event | None = None


class TelegramServer:
    """One bot's Bot API on a free local port.

    `calls` lists every request but getUpdates; `faults` what the published description says is
    wrong with requests and answers (always empty where the description is not at hand). `privacy`
    is the bot's privacy mode, `menus` its commands by scope and language.
    """

    def __init__(self, *, token: str = TOKEN, username: str = "darkroom_bot") -> None:
        self.token = token
        self.caps = Caps()
        self.bot: Json = {
            "id": int(token.partition(":")[0]),
            "is_bot": True,
            "first_name": "Darkroom",
            "username": username,
        }
        self.files = Files()
        self.chats: dict[int, Chat] = {}
        self.calls: list[Call] = []
        self.faults: list[str] = []
        self.privacy = True
        self.menus: dict[tuple[str, str], dict[str, str]] = {}
        self.toasts: dict[str, str] = {}
        self.open_queries: set[str] = set()
        self.downloads: list[str] = []
        self.webhook: Json | None = None
        self.webhook_base = ""
        self.allowed: list[str] | None = None
        self.updates: list[Json] = []
        self._failures: dict[str, list[Fault]] = {}
        self._next_update = 7_000_001
        self._poll: asyncio.Event | None = None
        self._changed = asyncio.Condition()
        self._notices: set[asyncio.Task[None]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._http: HTTPServer | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        sockets = bind_sockets(0, "127.0.0.1")
        routes = [(r"/.*", _Handler, {"server": self})]
        self._http = HTTPServer(
            Application(routes, log_function=lambda _: None),
            max_buffer_size=_BUFFER,
            max_body_size=_BUFFER,
        )
        self._http.add_sockets(sockets)
        self.url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in [*self._tasks, *self._notices]:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._notices, return_exceptions=True)
        if self._http is not None:
            self._http.stop()
            await self._http.close_all_connections()

    def private(
        self, user_id: int = 42, name: str = "Ada", *, language: str | None = None
    ) -> Person:
        """A person in a private chat with the bot."""
        return Person(self, self._chat(user_id, "private", name), user_id, name, language)

    def group(
        self,
        chat_id: int = -100_2000,
        *,
        kind: str = "supergroup",
        topics: Iterable[int] = (),
        bot: str = "member",
    ) -> Chat:
        """A group, by default one that the bot is an ordinary member of."""
        chat = self._chat(chat_id, kind, "Holiday")
        chat.topics = set(topics)
        chat.bot_status = bot
        return chat

    def member(
        self, chat: Chat, user_id: int = 42, name: str = "Ada", *, language: str | None = None
    ) -> Person:
        """A person in a group."""
        return Person(self, chat, user_id, name, language)

    def admin(
        self, chat: Chat, user_id: int = 7, name: str = "Ann", *, anonymous: bool = False
    ) -> Person:
        """An administrator of a group; an anonymous one writes in the name of the group."""
        person = Person(self, chat, user_id, name, behind=chat if anonymous else None)
        chat.admins[user_id] = Admin(person.described(), anonymous)
        return person

    def fail(self, method: str, *faults: Fault | Refused) -> None:
        """Let the next calls of a method (or `file` for downloads) go wrong, in this order."""
        self._failures.setdefault(method, []).extend(
            Fault(refused=fault) if isinstance(fault, Refused) else fault for fault in faults
        )

    def push(self, content: Json) -> int:
        """Give the bot an update; returns its id.

        Changes of its membership are dropped when it did not ask for them. Everything else comes:
        Telegram sends what is not asked for too, for a while after a bot has changed its mind.
        """
        update = {"update_id": self._next_update, **json.loads(json.dumps(content))}
        self._next_update += 1
        if (judge := description()) is not None:
            self.faults += judge.faults_of(update, "Update")
        if "my_chat_member" in content and "my_chat_member" not in (self.allowed or content):
            return int(update["update_id"])
        if self.webhook is not None:
            task = asyncio.get_running_loop().create_task(self._post(update))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            self.updates.append(update)
        self.changed()
        return int(update["update_id"])

    def changed(self) -> None:
        """Wake everybody who waits in `until`."""
        if self._poll is not None and self.updates:
            self._poll.set()
        task = asyncio.get_running_loop().create_task(self._notify())
        self._notices.add(task)
        task.add_done_callback(self._notices.discard)

    async def until(self, condition: Callable[[], Any], seconds: float = WAIT_SECONDS) -> None:
        """Wait until something holds, looked at after every request and update."""
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: bool(condition()))
        except TimeoutError:
            seen = [
                (shown.message_id, shown.kind, shown.text)
                for chat in self.chats.values()
                for shown in chat.shown()
            ]
            raise AssertionError(
                f"did not come true; calls {[c.method for c in self.calls]}; shown {seen}"
            ) from None

    def called(self, method: str) -> list[Call]:
        """Every call of a method so far."""
        return [call for call in self.calls if call.method == method]

    async def answer(self, method: str, request: HTTPServerRequest) -> object:
        """The result of a call, its request and answer judged; raises Refused."""
        fields = {
            name: values[-1].decode()
            for name, values in {**request.query_arguments, **request.body_arguments}.items()
        }
        uploads = {
            name: (str(parts[0]["filename"]), bytes(parts[0]["body"]))
            for name, parts in request.files.items()
        }
        judge = description()
        if judge is not None:
            self.faults += judge.faults_of_request(
                method, fields, {name: data for name, (_, data) in uploads.items()}
            )
        parameters: Json = {
            name: json.loads(value) if name in JSON_PARAMETERS else value
            for name, value in fields.items()
        }
        if method == "getUpdates":
            return await self._get_updates(parameters)
        self.calls.append(Call(method, parameters, uploads))
        self.changed()
        fault = self._next_fault(method)
        if fault is not None:
            await self._play(fault, before=True)
        if method not in METHODS:
            raise Refused("Not Found", 404)
        returns, run = METHODS[method]
        result = run(self, parameters, uploads)
        if judge is not None:
            self.faults += judge.faults_of(result, returns, method)
        answer = json.loads(json.dumps(result))
        self.changed()
        if fault is not None:
            await self._play(fault, before=False)
        return answer

    async def download(self, path: str) -> bytes:
        """The bytes behind a download link; raises Refused once it has expired."""
        self.downloads.append(path)
        fault = self._next_fault("file")
        if fault is not None:
            await self._play(fault, before=True)
        stored = self.files.at(path)
        if stored is None:
            raise Refused("Not Found", 404)
        return stored.data

    def _next_fault(self, method: str) -> Fault | None:
        waiting = self._failures.get(method)
        return waiting.pop(0) if waiting else None

    async def _play(self, fault: Fault, *, before: bool) -> None:
        if before and fault.hold is not None:
            await fault.hold.wait()
        if fault.after == before:
            return
        if fault.close:
            raise ConnectionAbortedError
        if fault.refused is not None:
            raise fault.refused

    async def _get_updates(self, parameters: Json) -> list[Json]:
        if self.webhook is not None:
            raise Refused("Conflict: can't use getUpdates method while webhook is active", 409)
        fault = self._next_fault("getUpdates")
        if fault is not None:
            await self._play(fault, before=True)
        self.allowed = parameters.get("allowed_updates", self.allowed)
        if self._poll is not None:
            self._poll.set()
        offset = int(parameters.get("offset", 0))
        self.updates = [update for update in self.updates if update["update_id"] >= offset]
        self.changed()
        mine = asyncio.Event()
        self._poll = mine
        if not self.updates and (timeout := float(parameters.get("timeout", 0))):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    await mine.wait()
            if self._poll is not mine:
                raise Refused(
                    "Conflict: terminated by other getUpdates request; "
                    "make sure that only one bot instance is running",
                    409,
                )
        self._poll = None
        return self.updates[:100]

    async def _post(self, update: Json) -> None:
        assert self.webhook is not None
        path = "/" + self.webhook["url"].partition("://")[2].partition("/")[2]
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.webhook.get("secret_token", "")}
        async with httpx.AsyncClient() as client:
            answer = await client.post(self.webhook_base + path, json=update, headers=headers)
        if answer.is_error:
            self.faults.append(f"the webhook answered {answer.status_code}")

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _chat(self, chat_id: int, kind: str, title: str) -> Chat:
        return self.chats.setdefault(chat_id, Chat(chat_id, kind, title, self.files))


class _Handler(RequestHandler):
    server: TelegramServer

    def initialize(self, server: TelegramServer) -> None:
        self.server = server

    async def get(self) -> None:
        await self._serve()

    async def post(self) -> None:
        await self._serve()

    async def _serve(self) -> None:
        with contextlib.suppress(StreamClosedError):  # the client did not wait for its answer
            await self._respond()

    async def _respond(self) -> None:
        try:
            await self._answer()
        except Refused as refused:
            self.server.changed()
            body: Json = {
                "ok": False,
                "error_code": refused.code,
                "description": refused.description,
            }
            if refused.parameters:
                body["parameters"] = refused.parameters
            self.set_status(refused.code)
            await self.finish(body)
        except ConnectionAbortedError:
            self.request.connection.stream.close()  # type: ignore[union-attr]

    async def _answer(self) -> None:
        _, _, path = unquote(self.request.path).partition("/")
        token = self.server.token
        if path.startswith(f"file/bot{token}/"):
            data = await self.server.download(path.removeprefix(f"file/bot{token}/"))
            self.set_header("Content-Type", "application/octet-stream")
            await self.finish(data)
            return
        if not path.startswith(f"bot{token}/"):
            raise Refused("Unauthorized", 401)
        result = await self.server.answer(path.removeprefix(f"bot{token}/"), self.request)
        await self.finish({"ok": True, "result": result})
