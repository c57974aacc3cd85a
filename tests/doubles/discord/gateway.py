"""The gateway: sessions that outlive their connections, and the events that they receive."""

import asyncio
import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Optional

from aiohttp import WSMsgType, web

from tests.doubles.discord.connection import Connection
from tests.doubles.discord.intents import PRIVILEGED, Intent, needed
from tests.doubles.discord.messages import Message
from tests.doubles.discord.permissions import Permission
from tests.doubles.discord.rest import cut_off
from tests.doubles.discord.rules import Json

if TYPE_CHECKING:
    from tests.doubles.discord.guilds import Guild
    from tests.doubles.discord.server import DiscordServer

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME = 0, 1, 2, 3, 4, 6
RECONNECT, MEMBERS, INVALID, HELLO, ACK = 7, 8, 9, 10, 11
_HEARTBEAT_MS = 41_250
_MOST_BYTES = 4096
UNKNOWN_OPCODE, DECODE, NOT_AUTHENTICATED, FAILED, TWICE = 4001, 4002, 4003, 4004, 4005
BAD_SEQUENCE, BAD_SHARD, BAD_VERSION, BAD_INTENTS, DISALLOWED = 4007, 4010, 4012, 4013, 4014


@dataclass(eq=False)
class Session:
    """What Discord keeps of a client between its connections."""

    session_id: str
    intents: Intent
    events: list[Json] = field(default_factory=list)
    connection: Connection | None = None


