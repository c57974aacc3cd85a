"""The real library's client at the double, and what it sends."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import discord
import pytest
from discord import app_commands

from tests.bots.telegram.pictures import picture
from tests.doubles.discord import Channel, DiscordServer, Interaction, Person, Upload

PHOTO = Upload("mine.png", picture(40, 30))
SEND = "POST /channels/{channel_id}/messages"


class Bot(discord.Client):
    """A client that queues what it hears and lets a test handle each interaction."""

    def __init__(self, *, content: bool = True) -> None:
        intents = discord.Intents.default()
        intents.message_content = content
        super().__init__(intents=intents, guild_ready_timeout=0.0, max_messages=None)
        self.tree = app_commands.CommandTree(self)
        self.heard: asyncio.Queue[discord.Message] = asyncio.Queue()
        self.events: asyncio.Queue[str] = asyncio.Queue()
        self.asked: asyncio.Queue[discord.Interaction] = asyncio.Queue()
        self.tree.interaction_check = self._keep  # type: ignore[method-assign]

    async def register(self, *, guild: discord.abc.Snowflake | None = None) -> None:
        """Register the commands of these tests."""

        @self.tree.command(description="Enhance a photo")
        async def enhance(
            interaction: discord.Interaction,
            photo: discord.Attachment,
            scale: app_commands.Range[int, 1, 8] = 2,
            model: str = "",
        ) -> None: ...

        @enhance.autocomplete("model")
        async def suggest(
            interaction: discord.Interaction, text: str
        ) -> list[app_commands.Choice[str]]:
            return [app_commands.Choice(name=f"{text} x4", value="x4")]

        @self.tree.context_menu(name="Enhance photo")
        @app_commands.allowed_installs(guilds=True, users=True)
        async def menu(interaction: discord.Interaction, message: discord.Message) -> None: ...

        @self.tree.command(description="Settings")
        @app_commands.guild_only()
        @app_commands.default_permissions(manage_guild=True)
        async def settings(interaction: discord.Interaction) -> None: ...

        await self.tree.sync(guild=guild)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify at once, where the library would wait five seconds."""

    async def on_message(self, message: discord.Message) -> None:
        if message.author != self.user:
            self.heard.put_nowait(message)

    async def on_socket_event_type(self, event: str) -> None:
        self.events.put_nowait(event)

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        if interaction.type in (
            discord.InteractionType.component,
            discord.InteractionType.modal_submit,
        ):
            self.asked.put_nowait(interaction)

    async def hears(self, event: str) -> None:
        """Wait for a gateway event."""
        async with asyncio.timeout(10):
            while await self.events.get() != event:
                pass

    async def _keep(self, interaction: discord.Interaction) -> bool:
        if interaction.type is discord.InteractionType.application_command:
            self.asked.put_nowait(interaction)
        return interaction.type is discord.InteractionType.autocomplete


@asynccontextmanager
async def running(server: DiscordServer, bot: Bot) -> AsyncIterator[Bot]:
    """A bot that is connected and knows its guilds."""
    async with bot:
        await bot.login(server.token)
        connected = asyncio.create_task(bot.connect())
        ready = asyncio.create_task(bot.wait_until_ready())
        await asyncio.wait([connected, ready], return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        yield bot
    await connected


async def refused(code: int, attempt: Awaitable[object], words: str = "") -> None:
    with pytest.raises(discord.HTTPException) as caught:
        await attempt
    assert caught.value.code == code, caught.value
    assert words in str(caught.value)


def raw(**payload: Any) -> discord.http.MultipartParameters:
    """A request body that the library itself would not make."""
    return discord.http.MultipartParameters(payload=payload, multipart=None, files=None)


def file(name: str = "a.png", data: bytes = PHOTO.data) -> discord.File:
    return discord.File(io.BytesIO(data), name)


def buttons(*ids: str, label: str = "x") -> discord.ui.View:
    view = discord.ui.View()
    for custom_id in ids:
        view.add_item(discord.ui.Button(label=label, custom_id=custom_id))
    return view


def gallery(*urls: str) -> discord.ui.LayoutView:
    view = discord.ui.LayoutView()
    view.add_item(discord.ui.TextDisplay("Before and after"))
    view.add_item(discord.ui.MediaGallery(*(discord.MediaGalleryItem(url) for url in urls)))
    return view


async def slash(bot: Bot, ada: Person, channel: Channel) -> tuple[Interaction, discord.Interaction]:
    await bot.register()
    return ada.slash("enhance", channel, {"photo": PHOTO}), await bot.asked.get()
