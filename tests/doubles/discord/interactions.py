"""Interactions: their three seconds, their fifteen minutes, and the answers to them."""

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.doubles.discord import posts
from tests.doubles.discord.channels import Channel
from tests.doubles.discord.commands import check_choices
from tests.doubles.discord.drafts import Uploads, drafted
from tests.doubles.discord.messages import (
    CHAT_INPUT,
    CONTEXT_MENU,
    EPHEMERAL,
    LOADING,
    REPLY,
    Message,
)
from tests.doubles.discord.rules import Json, Refused, bad_length, invalid, required

if TYPE_CHECKING:
    from tests.doubles.discord.people import Person
    from tests.doubles.discord.server import DiscordServer

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
_MESSAGE, _DEFER, _DEFER_UPDATE, _UPDATE, _CHOICES, _MODAL = 4, 5, 6, 7, 8, 9
_ANSWERS = {
    COMMAND: {_MESSAGE, _DEFER, _MODAL},
    COMPONENT: {_MESSAGE, _DEFER, _DEFER_UPDATE, _UPDATE, _MODAL},
    AUTOCOMPLETE: {_CHOICES},
    MODAL_SUBMIT: {_MESSAGE, _DEFER, _DEFER_UPDATE, _UPDATE},
}


@dataclass(eq=False)
class Interaction:
    """Something a person did that wants an answer.

    `answered` is the type of the first answer, `original` the message that it made or changed,
    `failed` whether the person was told that nothing came. `forced` says that everything answered
    is ephemeral, whatever the application asks.
    """

    server: "DiscordServer"
    kind: int
    person: "Person"
    channel: Channel
    data: Json
    owners: dict[str, str]
    context: int
    locale: str
    born: float
    name: str | None = None
    source: Message | None = None
    option: Json | None = None
    forced: bool = False
    interaction_id: int = 0
    token: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    answered: int | None = None
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    choices: list[Json] | None = None
    modal: Json | None = None
    failed: bool = False

    @property
    def acknowledged(self) -> bool:
        """Whether the first answer came in time."""
        return self.answered is not None

    @property
    def thinking(self) -> bool:
        """Whether the first answer stands there and shows nothing yet."""
        original = self.original
        if original is None or original.message_id not in original.channel.messages:
            return False
        return original.loading

    @property
    def file_limit(self) -> int:
        """Bytes that one file of an answer may have."""
        guild = self.channel.guild
        return self.server.limits.file if guild is None else guild.file_limit

    def described(self) -> Json:
        """The data of INTERACTION_CREATE."""
        user, guild = self.person.user, self.channel.guild
        described: Json = {
            "id": str(self.interaction_id),
            "application_id": str(self.server.application_id),
            "type": self.kind,
            "data": self.data,
            "channel_id": str(self.channel.channel_id),
            "channel": self.channel.described(user),
            "token": self.token,
            "version": 1,
            "locale": self.locale,
            "entitlements": [],
            "entitlement_sku_ids": [],
            "authorizing_integration_owners": self.owners,
            "context": self.context,
            "attachment_size_limit": self.file_limit,
            "app_permissions": str(int(posts.may(self.server, self.channel))),
        }
        if self.source is not None:
            described["message"] = self.source.described()
        if guild is None:
            return described | {"user": user.described()}
        permissions = str(int(self.channel.permissions(user)))
        member = guild.members[user.user_id].described() | {"permissions": permissions}
        return described | {
            "guild_id": str(guild.guild_id),
            "guild": {"id": str(guild.guild_id), "locale": guild.locale, "features": []},
            "guild_locale": guild.locale,
            "member": member,
        }

    def metadata(self) -> Json:
        """What a message tells about the interaction that it answers."""
        metadata: Json = {
            "id": str(self.interaction_id),
            "type": self.kind,
            "user": self.person.user.described(),
            "authorizing_integration_owners": self.owners,
        }
        application = {
            "application_id": str(self.server.application_id),
            "webhook_id": str(self.server.application_id),
        }
        if self.kind == COMPONENT and self.source is not None:
            metadata["interacted_message_id"] = str(self.source.message_id)
        if self.kind == MODAL_SUBMIT:
            return application
        described = application | {"interaction_metadata": metadata}
        if self.kind == COMMAND:
            shared = {key: metadata[key] for key in ("id", "type", "user")}
            described["interaction"] = shared | {"name": self.name}
        return described

    def expire(self) -> None:
        """Look at the clock: tell the person when nothing came, or stayed unfinished."""
        age = self.server.seconds - self.born
        late = not self.acknowledged and age > self.server.limits.acknowledge
        unfinished = self.thinking
        if self.failed or not (late or (unfinished and age > self.server.limits.token)):
            return
        self.failed = True
        if self.kind == AUTOCOMPLETE:
            self.person.notices.append("Loading options failed")
        elif self.kind == COMMAND:
            self.person.notices.append("The application did not respond")
        else:
            self.person.notices.append("This interaction failed")
        self.server.changed()

    def answer(self, body: Json, uploads: Uploads) -> None:
        """Take the first answer; raises Refused."""
        self.expire()
        if self.acknowledged:
            raise Refused(40060)
        if self.failed:
            raise Refused(10062)
        try:
            self._take(body, uploads)
        except Refused as refused:
            if refused.errors is not None:
                refused.errors = {"data": refused.errors}
            raise

    def _take(self, body: Json, uploads: Uploads) -> None:
        kind = body.get("type")
        if kind not in _ANSWERS[self.kind] or (kind == _UPDATE and self.source is None):
            raise invalid("type", "BASE_TYPE_CHOICES", f"{kind} does not answer this interaction.")
        data = body.get("data") or {}
        if kind in (_MESSAGE, _DEFER):
            self.original = self._first(kind, data, uploads)
        elif kind in (_UPDATE, _DEFER_UPDATE):
            if kind == _UPDATE:
                self.edit(self._own(self.source), data, uploads)
            self.original = self.source
        elif kind == _CHOICES:
            self._suggest(data)
        else:
            self._open(data)
        self.answered = kind

    def follow(self, body: Json, uploads: Uploads) -> Message:
        """Another message; the first one after a deferred answer takes its place and visibility.

        Where that answer was deleted it is a message of its own, as hidden as it asks.
        """
        self.check_token()
        if self.thinking and self.original is not None:
            return self.edit(self.original, body, uploads)
        most = self.server.limits.followups_without_bot
        guild = self.channel.guild
        if guild is not None and not guild.has_bot and len(self.followups) >= most:
            raise Refused(40094)
        message = self._message(body, uploads, self.original)
        self.followups.append(message)
        return message

    def check_token(self) -> None:
        """Refuse a token that is too old, or whose interaction was never answered."""
        self.expire()
        if self.server.seconds - self.born > self.server.limits.token:
            raise Refused(50027)
        if not self.acknowledged:
            raise Refused(10015)

    def message(self, name: str) -> Message:
        """The message `@original`, or one of the others by its id; raises Refused."""
        self.check_token()
        if name == "@original":
            return self._own(self.original)
        mine = [m for m in [self.original, *self.followups] if m is not None]
        found = [message for message in mine if str(message.message_id) == name]
        return self._own(found[0] if found else None)

    def edit(self, message: Message, body: Json, uploads: Uploads) -> Message:
        """Change a message of this interaction."""
        draft = drafted(
            self.server,
            self.channel,
            body,
            uploads,
            file_limit=self.file_limit,
            before=message,
            ephemeral=message.ephemeral,
        )
        posts.edit(message, draft)
        return message

    def _own(self, message: Message | None) -> Message:
        if message is None or message.message_id not in message.channel.messages:
            raise Refused(10008)
        return message

    def _first(self, kind: int, data: Json, uploads: Uploads) -> Message:
        if kind == _MESSAGE:
            return self._message(data, uploads, self.source)
        hidden = self._hidden(data)
        message = Message(
            self.server.ids.next(),
            self.channel,
            self.server.bot,
            flags=LOADING | (EPHEMERAL if hidden else 0),
            kind=self._kind(self.source),
            interaction=self,
            reference=self.source,
            visible_to=self.person.user if hidden else None,
        )
        posts.add(message)
        return message

    def _message(self, body: Json, uploads: Uploads, reference: Message | None) -> Message:
        hidden = self._hidden(body)
        draft = drafted(
            self.server,
            self.channel,
            body,
            uploads,
            file_limit=self.file_limit,
            ephemeral=hidden,
        )
        message = Message(
            self.server.ids.next(),
            self.channel,
            self.server.bot,
            kind=self._kind(reference),
            interaction=self,
            reference=reference,
            visible_to=self.person.user if hidden else None,
        )
        draft.put(message)
        message.flags |= EPHEMERAL if hidden else 0
        posts.add(message)
        return message

    def _kind(self, reference: Message | None) -> int:
        if reference is not None:
            return REPLY
        if self.kind == COMMAND:
            return CONTEXT_MENU if "target_id" in self.data else CHAT_INPUT
        return 0

    def _hidden(self, data: Json) -> bool:
        return self.forced or bool((data.get("flags") or 0) & EPHEMERAL)

    def _suggest(self, data: Json) -> None:
        assert self.option is not None
        choices = data.get("choices") or []
        check_choices(choices, self.option["type"], "choices")
        self.choices = choices

    def _open(self, data: Json) -> None:
        for name, most in (("custom_id", 100), ("title", 45)):
            if name not in data:
                raise required(name)
            if not 1 <= len(data[name]) <= most:
                raise bad_length(name, 1, most)
        if not 1 <= len(data.get("components") or ()) <= 5:
            raise bad_length("components", 1, 5)
        self.modal = data


def callback(interaction: Interaction) -> Json:
    """The answer to a first answer that asked `with_response`."""
    original = interaction.original
    told: dict[str, Any] = {"id": str(interaction.interaction_id), "type": interaction.kind}
    told["channel_id"] = str(interaction.channel.channel_id)
    body: Json = {"interaction": told}
    if original is not None:
        told["response_message_id"] = str(original.message_id)
        told["response_message_loading"] = original.loading
        told["response_message_ephemeral"] = original.ephemeral
        if interaction.answered in (_MESSAGE, _DEFER, _UPDATE):
            kind = _UPDATE if interaction.answered == _UPDATE else _MESSAGE
            body["resource"] = {"type": kind, "message": original.described()}
    return body
