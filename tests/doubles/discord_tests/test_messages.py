"""Messages: the double refuses and keeps what Discord refuses and keeps."""

from collections.abc import Awaitable, Callable
from typing import Any

import discord
import pytest

from tests.doubles.discord import Channel, DiscordServer, Limits, Permission, Person
from tests.doubles.discord_tests.client import PHOTO, Bot, buttons, file, gallery, raw, refused


async def test_messages_are_checked(
    server: DiscordServer, bot: Bot, place: discord.TextChannel, general: Channel, ada: Person
) -> None:
    server.limits = Limits(file=1000)
    theirs = place.get_partial_message(ada.message(general, "hello").message_id)
    gone = place.get_partial_message(ada.message(general, "gone").message_id)
    ada.delete(gone.id)
    mine = await place.send("mine")
    rows: Any = [{"type": 1, "components": [{"type": 2, "style": 1, "label": "x"}]}] * 6
    await refused(50035, place.send("x" * 2001), "2000 or fewer")
    await refused(50006, place.send(" "))
    await refused(40005, place.send(file=file(data=b"x" * 1001)))
    await refused(50035, place.send(files=[file(data=b"x") for _ in range(11)]), "length")
    await refused(50035, place.send("x", view=buttons("a", "a")), "duplicated")
    await refused(50035, place.send("x", view=buttons("a", label="x" * 81)), "length")
    await refused(50035, place.send("x", nonce="x" * 26), "25 or fewer")
    await refused(50035, place.send("x", reference=gone.to_reference()), "Unknown message")
    await place.send("x", reference=gone.to_reference(fail_if_not_exists=False))
    await refused(50005, theirs.edit(content="x"))
    await refused(50006, mine.edit(content=""))
    await refused(10008, gone.edit(content="x"))
    await refused(50013, theirs.delete())
    crowd = raw(content="x", components=rows)
    await refused(50035, bot.http.send_message(place.id, params=crowd), "length")
    general.delete()
    await bot.hears("CHANNEL_DELETE")
    await refused(10003, place.send("x"))


async def test_a_message_of_components(
    server: DiscordServer, place: discord.TextChannel, general: Channel
) -> None:
    urls = ("attachment://a.png", "attachment://b.png")
    files = [file("a.png"), file("b.png", b"after")]
    message = await place.send(files=files, view=gallery(*urls))
    (shown,) = general.shown()
    assert (shown.text, shown.files) == ("Before and after", ())
    assert [picture.data for picture in shown.gallery] == [PHOTO.data, b"after"]
    assert message.attachments == []  # what components show is listed nowhere else
    pictures = message.components[1]
    assert isinstance(pictures, discord.components.MediaGalleryComponent)
    await message.edit(view=gallery(pictures.items[1].media.url))
    assert [picture.data for picture in general.shown()[0].gallery] == [b"after"]
    await refused(50035, message.edit(content="words"), "cannot be used")
    http = place._state.http
    bare = http.edit_message(place.id, message.id, params=raw(flags=0))
    await refused(50035, bare, "cannot be removed")
    await refused(50035, place.send(view=gallery("attachment://c.png")), "not found")
    crowd = discord.ui.LayoutView()
    for _ in range(4):
        crowd.add_item(discord.ui.Container(*(discord.ui.TextDisplay("x") for _ in range(9))))
    await place.send(view=crowd)
    parts: Any = crowd.to_components()  # type: ignore[no-untyped-call]
    for wrong in (
        raw(components=[*parts, {"type": 14}], flags=1 << 15),
        raw(components=parts[:1], flags=1 << 15, content="x"),
        raw(components=parts[:1]),
    ):
        await refused(50035, http.send_message(place.id, params=wrong))
    assert server.faults == []


