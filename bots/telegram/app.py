"""One Telegram bot from sign-in to sign-off: polling or webhook, handlers, the error handler."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlparse

from telegram import MaybeInaccessibleMessage, Message, Update
from telegram.error import BadRequest, InvalidToken, TelegramError
from telegram.ext import (
    Application,
    CallbackContext,
    CallbackQueryHandler,
    ChatMemberHandler,
    ExtBot,
    MessageHandler,
    Updater,
    filters,
)

from bots.conversation import Conversation, Lab
from bots.desk import Press, Request, Told, Undeliverable
from bots.patience import growing, until
from bots.redaction import hidden
from bots.service import serve
from bots.telegram import albums, faults, menu
from bots.telegram.albums import Albums
from bots.telegram.desk import GROUP_SECONDS, PRIVATE_SECONDS, TelegramDesk
from bots.telegram.groups import SETTLING_SECONDS, Groups
from bots.telegram.inbox import Handling, Inbox
from bots.telegram.messages import Reader, spoken_by
from bots.telegram.pace import Pace, Urgency
from bots.telegram.place import Place
from bots.telegram.polling import ALLOWED_UPDATES, WRONG_TOKEN, Polling
from bots.telegram.presses import Presses
from bots.telegram.webhook import Secret
from core import captions, store
from core.errors import ServiceDown, SettingsError
from core.jobs import Address
from core.language import _, matching, speaking
from core.settings import TelegramSettings

ATTEMPTS = 4
STOP_SECONDS = 10.0
"""How long a stopping bot finishes the messages it has begun; the inbox keeps the others."""

_App = Application[Any, Any, Any, Any, Any, Any]
_Context = CallbackContext[Any, Any, Any, Any]
_log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True)
class Tempo:
    """The times (s) of one bot.

    They are: an album's end, status edits, a group's move, the first wait after a failure.
    """

    album_quiet: float = albums.QUIET_SECONDS
    private_edits: float = PRIVATE_SECONDS
    group_edits: float = GROUP_SECONDS
    settling: float = SETTLING_SECONDS
    first_pause: float = 1.0
    pace: Pace = field(default_factory=Pace)


async def run(
    settings: TelegramSettings,
    lab: Lab,
    stop: asyncio.Event,
    *,
    redis_url: str,
    tempo: Tempo | None = None,
) -> None:
    """Serve one bot until `stop`; raises SettingsError when Telegram rejects the token.

    While Telegram cannot be reached it keeps trying. Updates are kept in the Redis at
    `redis_url` until they are handled.
    """
    token, secret = settings.telegram_token, settings.telegram_webhook_secret
    if token is None:
        raise SettingsError("DARKROOM_TELEGRAM_TOKEN is not set; @BotFather gives one.")
    times = tempo or Tempo()
    client = store.connect(redis_url)
    with hidden(token.get_secret_value(), secret.get_secret_value() if secret else ""):
        inbox = Inbox(client, int(token.get_secret_value().partition(":")[0]))
        application = _application(settings, token.get_secret_value(), inbox, times.pace)
        try:
            await until(stop, _patiently(application.initialize, times.first_pause))
            if not stop.is_set():
                bot: ExtBot[Urgency] = application.bot
                desk = TelegramDesk(
                    bot,
                    local=settings.telegram_local_mode,
                    private_seconds=times.private_edits,
                    group_seconds=times.group_edits,
                )
                listener = _Listener(settings, application, inbox, desk, times)

                async def listen(conversation: Conversation) -> None:
                    await listener.run(conversation, stop)

                _log.info("signed in to Telegram as @%s", bot.username)
                await serve(desk, lab, listen, bot=bot.username)
        finally:
            await application.shutdown()
            await application.bot.shutdown()
            await client.aclose()


class _Listener:
    """Takes updates in and hands them to the conversation."""

    def __init__(
        self,
        settings: TelegramSettings,
        application: _App,
        inbox: Inbox,
        desk: TelegramDesk,
        tempo: Tempo,
    ) -> None:
        self._settings = settings
        self._application = application
        self._inbox = inbox
        self._desk = desk
        self._tempo = tempo
        bot = application.bot
        self._reader = Reader(bot.username, desk.attachments, desk.members, bot_id=bot.id)

    async def run(self, conversation: Conversation, stop: asyncio.Event) -> None:
        """Listen until `stop`, then finish what was begun."""
        gathered = self._handlers(conversation)
        conversation.forgets(self._inbox.forget)
        menus = asyncio.create_task(menu.show(self._application.bot))
        await self._application.start()
        try:
            await until(stop, self._take_in())
        finally:
            menus.cancel()
            for album in gathered:
                album.hurry()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._application.stop(), STOP_SECONDS)
            await asyncio.gather(menus, return_exceptions=True)

    async def _take_in(self) -> None:
        if count := await self._inbox.replay(self._application.bot):
            _log.info("%d messages are left from before the restart", count)
        polled = self._settings.telegram_webhook_url is None
        await (self._poll() if polled else self._webhook())

    def _handlers(self, conversation: Conversation) -> tuple[Albums, ...]:
        async def read(messages: Sequence[Message], late: bool) -> None:
            found = self._reader.read(messages, late=late)
            if found is not None:
                await self._insist(lambda: conversation.handle(found))

        async def lose(messages: Sequence[Message], late: bool) -> None:
            if _awaited(self._reader.read(messages, late=late)):
                await self._apologise(messages[0], spoken_by(messages[0]), captions.LOST)

        async def press(pressed: Press) -> Told:
            return await self._insist(lambda: conversation.press(pressed))

        gathered = Albums(read, quiet=self._tempo.album_quiet)
        given_up = Albums(lose, quiet=self._tempo.album_quiet)
        presses = Presses(press, self._say, self._desk.members)
        groups = Groups(conversation, self._desk.members, settling=self._tempo.settling)

        async def on_message(update: Update, _context: _Context) -> None:
            message = update.message
            if message is None:
                return
            begun = await self._inbox.begin(update)
            if groups.concerns(message):
                if begun:
                    await self._insist(lambda: groups.told(message))
            else:
                await (gathered if begun else given_up).add(message)

        async def on_membership(update: Update, _context: _Context) -> None:
            change = update.my_chat_member
            if change is not None and await self._inbox.begin(update):
                await self._insist(lambda: groups.changed(change))

        async def on_press(update: Update, _context: _Context) -> None:
            query = update.callback_query
            if query is None:
                return
            if await self._inbox.begin(update):
                await presses.take(query)
            elif query.message is not None:
                language = query.from_user.language_code
                await self._apologise(query.message, language, captions.LOST)

        async def on_error(update: object, context: _Context) -> None:
            await self._failed(update, context.error)

        add = self._application.add_handler
        add(MessageHandler(filters.UpdateType.MESSAGE, on_message))
        add(CallbackQueryHandler(on_press))
        add(ChatMemberHandler(on_membership, ChatMemberHandler.MY_CHAT_MEMBER))
        self._application.add_error_handler(on_error)
        return gathered, given_up

    async def _say(self, address: Address, text: str) -> None:
        await self._insist(lambda: self._desk.say(address, text))

    async def _apologise(
        self, message: MaybeInaccessibleMessage, language: str | None, text: str
    ) -> None:
        """Say a text of ours to whoever wrote a message or pressed a button under it."""
        with speaking(matching(language)):
            await self._say(Place.at(message).address(), _(text))

    async def _insist(self, act: Callable[[], Awaitable[T]]) -> T:
        """Act, again if the network failed: handling or pressing twice makes one job.

        While Redis or the photo store is away, what nobody was told about is tried on and on.
        """
        attempt = 1
        while True:
            try:
                return await act()
            except ServiceDown as error:
                _log.warning("an update waits: %s", error)
                attempt = min(attempt, ATTEMPTS - 1)
            except TelegramError as error:
                if attempt == ATTEMPTS or not faults.transient(error):
                    raise
                _log.warning("an update is handled again: %s", error)
            await asyncio.sleep(self._tempo.first_pause * 2**attempt)
            attempt += 1

    async def _failed(self, update: object, error: Exception | None) -> None:
        if isinstance(error, Undeliverable):
            _log.info("an answer has nowhere to go: %s", error)
            return
        _log.error("an update could not be handled", exc_info=error)
        if not isinstance(update, Update):
            return
        message, query = update.message, update.callback_query
        with contextlib.suppress(TelegramError, Undeliverable):
            if query is not None and query.message is not None:
                language = query.from_user.language_code
                await self._apologise(query.message, language, captions.UNEXPECTED)
            elif message is not None and _awaited(self._reader.read([message])):
                await self._apologise(message, spoken_by(message), captions.UNEXPECTED)

    async def _poll(self) -> None:
        bot = self._application.bot
        await _patiently(bot.delete_webhook, self._tempo.first_pause)
        await Polling(bot, self._inbox, first_pause=self._tempo.first_pause).run()

    async def _webhook(self) -> None:
        settings = self._settings
        url, secret = settings.telegram_webhook_url, settings.telegram_webhook_secret
        if url is None or secret is None:
            raise SettingsError(
                "DARKROOM_TELEGRAM_WEBHOOK_URL needs DARKROOM_TELEGRAM_WEBHOOK_SECRET, so that "
                "nobody else can post updates."
            )
        updater = Updater(self._application.bot, self._inbox)
        await updater.initialize()
        await _patiently(
            lambda: updater.start_webhook(
                listen=settings.telegram_webhook_listen,
                port=settings.telegram_webhook_port,
                url_path=urlparse(url).path,
                webhook_url=url,
                secret_token=Secret(secret.get_secret_value()),
                allowed_updates=ALLOWED_UPDATES,
            ),
            self._tempo.first_pause,
        )
        try:
            await asyncio.Event().wait()
        finally:
            await updater.stop()


def _application(settings: TelegramSettings, token: str, inbox: Inbox, pace: Pace) -> _App:
    return (
        Application.builder()
        .token(token)
        .base_url(f"{settings.telegram_api_url}/bot")
        .base_file_url(f"{settings.telegram_api_url}/file/bot")
        .local_mode(settings.telegram_local_mode)
        .rate_limiter(pace)
        .concurrent_updates(Handling(inbox))
        .updater(None)
        .update_queue(inbox)
        .connection_pool_size(64)
        .connect_timeout(10)
        .read_timeout(20)
        .write_timeout(20)
        .pool_timeout(60)
        .build()
    )


def _awaited(found: Request | None) -> bool:
    """Whether somebody waits for a word of ours: not about photos that nobody asked us about."""
    return found is not None and (found.addressed or found.text.startswith("/"))


async def _patiently(call: Callable[[], Awaitable[object]], first_pause: float) -> None:
    """Call until it succeeds; raises SettingsError when Telegram refuses the token or a setting."""
    failures = 0
    while True:
        try:
            await call()
        except InvalidToken:
            raise SettingsError(WRONG_TOKEN) from None  # the error quotes the token
        except BadRequest as error:
            raise SettingsError(f"Telegram refuses the bot's settings: {error.message}.") from error
        except TelegramError as error:
            if failures == 0:
                _log.warning("Telegram cannot be reached, trying on: %s", error)
            await asyncio.sleep(growing(first_pause, failures))
            failures += 1
        else:
            return
