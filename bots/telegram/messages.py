"""Telegram's messages read into requests: what is meant for us, with which photos."""

from collections.abc import Sequence
from dataclasses import dataclass

from telegram import Message

from bots.desk import Attachment, Request
from bots.telegram.attachments import Attachments, Content, other_kind
from bots.telegram.place import Place
from core.commands import Action, parse
from core.errors import CommandError
from core.jobs import Address


@dataclass(frozen=True)
class NoPhoto:
    """Something else than a photo was sent for us: `kind` in words, to be answered kindly."""

    address: Address
    kind: str


class Reader:
    """Reads the messages of one album, or a single one, as the bot called `username`."""

    def __init__(self, username: str, attachments: Attachments) -> None:
        self._username = username
        self._attachments = attachments

    def read(
        self, messages: Sequence[Message], *, late: bool = False
    ) -> tuple[Request | NoPhoto, ...]:
        """What messages that belong together ask for, nothing when they are not for us.

        In groups only our commands are for us, in private every message. `late` marks a part of
        an album that was read without it.
        """
        first = messages[0]
        place = Place.at(first)
        user = sender(first)
        texts = [text for m in messages if (text := m.text or m.caption)]
        asked = ((text, action) for text in texts if (action := self._action(text, place)))
        command, action = next(asked, (None, Action.ENHANCE))
        if user is None or (command is None and not place.private):
            return ()
        photos, kinds = self._sorted(messages)
        if not photos and not kinds and command is not None:
            answered = (first.reply_to_message, first.external_reply)
            photos, kinds = self._sorted([source for source in answered if source is not None])
        if action is not Action.ENHANCE:
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

    def _action(self, text: str, place: Place) -> Action | None:
        """What a text asks of us, None when it is no command of ours; slips are told later."""
        try:
            command = parse(text, bot=self._username, ours=place.private)
        except CommandError:
            return Action.ENHANCE
        return command.action if command else None


def sender(message: Message) -> str | None:
    """Who sent a message, None for bots and for posts that a channel forwarded by itself."""
    if message.is_automatic_forward:
        return None
    if message.sender_chat is not None:
        return str(message.sender_chat.id)
    if message.from_user is None or message.from_user.is_bot:
        return None
    return str(message.from_user.id)