class Gateway:
    """The websocket side; `identified` and `resumed` count how sessions began and went on."""

    def __init__(self, server: "DiscordServer") -> None:
        self.server = server
        self.sessions: dict[str, Session] = {}
        self.connections: list[Connection] = []
        self.refusals: list[int | None] = []
        self.identified = 0
        self.resumed = 0
        self.presence: Json | None = None

    @property
    def ready(self) -> bool:
        """Whether some client is connected with a session."""
        return any(session.connection is not None for session in self.sessions.values())

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Hold one connection until it ends."""
        if self.refusals:
            return self._refuse(request)
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        connection = Connection(socket, request)
        self.connections.append(connection)
        try:
            if request.query.get("v") != "10" or request.query.get("encoding") != "json":
                connection.close(BAD_VERSION, "Invalid API version")
            connection.send({"op": HELLO, "d": {"heartbeat_interval": _HEARTBEAT_MS}, "s": None})
            async for frame in socket:
                if frame.type == WSMsgType.TEXT:
                    self._receive(connection, frame.data)
        finally:
            self.connections.remove(connection)
            for session in self.sessions.values():
                if session.connection is connection:
                    session.connection = None
            # a client that says goodbye gives up its session
            if socket.close_code == 1000 and not connection.closing:
                self.sessions.pop(connection.session_id or "", None)
            await connection.stop()
            connection.ended.set()
            self.server.changed()
        return socket

    def dispatch(self, event: str, data: Json, *, guild: Optional["Guild"] = None) -> None:
        """Tell every session that asked for this kind of event and is in the guild."""
        if guild is not None and not guild.has_bot:
            return
        asked = needed(event, private=guild is None)
        for session in self.sessions.values():
            if asked is None or asked & session.intents:
                self._send(session, event, data)

    def message(self, event: str, message: Message) -> None:
        """Tell of a message, with as much of it as a session may read."""
        server, guild = self.server, message.channel.guild
        if Permission.VIEW_CHANNEL not in message.channel.permissions(server.bot):
            return
        data = message.described()
        server.judge_event(data, "MessageResponse", event)
        if guild is not None:
            data["guild_id"] = str(guild.guild_id)
            if message.author.user_id in guild.members:
                data["member"] = guild.members[message.author.user_id].described(user=False)
        asked = needed(event, private=guild is None)
        for session in self.sessions.values():
            if asked is not None and asked & session.intents:
                all_content = Intent.MESSAGE_CONTENT in session.intents
                told = data if all_content else readable(message, data)
                self._send(session, event, told)

    def drop(self, code: int | None, *, resumable: bool) -> None:
        """End all connections, without a word if `code` is None."""
        for connection in self.connections:
            session = self.sessions.get(connection.session_id or "")
            if session is not None:
                session.connection = None
            if session is not None and not resumable:
                del self.sessions[session.session_id]
            connection.abort() if code is None else connection.close(code, "")
        self.server.changed()

    def ask_reconnect(self) -> None:
        """Ask every client to connect anew, as Discord does before it restarts a gateway."""
        for connection in self.connections:
            connection.send({"op": RECONNECT, "d": None, "s": None})

    def _refuse(self, request: web.Request) -> web.StreamResponse:
        status = self.refusals.pop(0)
        self.server.changed()
        if status is not None:
            return web.Response(status=status)
        return cut_off(request)

    def _receive(self, connection: Connection, text: str) -> None:
        if len(text.encode()) > _MOST_BYTES:
            connection.close(DECODE, "Payload too large")
            return
        try:
            payload = json.loads(text)
            op, data = payload["op"], payload.get("d")
        except (ValueError, KeyError, TypeError):
            connection.close(DECODE, "Error while decoding payload.")
            return
        session = self.sessions.get(connection.session_id or "")
        if op == HEARTBEAT:
            connection.send({"op": ACK, "d": None, "s": None})
        elif op == IDENTIFY:
            self._identify(connection, data)
        elif op == RESUME:
            self._resume(connection, data)
        elif op not in (PRESENCE, VOICE, MEMBERS):
            connection.close(UNKNOWN_OPCODE, "Unknown opcode.")
        elif session is None:
            connection.close(NOT_AUTHENTICATED, "Not authenticated.")
        elif op == PRESENCE:
            self.presence = data
        elif op == MEMBERS:
            self._members(session, data)
        self.server.changed()

    def _identify(self, connection: Connection, data: Json) -> None:
        server = self.server
        if connection.session_id is not None:
            connection.close(TWICE, "Already authenticated.")
            return
        if data.get("token") != server.token:
            connection.close(FAILED, "Authentication failed.")
            return
        if not isinstance(data.get("intents"), int) or not 0 <= data["intents"] < 1 << 26:
            connection.close(BAD_INTENTS, "Invalid intents.")
            return
        intents = Intent(data["intents"])
        if intents & PRIVILEGED & ~server.privileged:
            connection.close(DISALLOWED, "Disallowed intents.")
            return
        if data.get("shard", [0, 1])[0] >= data.get("shard", [0, 1])[1]:
            connection.close(BAD_SHARD, "Invalid shard.")
            return
        if not {"os", "browser", "device"} <= (data.get("properties") or {}).keys():
            server.faults.append("IDENTIFY needs properties os, browser and device")
        session = Session(secrets.token_hex(16), intents, connection=connection)
        self.sessions[session.session_id] = session
        connection.session_id = session.session_id
        self.presence = data.get("presence")
        self.identified += 1
        mine = [guild for guild in server.guilds.values() if guild.has_bot]
        self._send(session, "READY", self._ready(session, mine, data.get("shard")))
        for guild in mine:
            if guild.available and Intent.GUILDS in intents:
                everybody = Intent.GUILD_MEMBERS in intents
                created = guild.created(everybody=everybody) | {"unavailable": False}
                self._send(session, "GUILD_CREATE", created)

    def _ready(self, session: Session, guilds: list["Guild"], shard: object) -> Json:
        server = self.server
        ready: Json = {
            "v": 10,
            "user": server.myself(),
            "guilds": [{"id": str(guild.guild_id), "unavailable": True} for guild in guilds],
            "session_id": session.session_id,
            "session_type": "normal",
            "resume_gateway_url": server.resume_url,
            "private_channels": [],
            "relationships": [],
            "user_settings": {},
            "application": {"id": str(server.application_id), "flags": server.application_flags},
        }
        return ready | ({"shard": shard} if shard else {})

    def _resume(self, connection: Connection, data: Json) -> None:
        if data.get("token") != self.server.token:
            connection.close(FAILED, "Authentication failed.")
            return
        session = self.sessions.get(data.get("session_id") or "")
        if session is None:
            connection.send({"op": INVALID, "d": False, "s": None})
            return
        sequence = data.get("seq")
        if not isinstance(sequence, int) or sequence > len(session.events):
            connection.close(BAD_SEQUENCE, "Invalid seq.")
            return
        if session.connection is not None:
            session.connection.close(4009, "Session timed out.")
        session.connection = connection
        connection.session_id = session.session_id
        for missed in session.events[sequence:]:
            connection.send(missed)
        self.resumed += 1
        self._send(session, "RESUMED", {})

    def _members(self, session: Session, data: Json) -> None:
        guild = self.server.guilds.get(int(data["guild_id"]))
        if guild is None:
            return
        asked = {int(i) for i in _several(data.get("user_ids"))}
        query = data.get("query")
        found = [
            member.described()
            for user_id, member in guild.members.items()
            if user_id in asked or (query is not None and member.user.username.startswith(query))
        ]
        chunk: Json = {
            "guild_id": str(guild.guild_id),
            "members": found,
            "chunk_index": 0,
            "chunk_count": 1,
            "not_found": [str(i) for i in asked if i not in guild.members],
        }
        nonce = {"nonce": data["nonce"]} if "nonce" in data else {}
        self._send(session, "GUILD_MEMBERS_CHUNK", chunk | nonce)

    def _send(self, session: Session, event: str, data: Json) -> None:
        told = json.loads(json.dumps(data))  # a copy, since what it tells of may change
        payload = {"op": DISPATCH, "t": event, "s": len(session.events) + 1, "d": told}
        session.events.append(payload)
        if session.connection is not None:
            session.connection.send(payload)
        self.server.changed()

    async def stop(self) -> None:
        """End everything."""
        open_still = list(self.connections)
        for connection in open_still:
            connection.abort()
        await asyncio.gather(*(connection.ended.wait() for connection in open_still))


def readable(message: Message, data: Json) -> Json:
    """A message as it is told without the intent for its content."""
    server = message.channel.server
    mine = message.author == server.bot or server.bot in message.mentions
    told = dict(data)
    if not mine and message.channel.guild is not None:
        told |= {"content": "", "attachments": [], "embeds": [], "components": []}
        told.pop("message_snapshots", None)
    quoted = data.get("referenced_message")
    if quoted is not None and message.reference is not None:
        told["referenced_message"] = readable(message.reference, quoted)
    return told


def _several(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