async def test_attachments_of_an_edit_are_kept_or_replaced(
    server: DiscordServer, place: discord.TextChannel, general: Channel
) -> None:
    message = await place.send("x", files=[file("a.png"), file("b.png")])
    message = await message.edit(attachments=[message.attachments[1], file("c.png", b"new")])
    assert [f.name for f in general.shown()[0].files] == ["b.png", "c.png"]
    message = await message.edit(content="words")
    assert len(message.attachments) == 2
    embed = discord.Embed().set_image(url="attachment://d.png")
    await message.edit(attachments=[file("d.png")], embed=embed)
    (shown,) = general.shown()
    assert (shown.files, [f.name for f in shown.gallery]) == ((), ["d.png"])
    assert server.faults == []


async def test_a_nonce_is_taken_once(
    server: DiscordServer, place: discord.TextChannel, general: Channel
) -> None:
    first = await place.send("result", file=file(), nonce="job-1")
    assert (await place.send("result", file=file(), nonce="job-1")).id == first.id
    assert len(general.shown()) == 1
    server.advance(server.limits.nonce + 1)
    second = await place.send("result", nonce="job-1")
    assert len(general.shown()) == 2
    await second.delete()
    await refused(10008, place.send("result", nonce="job-1"))
    assert server.faults == []


async def test_permissions(
    server: DiscordServer, bot: Bot, place: discord.TextChannel, general: Channel, ada: Person
) -> None:
    question = place.get_partial_message(ada.message(general, "hello").message_id)
    attempts: list[tuple[int, Permission, Callable[[], Awaitable[object]]]] = [
        (50001, Permission.VIEW_CHANNEL, lambda: place.send("x")),
        (50013, Permission.SEND_MESSAGES, lambda: place.send("x")),
        (50013, Permission.ATTACH_FILES, lambda: place.send(file=file())),
        (160002, Permission.READ_MESSAGE_HISTORY, lambda: question.reply("x")),
        (50013, Permission.CREATE_PUBLIC_THREADS, lambda: question.create_thread(name="x")),
    ]
    for code, permission, attempt in attempts:
        general.forbid(permission)
        await refused(code, attempt())
    general.forbid(Permission.SEND_MESSAGES_IN_THREADS)
    thread = await question.create_thread(name="Photo")
    await refused(50013, thread.send("x"))
    await refused(160004, question.create_thread(name="again"))
    general.permit(server.bot, allow=Permission.MANAGE_MESSAGES)
    await bot.hears("CHANNEL_UPDATE")
    await thread.send("in the thread")
    await question.delete()
    assert [view.text for view in general.threads[0].shown()] == ["in the thread"]
    ada.reachable = False
    user = await bot.fetch_user(ada.user.user_id)
    await refused(50007, user.send("x"))
    ada.reachable = True
    stranger = await bot.fetch_user(server.person("Bob").user.user_id)
    await refused(50278, stranger.send("x"))
    await user.send("hello")
    assert [view.text for view in ada.private().shown()] == ["hello"]
    assert server.faults == []


async def test_links_expire(server: DiscordServer, bot: Bot, general: Channel, ada: Person) -> None:
    sent = ada.message(general, files=[PHOTO])
    (attachment,) = (await bot.heard.get()).attachments
    assert await attachment.read() == PHOTO.data
    forwarded = ada.forward(sent, general)
    (snapshot,) = (await bot.heard.get()).message_snapshots
    assert await snapshot.attachments[0].read() == PHOTO.data
    ada.delete(forwarded)
    server.expire_links()
    with pytest.raises(discord.NotFound):
        await attachment.read()
    channel = bot.get_partial_messageable(general.channel_id)
    (fresh,) = (await channel.fetch_message(sent.message_id)).attachments
    assert await fresh.read() == PHOTO.data
    server.advance(server.limits.link + 1)
    with pytest.raises(discord.NotFound):
        await fresh.read()
    (again,) = (await channel.fetch_message(sent.message_id)).attachments
    assert await again.read(use_cached=True) == PHOTO.data
