"""Telegram's messages read into requests: what is meant for us, with which photos."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from telegram import Message, MessageEntity

from bots.desk import Attachment, Request, nobody
from bots.telegram.attachments import Attachments, Content, other_kind
from bots.telegram.members import Members
from bots.telegram.place import Place
from core.commands import Action, parse
from core.errors import CommandError

_NAMED = re.compile(r"^/\w+@(?P<bot>\w+)")
_MENTIONS: list[str | None] = [MessageEntity.MENTION, MessageEntity.TEXT_MENTION]


@dataclass(frozen=True)
class _Words:
    """The text of some messages without mentions of us, and what it asks of us."""

    text: str
    mentioned: bool
    command: Action | None


class Reader:
    """Reads the messages of one album, or a single one, as the bot called `username`."""

    def __init__(
        self, username: str, attachments: Attachments, members: Members, *, bot_id: int
    ) -> None:
        self._username = username
        self._attachments = attachments
        self._members = members
        self._id = bot_id

    def read(self, messages: Sequence[Message], *, late: bool = False) -> Request | None:
        """What messages that belong together may ask for, None when they are not for us.

        In private that is every message. In groups it is our commands and all photos but those
        with a command for another bot; what else was sent there matters only with a command or our
        name. `late` marks a part of an album that was read without it.
        """
        first = messages[0]
        place = Place.at(first)
        user = sender(first)
        if user is None:
            return None
        words = self._words(messages, place)
        if words.command is None and not place.private and _names_another(words.text):
            return None
        photos, kinds = self._contents(first, messages, words)
        named = words.mentioned or self._named(words.text)
        if not (place.private or named or words.command is not None):
            kinds = []  # a sticker in answer to us is just that, and no wish
        if not (photos or kinds or (words.text if place.private else words.command)):
            return None
        group = None if late else first.media_group_id
        return Request(
            origin=f"{place.chat}:{group or first.message_id}",
            user=user,
            address=place.address(),
            private=place.private,
            text=words.text,
            photos=tuple(photos),
            other_kinds=tuple(kinds),
            addressed=place.private or named or self._answers_us(first),
            community=place.community,
            channel=place.channel,
            standing=(
                nobody if place.private else lambda: self._members.standing(place.chat, int(user))
            ),
            language=spoken_by(first),
        )

    def _words(self, messages: Sequence[Message], place: Place) -> _Words:
        """The text that counts: the one with a command, else the one that names us, else any."""
        read = [self._unnamed(message) for message in messages]
        mentioned = any(named for _, named in read)
        for text, _ in read:
            if (action := self._action(text, place)) is not None:
                return _Words(text, mentioned, action)
        texts = [text for text, named in read if named or not mentioned]
        return _Words(next(filter(None, texts), ""), mentioned, None)

    def _contents(
        self, first: Message, messages: Sequence[Message], words: _Words
    ) -> tuple[list[Attachment], list[str]]:
        """The photos that are meant, and what else was sent instead (`other_kind`)."""
        if words.command is not None and words.command is not Action.ENHANCE:
            return [], []
        photos, kinds = self._sorted(messages)
        asked = words.command is not None or words.mentioned
        if not photos and not kinds and asked:
            answered = (first.reply_to_message, first.external_reply)
            return self._sorted([source for source in answered if source is not None])
        return photos, kinds

    def _sorted(self, contents: Sequence[Content]) -> tuple[list[Attachment], list[str]]:
        """The photos in several messages, and what else is in them (`other_kind`)."""
        photos: list[Attachment] = []
        kinds: list[str] = []
        for content in contents:
            photo = self._attachments.of(content)
            if photo is not None:
                photos.append(photo)
            elif (kind := other_kind(content)) is not None:
                kinds.append(kind)
        return photos, kinds

    def _action(self, text: str, place: Place) -> Action | None:
        """What a text asks of us, None when it is no command of ours; slips are told later."""
        try:
            command = parse(text, bot=self._username, ours=place.private)
        except CommandError:
            return Action.ENHANCE
        return command.action if command else None

    def _answers_us(self, message: Message) -> bool:
        answered = message.reply_to_message
        author = answered.from_user if answered is not None else None
        return author is not None and author.id == self._id

    def _named(self, text: str) -> bool:
        """Whether a text is a command with our name."""
        named = _NAMED.match(text)
        return named is not None and named["bot"].lower() == self._username.lower()

    def _unnamed(self, message: Message) -> tuple[str, bool]:
        """A message's text or caption without mentions of us, and whether there were any."""
        text = message.text or message.caption or ""
        parse_all = message.parse_entities if message.text else message.parse_caption_entities
        ours = [
            entity
            for entity, name in (parse_all(_MENTIONS) if text else {}).items()
            if name.lower() == f"@{self._username}".lower()
            or (entity.user is not None and entity.user.id == self._id)
        ]
        units = text.encode("utf-16-le")  # Telegram counts UTF-16 units
        for entity in sorted(ours, key=lambda entity: entity.offset, reverse=True):
            after = units[2 * (entity.offset + entity.length) :]
            units = units[: 2 * entity.offset] + after
        text = units.decode("utf-16-le", "replace")
        return (text.strip(" ,:;") if ours else text), bool(ours)


def sender(message: Message) -> str | None:
    """Who sent a message, None for bots and for posts that a channel forwarded by itself."""
    if message.is_automatic_forward:
        return None
    if message.sender_chat is not None:
        return str(message.sender_chat.id)
    if message.from_user is None or message.from_user.is_bot:
        return None
    return str(message.from_user.id)


def spoken_by(message: Message) -> str | None:
    """The language code of the sender's app; who writes in the name of a chat has none."""
    if message.sender_chat is not None or message.from_user is None:
        return None
    return message.from_user.language_code


def _names_another(text: str) -> bool:
    """Whether a text is a command with a bot's name; asked of texts without a command of ours."""
    return _NAMED.match(text) is not None
