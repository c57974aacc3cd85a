"""The double itself, driven by the real library: it must refuse what Discord refuses."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import pytest
import pytest_asyncio
import yarl
from discord import app_commands

from tests.bots.telegram.pictures import picture
from tests.doubles.discord import (
    Channel,
    DiscordServer,
    Fault,
    Guild,
    Intent,
    Interaction,
    Limits,
    NotAllowed,
    NotOffered,
    Permission,
    Person,
    Refused,
    Upload,
)
from tests.doubles.discord.description import description

PHOTO = Upload("mine.png", picture(40, 30))
SEND = "POST /channels/{channel_id}/messages"

Handler = Callable[[discord.Interaction], Coroutine[Any, Any, None]]


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


@pytest_asyncio.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordServer]:
    async with DiscordServer() as double:
        monkeypatch.setattr(discord.http.Route, "BASE", double.api_url)
        gateway = yarl.URL(double.gateway_url)
        monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", gateway)
        yield double


@pytest_asyncio.fixture
async def ada(server: DiscordServer) -> Person:
    return server.person("Ada", locale="de")


@pytest_asyncio.fixture
async def guild(server: DiscordServer, ada: Person) -> Guild:
    return server.guild("Photographers", ada)


@pytest_asyncio.fixture
async def general(guild: Guild) -> Channel:
    return guild.channel("general")


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


@pytest_asyncio.fixture
async def bot(server: DiscordServer, general: Channel) -> AsyncIterator[Bot]:
    async with running(server, Bot()) as client:
        yield client


@pytest_asyncio.fixture
async def place(bot: Bot, general: Channel) -> discord.TextChannel:
    channel = bot.get_channel(general.channel_id)
    assert isinstance(channel, discord.TextChannel)
    return channel


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


async def test_a_slash_command_is_deferred_and_answered(
    server: DiscordServer, bot: Bot, general: Channel, guild: Guild, ada: Person
) -> None:
    guild.premium_tier = 2
    sent, asked = await slash(bot, ada, general)
    assert (asked.locale, asked.filesize_limit) == (discord.Locale.german, 50 << 20)
    data: Any = asked.data
    ((number, attachment),) = data["resolved"]["attachments"].items()
    assert f"/ephemeral-attachments/{server.application_id}/{number}/" in attachment["url"]
    await asked.response.defer()
    assert [view.loading for view in general.shown()] == [True]
    original = await asked.edit_original_response(
        content="x2", attachments=[file("a b.png"), file("ä.png")], view=buttons("again")
    )
    (shown,) = ada.sees(general)
    assert (shown.text, shown.buttons, shown.loading) == ("x2", {"x": "again"}, False)
    assert [(f.name, f.data) for f in shown.files] == [
        ("a_b.png", PHOTO.data),
        ("unknown.png", PHOTO.data),
    ]
    assert shown.command == "enhance"
    assert await original.attachments[0].read() == PHOTO.data
    assert (await asked.original_response()).attachments[0].width == 40
    second = await asked.followup.send("one more", wait=True)
    await asked.followup.edit_message(second.id, content="two")
    await asked.followup.delete_message(second.id)
    await asked.delete_original_response()
    assert general.shown() == []
    assert sent.acknowledged
    assert server.faults == []


@pytest.mark.parametrize("deleted", [False, True])
async def test_a_first_followup_is_seen_by_all_unless_the_public_answer_is_gone(
    bot: Bot, general: Channel, ada: Person, deleted: bool
) -> None:
    _, asked = await slash(bot, ada, general)
    await asked.response.defer()
    if deleted:
        await asked.delete_original_response()
    await asked.followup.send("psst", ephemeral=True)
    (shown,) = ada.sees(general)
    assert (shown.text, shown.ephemeral) == ("psst", deleted)


async def test_the_first_answer_has_three_seconds_and_comes_once(
    server: DiscordServer, bot: Bot, general: Channel, ada: Person
) -> None:
    _, late = await slash(bot, ada, general)
    await refused(10015, late.followup.send("too early"))
    server.advance(3.1)
    await refused(10062, late.response.defer())
    assert ada.notices == ["The application did not respond"]
    ada.slash("enhance", general, {"photo": PHOTO})
    asked = await bot.asked.get()
    await asked.response.send_message("first")
    await refused(40060, discord.InteractionResponse(asked).send_message("second"))


async def test_a_token_lives_fifteen_minutes(
    server: DiscordServer, bot: Bot, general: Channel, ada: Person
) -> None:
    sent, asked = await slash(bot, ada, general)
    await asked.response.defer()
    server.age_interaction(sent, 901)
    await refused(50027, asked.edit_original_response(content="too late"))
    await refused(50027, asked.followup.send("too late"))
    assert sent.failed


async def test_what_is_deferred_ephemerally_stays_with_its_person(
    server: DiscordServer, bot: Bot, general: Channel, guild: Guild, ada: Person
) -> None:
    _, asked = await slash(bot, ada, general)
    await asked.response.defer(ephemeral=True)
    message = await asked.followup.send("secret", file=file(), wait=True)
    assert general.shown() == []
    (shown,) = ada.sees(general)
    assert (shown.text, shown.ephemeral, shown.loading) == ("secret", True, False)
    assert "/ephemeral-attachments/" in message.attachments[0].url
    bob = server.person("Bob")
    guild.join(bob)
    assert bob.sees(general) == []
    await refused(10008, bot.http.get_message(general.channel_id, message.id))
    assert server.faults == []


async def test_a_context_menu_needs_no_content_intent_but_messages_do(
    server: DiscordServer, general: Channel, ada: Person
) -> None:
    async with running(server, Bot(content=False)) as bot:
        await bot.register()
        message = ada.message(general, "look", [("a.heic", b"photo", "image/heic")])
        heard = await bot.heard.get()
        assert (heard.content, heard.attachments) == ("", [])
        ada.message(general, "look", [PHOTO], mention_bot=True, reply_to=message)
        heard = await bot.heard.get()
        assert len(heard.attachments) == 1
        assert heard.reference is not None
        assert isinstance(heard.reference.resolved, discord.Message)
        assert heard.reference.resolved.attachments == []
        ada.message(ada.private(), "private")
        assert (await bot.heard.get()).content == "private"
        ada.context_menu("Enhance photo", message)
        asked = await bot.asked.get()
        data: Any = asked.data
        (told,) = data["resolved"]["messages"].values()
        assert told["attachments"][0]["content_type"] == "image/heic"
        server.privileged = Intent(0)
        fetched = await bot.http.get_message(general.channel_id, message.message_id)
        assert fetched["content"] == ""
    assert server.faults == []


async def test_buttons(
    server: DiscordServer, bot: Bot, place: discord.TextChannel, general: Channel, ada: Person
) -> None:
    view = buttons("again")
    view.add_item(discord.ui.Button(label="Done", custom_id="done", disabled=True))
    await place.send("result", view=view)
    (message,) = general.shown()
    for wrong in ("Done", "Missing"):
        with pytest.raises(NotOffered):
            ada.press(message, wrong)
    ada.press(message, "x")
    asked = await bot.asked.get()
    assert asked.message is not None
    await asked.response.edit_message(content="at work", view=None)
    await asked.followup.send("for you", ephemeral=True)
    assert [view.text for view in general.shown()] == ["at work"]
    assert [view.text for view in ada.sees(general)] == ["at work", "for you"]
    await place.send("second", view=buttons("again"))
    ada.press(general.shown()[-1], "again")
    asked = await bot.asked.get()
    await asked.response.defer()
    await asked.edit_original_response(content="changed")
    assert general.shown()[-1].text == "changed"
    assert server.faults == []


async def test_forms_and_suggestions(
    server: DiscordServer, bot: Bot, general: Channel, ada: Person
) -> None:
    sent, asked = await slash(bot, ada, general)
    typed = ada.autocomplete("enhance", general, "model", "vivid")
    await server.until(lambda: typed.choices)
    assert typed.choices == [{"name": "vivid x4", "value": "x4"}]
    form = discord.ui.Modal(title="Settings", custom_id="form")
    form.add_item(discord.ui.TextInput(label="Largest scale", custom_id="scale"))
    await asked.response.send_modal(form)
    ada.submit(sent, {"scale": "8"})
    entered = await bot.asked.get()
    await entered.response.send_message("saved", ephemeral=True)
    assert [view.text for view in ada.sees(general)] == ["saved"]
    assert server.faults == []


async def test_only_what_is_registered_is_offered(
    server: DiscordServer, bot: Bot, guild: Guild, general: Channel, ada: Person
) -> None:
    with pytest.raises(NotOffered, match="not registered"):
        ada.slash("enhance", general)
    await bot.register()
    wrong: list[dict[str, Any]] = [{}, {"photo": PHOTO, "scale": 9}, {"photo": PHOTO, "x": 1}]
    for options in wrong:
        with pytest.raises(NotOffered):
            ada.slash("enhance", general, options)
    with pytest.raises(NotOffered, match="context"):
        ada.slash("settings", ada.private())
    with pytest.raises(NotAllowed):
        ada.slash("settings", general)
    guild.join(ada, guild.role("Keeper", Permission.MANAGE_GUILD))
    ada.slash("settings", general)
    await bot.asked.get()
    await bot.tree.sync(guild=discord.Object(guild.guild_id))
    assert len(server.commands.registered()) == 3
    assert server.commands.registered(guild.guild_id) == []


async def test_an_application_of_a_person_works_where_the_bot_is_not(
    server: DiscordServer, bot: Bot, ada: Person
) -> None:
    await bot.register()
    elsewhere = server.guild("Elsewhere", ada, bot=False)
    channel = elsewhere.channel()
    message = ada.message(channel, files=[PHOTO])
    with pytest.raises(NotOffered, match="not installed"):
        ada.context_menu("Enhance photo", message)
    ada.install()
    ada.context_menu("Enhance photo", message, user_install=True)
    asked = await bot.asked.get()
    await asked.response.send_message("1", file=file())
    for number in range(5):
        await asked.followup.send(str(number))
    await refused(40094, asked.followup.send("sixth"))
    await refused(50001, bot.http.get_channel(channel.channel_id))
    elsewhere.permit(elsewhere.everyone, Permission.VIEW_CHANNEL | Permission(1 << 31))
    ada.context_menu("Enhance photo", message, user_install=True)
    await (await bot.asked.get()).response.send_message("hidden")
    assert ada.sees(channel)[-1].ephemeral
    ada.slash("enhance", ada.private(), {"photo": PHOTO})
    asked = await bot.asked.get()
    assert isinstance(asked.channel, discord.DMChannel)
    await asked.response.send_message("in private", file=file())
    assert ada.sees(ada.private())[0].text == "in private"
    friend = server.person("Bob")
    private = friend.message(ada.group(friend), files=[PHOTO])
    ada.context_menu("Enhance photo", private, user_install=True)
    await (await bot.asked.get()).response.send_message("there too")
    assert server.faults == []


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("regex", {"name": "Enhance"}),
        ("length", {"description": ""}),
        ("length", {"description": "x" * 101}),
        ("Required options", {"options": [{"name": "a"}, {"name": "b", "required": True}]}),
        ("already exists", {"options": [{"name": "a"}, {"name": "a"}]}),
        ("length", {"options": [{"name": f"o{n}"} for n in range(26)]}),
        ("length", {"options": [{"name": "a", "choices": [{"name": "x", "value": "x"}] * 26}]}),
        ("one of", {"name_localizations": {"xx": "enhance"}}),
        ("regex", {"name_localizations": {"de": "Verbessern"}}),
        ("no choices", {"options": [{"name": "a", "type": 11, "autocomplete": True}]}),
        ("cannot have description", {"type": 3, "description": "x"}),
    ],
)
async def test_commands_are_checked(
    server: DiscordServer, bot: Bot, words: str, command: dict[str, Any]
) -> None:
    body: Any = {"name": "enhance", "description": "Enhance", "type": 1} | command
    for option in body.get("options", []):
        option.setdefault("type", 3)
        option.setdefault("description", "x")
    twice: Any = [{"name": "a", "description": "x", "type": 1}] * 2
    await refused(50035, bot.http.upsert_global_command(server.application_id, body), words)
    await refused(50035, bot.http.bulk_upsert_global_commands(server.application_id, twice))


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


async def test_a_lost_connection_is_resumed_elsewhere(
    server: DiscordServer, bot: Bot, general: Channel, ada: Person
) -> None:
    server.drop_gateway()
    ada.message(general, "meanwhile")
    assert (await bot.heard.get()).content == "meanwhile"
    assert [c.path for c in server.gateway.connections] == ["/resume"]
    server.drop_gateway(4000)
    await server.until(lambda: server.gateway.resumed == 2)
    server.gateway.ask_reconnect()
    await server.until(lambda: server.gateway.resumed == 3)
    server.drop_gateway(resumable=False)
    await server.until(lambda: server.gateway.identified == 2 and server.gateway.ready)
    ada.message(general, "after")
    assert (await bot.heard.get()).content == "after"


async def test_some_closes_are_final(server: DiscordServer) -> None:
    server.privileged = Intent(0)
    async with Bot() as bot:
        await bot.login(server.token)
        with pytest.raises(discord.PrivilegedIntentsRequired):
            await bot.connect()
    async with Bot(content=False) as bot:
        await bot.login(server.token)
        bot.http.token = "changed"
        with pytest.raises(discord.ConnectionClosed) as closed:
            await bot.connect()
        assert closed.value.code == 4004
    async with Bot() as bot:
        with pytest.raises(discord.LoginFailure):
            await bot.login("wrong")


async def test_a_gateway_out_of_reach(server: DiscordServer) -> None:
    server.refuse_gateway()
    server.refuse_gateway(status=503)
    for expected in (aiohttp.ServerDisconnectedError, aiohttp.WSServerHandshakeError):
        async with Bot() as bot:
            await bot.login(server.token)
            with pytest.raises(expected):
                await bot.connect(reconnect=False)
    async with running(server, Bot()) as bot:
        assert bot.is_ready()


async def test_guilds_come_and_go(server: DiscordServer, guild: Guild, ada: Person) -> None:
    down = server.guild("Down")
    down.available = False
    async with running(server, Bot()) as bot:
        assert {g.id: g.unavailable for g in bot.guilds} == {
            guild.guild_id: False,
            down.guild_id: True,
        }
        down.come_back()
        fresh = server.guild("Fresh", ada, premium_tier=3)
        channel = fresh.channel("photos")
        await bot.hears("CHANNEL_CREATE")
        joined = bot.get_guild(fresh.guild_id)
        assert joined is not None
        assert joined.filesize_limit == fresh.file_limit == 100 << 20
        ada.thread(channel, "Photo", ada.message(channel, "look"))
        await bot.hears("THREAD_CREATE")
        fresh.go_down()
        fresh.come_back()
        fresh.remove_bot()
        guild.join(ada, guild.role("Keeper"))
        while bot.get_guild(fresh.guild_id):
            await bot.hears("GUILD_DELETE")
        await refused(50001, bot.http.get_guild(fresh.guild_id))
        await bot.http.leave_guild(guild.guild_id)
        assert not guild.has_bot
    assert server.faults == []


async def test_rate_limits_and_failures_on_demand(
    server: DiscordServer, bot: Bot, place: discord.TextChannel, general: Channel
) -> None:
    server.limits = Limits(messages=1, window=0.05)
    for text in ("one", "two"):
        await place.send(text)
    assert len(server.called(*SEND.split())) >= 3
    server.limits = Limits()
    limited = Fault(retry_after=0.01, everywhere=True)
    server.fail(SEND, limited)
    await place.send("limited")
    server.fail(SEND, Fault(close=True), Fault(status=503), Refused(50013))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await place.send("lost before")
    with pytest.raises(discord.DiscordServerError):
        await place.send("broken")
    await refused(50013, place.send("forbidden"))
    hold = asyncio.Event()
    server.fail(SEND, Fault(close=True, after=True), Fault(hold=hold))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await place.send("lost after")
    held = asyncio.create_task(place.send("held"))
    await server.until(lambda: server.calls[-1].body["content"] == "held")
    assert general.shown()[-1].text == "lost after"
    hold.set()
    await held
    assert [v.text for v in general.shown()] == ["one", "two", "limited", "lost after", "held"]
    assert server.faults == []


async def test_the_published_description_finds_faults(
    server: DiscordServer, bot: Bot, general: Channel, shared: object
) -> None:
    judge = description()
    assert judge is not None
    await bot.http.send_message(general.channel_id, params=raw(content="fine", tts="loud"))
    assert server.faults == [
        f"{SEND}: $.tts 'loud' is not of type 'boolean', 'null'",
    ]
    server.faults.clear()
    await refused(0, bot.http.request(discord.http.Route("GET", "/voice/regions")), "Not Found")
    assert server.faults == ["GET /api/v10/voice/regions is not in the double"]
    assert judge.faults_of({"id": 7}, "SnowflakeType", "id") != []
    assert judge.faults_of_answer("GET", "/users/@me", 200, {"id": "7"}) != []
