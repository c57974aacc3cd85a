"""Telegram's messages read into requests: what is meant for us, with which photos."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from telegram import Message

from bots.desk import Attachment, Request
from bots.telegram.attachments import Attachments, Content, other_kind
from bots.telegram.place import Place
from core.commands import FORMS, Action
from core.jobs import Address

_COMMAND = re.compile(r"/(?P<name>\w+)(?:@(?P<bot>\w+))?(?:\s|$)")


@dataclass(frozen=True)
class NoPhoto:
    """Something else than a photo was sent for us: `kind` in words, to be answered kindly."""

    address: Address
    kind: str


class Reader:
    """Reads the messages of one album, or a single one, as the bot called `username`."""

    def __init__(self, username: str, attachments: Attachments) -> None:
        self._username = username.lower()
        self._attachments = attachments

    def read(
        self, messages: Sequence[Message], *, late: bool = False
    ) -> tuple[Request | NoPhoto, ...]:
        """What messages that belong together ask for, nothing when they are not for us.

        In groups only commands are for us, in private every message; a command for another bot
        never is. `late` marks a part of an album that was read without it.
        """
        first = messages[0]
        place = Place.at(first)
        user = sender(first)
        texts = [text for m in messages if (text := m.text or m.caption)]
        if user is None or any(self._is_for_another(text) for text in texts):
            return ()
        command = next((text for text in texts if self._is_for_us(text, place)), None)
        if command is None and not place.private:
            return ()
        photos, kinds = self._sorted(messages)
        if not photos and not kinds and command is not None:
            answered = (first.reply_to_message, first.external_reply)
            photos, kinds = self._sorted([source for source in answered if source is not None])
        if command is not None and not _wants_photo(command):
            photos, kinds = [], []
        wrong = tuple(NoPhoto(place.address(), kind) for kind in dict.fromkeys(kinds))
        text = command or next(iter(texts), "")
        if not photos and (wrong or not text):
            return wrong
        group = None if late else first.media_group_id
        request = Request(
            origin=f"{place.chat}:{group or first.message_id}",
            user=user,
            address=place.address(),
            private=place.private,
            text=text,
            photos=tuple(photos),
            community=place.community,
        )
        return (request, *wrong)

    def _sorted(self, contents: Sequence[Content]) -> tuple[list[Attachment], list[str]]:
        """The photos in several messages, and in words what else is in them."""
        photos: list[Attachment] = []
        kinds: list[str] = []
        for content in contents:
            photo = self._attachments.of(content)
            if photo is not None:
                photos.append(photo)
            elif (kind := other_kind(content)) is not None:
                kinds.append(kind)
        return photos, kinds

    def _is_for_another(self, text: str) -> bool:
        match = _COMMAND.match(text.strip())
        return bool(match and match["bot"] and match["bot"].lower() != self._username)

    def _is_for_us(self, text: str, place: Place) -> bool:
        match = _COMMAND.match(text.strip())
        if match is None:
            return False
        return bool(place.private or match["bot"] or match["name"].lower() in FORMS)


def sender(message: Message) -> str | None:
    """Who sent a message, None for bots and for posts that a channel forwarded by itself."""
    if message.is_automatic_forward:
        return None
    if message.sender_chat is not None:
        return str(message.sender_chat.id)
    if message.from_user is None or message.from_user.is_bot:
        return None
    return str(message.from_user.id)


def _wants_photo(command: str) -> bool:
    match = _COMMAND.match(command.strip())
    form = FORMS.get(match["name"].lower()) if match else None
    return form is None or form.action is Action.ENHANCE
