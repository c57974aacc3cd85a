"""What a message of ours shows: words, pictures, files and buttons, as one layout of components.

Every message is made of components (`IS_COMPONENTS_V2`) from its first text on, since a message
may gain that flag by an edit but never lose it.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

import discord

from bots.desk import Answer, Rows
from bots.discord.buttons import action_rows
from bots.parcels import Upload, distinct
from bots.passages import passages

TEXT_MAX = 4000
FILES_MAX = 10
TOGETHER_MAX = 25 * 1024 * 1024
"""Bytes in one message where it has several files: more would make a retry too dear."""
_BLOCK = "```{}\n{}\n```"
_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Post:
    """One message: a text, `pictures` shown in a gallery, `files` to download, buttons.

    `mention` is somebody to be told of it.
    """

    text: str = ""
    pictures: tuple[Upload, ...] = ()
    files: tuple[Upload, ...] = ()
    buttons: Rows = ()
    mention: int | None = None

    def mentioning(self, user: int | None) -> "Post":
        """The same message, somebody told of it."""
        return replace(self, mention=user)

    def view(self) -> discord.ui.LayoutView:
        """The layout; nothing watches it, since `PressButton` finds its way from its id."""
        view = discord.ui.LayoutView(timeout=None)
        if text := _marked(self.text, "" if self.mention is None else f"<@{self.mention}> "):
            view.add_item(discord.ui.TextDisplay(text))
        if self.pictures:
            gallery = [discord.MediaGalleryItem(_uri(picture)) for picture in self.pictures]
            view.add_item(discord.ui.MediaGallery(*gallery))
        for file in self.files:
            view.add_item(discord.ui.File(_uri(file)))
        for row in action_rows(self.buttons):
            view.add_item(row)
        view.stop()
        return view

    def uploads(self) -> list[discord.File]:
        """The files to send, to be used once."""
        return [
            discord.File(io.BytesIO(upload.data), upload.name)
            for upload in (*self.files, *self.pictures)
        ]

    def mentions(self) -> discord.AllowedMentions:
        """Who may be told: nobody but `mention`, whatever the text says."""
        told = [] if self.mention is None else [discord.Object(self.mention)]
        return discord.AllowedMentions(everyone=False, roles=False, users=told, replied_user=False)


def answer_posts(answer: Answer) -> list[Post]:
    """An answer in as few messages as it takes, the caption and the buttons in the first one.

    A photo and its comparison stay together.
    """
    named = distinct([safe_name(file.result.name) for file in answer.files])
    parcels: list[tuple[list[Upload], list[Upload]]] = [([], [])]
    for number, (name, file) in enumerate(zip(named, answer.files, strict=True), 1):
        photo = Upload(name, file.data)
        drawn = [Upload(f"comparison-{number}.jpg", file.collage)] if file.collage else []
        files, pictures = parcels[-1]
        if (files or pictures) and not _fits([*files, *pictures, photo, *drawn]):
            parcels.append(([], []))
            files, pictures = parcels[-1]
        files.append(photo)
        pictures.extend(drawn)
    first, *others = [
        Post(pictures=tuple(pictures), files=tuple(files)) for files, pictures in parcels
    ]
    return [replace(first, text=answer.caption, buttons=answer.buttons), *others]


def file_posts(uploads: Sequence[Upload], text: str = "") -> list[Post]:
    """Files by themselves, in as few messages as it takes."""
    parcels: list[list[Upload]] = []
    for name, upload in zip(distinct([safe_name(u.name) for u in uploads]), uploads, strict=True):
        if not parcels or not _fits([*parcels[-1], upload]):
            parcels.append([])
        parcels[-1].append(Upload(name, upload.data))
    return [
        Post(text if number == 0 else "", files=tuple(parcel))
        for number, parcel in enumerate(parcels)
    ]


def safe_name(name: str) -> str:
    """A file name as Discord keeps it; any other could not be referred to in a layout."""
    path = PurePath(name)
    stem = _PLAIN.sub("_", path.stem).strip("._-")
    return f"{stem or 'photo'}{_PLAIN.sub('', path.suffix)}" if path.stem else "photo"


def _marked(text: str, lead: str) -> str:
    """A text as Discord shows it after `lead`, words as they are and code in blocks, cut to fit."""
    marked = lead
    for passage in passages(text):
        room = TEXT_MAX - len(marked)
        if passage.code is None:
            marked += discord.utils.escape_markdown(passage.text)[:room]
        elif (room := room - len(_BLOCK.format(passage.code, ""))) > 0:
            marked += _BLOCK.format(passage.code, passage.text[:room])
    return marked


def _fits(uploads: Sequence[Upload]) -> bool:
    weight = sum(len(upload.data) for upload in uploads)
    return len(uploads) <= FILES_MAX and weight <= TOGETHER_MAX


def _uri(upload: Upload) -> str:
    return f"attachment://{upload.name}"
