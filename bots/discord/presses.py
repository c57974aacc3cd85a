"""Interactions acknowledged at once, and button presses taken once however fast somebody clicks."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import discord

from bots.desk import Press, Told
from bots.discord import faults
from bots.discord.counter import Counter
from bots.discord.place import Place
from bots.discord.posts import Post
from bots.discord.reader import Reader, is_outside, is_uninvited

CLICK_SECONDS = 10.0

_log = logging.getLogger(__name__)

Key = tuple[int, int, str, datetime | None]


async def acknowledge(interaction: discord.Interaction[Any], *, ephemeral: bool) -> Place:
    """Open the response of a command, within the three seconds that Discord gives; its place.

    A command that Discord gave up meanwhile is answered like a message. In a server without the
    bot the asker alone sees the answer.
    """
    ephemeral = ephemeral or is_uninvited(interaction)
    status = None
    deferred = True
    try:
        answered = await interaction.response.defer(ephemeral=ephemeral, thinking=True)
        status = answered.message_id if answered else None
    except faults.FAULTS as error:
        deferred = faults.acknowledged(error)
        if not deferred:
            late = time.time() - interaction.created_at.timestamp()
            _log.warning("a command was answered too late (%.1f s): %s", late, faults.words(error))
    return Place(
        channel=interaction.channel_id or 0,
        asked=interaction.id,
        user=interaction.user.id,
        guild=interaction.guild_id,
        status=status,
        application=interaction.application_id,
        token=interaction.token if deferred else None,
        issued=interaction.created_at.timestamp(),
        original=deferred,
        deferred=deferred,
        ephemeral=ephemeral,
        outside=is_outside(interaction),
    )


class Presses:
    """Hands presses to `press` and shows what it returns to who pressed alone.

    Quick clicks of one person on one button count as one press, until its message is changed.
    """

    def __init__(
        self, press: Callable[[Press], Awaitable[Told]], reader: Reader, counter: Counter
    ) -> None:
        self._press = press
        self._reader = reader
        self._counter = counter
        self._under_way: dict[Key, asyncio.TimerHandle | None] = {}

    async def take(self, interaction: discord.Interaction[Any], data: str) -> None:
        """Act on a press."""
        message = interaction.message
        if message is None:
            return
        if not interaction.response.is_done():  # it is when the press is handled again
            try:
                await interaction.response.defer()
            except faults.FAULTS as error:
                _log.info("a press was answered too late: %s", faults.words(error))
        key = (interaction.user.id, message.id, data, message.edited_at)
        if key in self._under_way:
            return
        self._under_way[key] = None
        try:
            place, under = _places(interaction, message)
            request = self._reader.interaction(interaction, place)
            told = await self._press(Press(data, request, under.address()))
        except BaseException:
            del self._under_way[key]  # a failed one may be tried anew
            raise
        later = asyncio.get_running_loop().call_later(CLICK_SECONDS, self._under_way.pop, key, None)
        self._under_way[key] = later
        if told.text and not told.fleeting:  # the message that is on its way tells it by itself
            await self.tell(interaction, told.text)

    def close(self) -> None:
        """Forget the clicks; nothing is waited for."""
        for timer in self._under_way.values():
            if timer is not None:
                timer.cancel()

    async def tell(self, interaction: discord.Interaction[Any], text: str) -> None:
        """Show something to who pressed alone."""
        if interaction.message is None:
            return
        place, _under = _places(interaction, interaction.message)
        try:
            await self._counter.whisper(place, Post(text))
        except faults.FAULTS as error:
            _log.info("a press stays without words: %s", faults.words(error))


def _places(interaction: discord.Interaction[Any], message: discord.Message) -> tuple[Place, Place]:
    """Where something new goes that a press asks for, and the message that the button is under."""
    under = Place(
        channel=interaction.channel_id or message.channel.id,
        asked=interaction.id,
        user=interaction.user.id,
        guild=interaction.guild_id,
        status=message.id,
        application=interaction.application_id,
        token=interaction.token,
        issued=interaction.created_at.timestamp(),
        original=True,
        ephemeral=message.flags.ephemeral or is_uninvited(interaction),
        outside=is_outside(interaction),
    )
    return replace(under, status=None, original=False, message=message.id), under
