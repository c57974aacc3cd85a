"""Requests that a bot has left behind."""

import asyncio
from dataclasses import replace

import pytest

from bots.conversation import Lab
from bots.desk import Attachment, Press, Request, Standing
from bots.discord import app
from bots.discord.inbox import BEGINNINGS, Inbox
from core import captions
from core.store import Client
from tests.bots.discord.conftest import (
    StartBot,
    enhanced,
    last,
    only_job,
    photo,
    publish,
    ready,
    said,
)
from tests.doubles.discord import DiscordServer, Fault


def attachment(ref: str) -> Attachment:
    """A photo that nobody fetches."""

    async def fetch() -> bytes:
        raise AssertionError("this photo was fetched")

    return Attachment(ref, "photo.png", None, fetch)


async def keeper() -> Standing:
    """Somebody who manages the server."""
    return Standing(True, frozenset({"9"}))


REQUEST = Request(
    origin="1:2",
    user="3",
    address={"channel": 1, "asked": 2},
    private=False,
    text="/enhance",
    photos=(attachment("u:a.png:https://x"),),
    addressed=True,
    community="4",
    channel="1",
    standing=keeper,
    language="de",
    max_bytes=7,
)


async def test_a_request_comes_back_as_it_was(client: Client) -> None:
    inbox = Inbox(client, 1, attachment)
    await inbox.keep(REQUEST)
    (again,), given_up = await inbox.left()
    assert isinstance(again, Request)
    assert given_up == []
    assert (again.origin, again.text, again.address) == ("1:2", "/enhance", REQUEST.address)
    assert (again.community, again.language, again.max_bytes) == ("4", "de", 7)
    assert [one.ref for one in again.photos] == ["u:a.png:https://x"]
    assert await again.standing() == await keeper()
    await inbox.done(again)
    assert await inbox.left() == ([], [])


async def test_a_press_comes_back_as_it_was(client: Client) -> None:
    inbox = Inbox(client, 1, attachment)
    await inbox.keep(Press("id:2x", REQUEST, {"channel": 1, "asked": 2, "status": 5}))
    (again,), _given_up = await inbox.left()
    assert isinstance(again, Press)
    assert (again.data, again.under["status"], again.request.origin) == ("id:2x", 5, "1:2")


async def test_what_never_ends_is_given_up_and_what_is_unreadable_dropped(client: Client) -> None:
    inbox = Inbox(client, 1, attachment)
    await inbox.keep(REQUEST)
    await client.hset("darkroom:discord:inbox:1", "odd", "{}")  # type: ignore[misc]
    for _ in range(BEGINNINGS):
        again, given_up = await inbox.left()
        assert (len(again), len(given_up)) == (1, 0)
    again, given_up = await inbox.left()
    assert (len(again), len(given_up)) == (0, 1)
    assert await client.hlen("darkroom:discord:inbox:1") == 1  # type: ignore[misc]


async def test_what_a_stop_has_cut_off_is_finished_by_the_next_start(
    server: DiscordServer,
    lab: Lab,
    client: Client,
    start_bot: StartBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(app, "STOP_SECONDS", 0.05)
    ada = server.person()
    held = asyncio.Event()
    async with start_bot():
        await ready(server)
        server.fail("cdn", Fault(hold=held))
        ada.slash("enhance", ada.private(), {"photo": photo()})
        await server.until(lambda: server.downloads)
    held.set()
    assert await lab.queue.owed("discord") == []
    async with start_bot():
        job = await only_job(server, lab)
        await publish(lab, job, await enhanced(lab, job))
        await server.until(lambda: last(ada, ada.private()).files)
        ada.press(last(ada, ada.private()), captions.LABELS["2x"])
        await only_job(server, lab)
    assert await client.hlen(f"darkroom:discord:inbox:{server.application_id}") == 0  # type: ignore[misc]


async def test_a_press_cut_off_by_a_stop_is_finished_by_the_next_start(
    server: DiscordServer, lab: Lab, start_bot: StartBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = server.person()
    held = asyncio.Event()
    async with start_bot():
        await ready(server)
        ada.message(ada.private(), "", [photo()])
        job = await only_job(server, lab)
        await publish(lab, job, await enhanced(lab, job))
        await server.until(lambda: last(ada, ada.private()).files)
        monkeypatch.setattr(app, "STOP_SECONDS", 0.05)
        server.fail("cdn", Fault(hold=held))
        ada.press(last(ada, ada.private()), captions.LABELS["2x"])
        await server.until(lambda: len(server.downloads) == 2)
    held.set()
    async with start_bot():
        assert (await only_job(server, lab)).recipe.scale == 2


async def test_what_keeps_ending_the_bot_is_told(
    server: DiscordServer, client: Client, start_bot: StartBot
) -> None:
    ada = server.person()
    message = ada.message(ada.private(), "/status")
    inbox = Inbox(client, server.application_id, attachment)
    address = {"channel": ada.private().channel_id, "asked": message.message_id}
    await inbox.keep(Request(origin="x", user="1", address=dict(address), private=True))
    for _ in range(BEGINNINGS):
        await inbox.left()
    async with start_bot():
        await server.until(lambda: "lost" in said(ada, ada.private()))


async def test_what_a_person_asked_and_pressed_is_forgotten(client: Client) -> None:
    inbox = Inbox(client, 1, attachment)
    other = replace(REQUEST, origin="1:3", user="31")
    await inbox.keep(REQUEST)
    await inbox.keep(other)
    await inbox.forget("3")
    (left,), _given_up = await inbox.left()
    assert isinstance(left, Request)
    assert left.origin == other.origin
