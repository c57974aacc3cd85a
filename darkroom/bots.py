"""Starting one bot in this process."""

import asyncio
import signal

from bots.service import open_lab
from core.errors import SettingsError
from core.monitor import monitored
from core.settings import DiscordSettings, StoreSettings, TelegramSettings
from darkroom.redis import redis_url


async def run_telegram(settings: StoreSettings, telegram: TelegramSettings) -> None:
    """Run the Telegram bot until SIGTERM or Ctrl-C; raises SettingsError without a token."""
    if telegram.telegram_token is None:
        raise SettingsError(
            "DARKROOM_TELEGRAM_TOKEN is not set: ask @BotFather for a bot (/newbot) and put its "
            "token into .env."
        )
    from bots.telegram.app import run

    stop = _stopped_by_signals()
    async with (
        redis_url(settings, lasting=True) as url,
        open_lab(url, settings) as lab,
        monitored(settings.metrics_listen, url, "telegram"),
    ):
        await run(telegram, lab, stop, redis_url=url)


async def run_discord(settings: StoreSettings, discord: DiscordSettings) -> None:
    """Run the Discord bot until SIGTERM or Ctrl-C; raises SettingsError without a token."""
    if discord.discord_token is None:
        raise SettingsError(
            "DARKROOM_DISCORD_TOKEN is not set: make an application with a bot in Discord's "
            "developer portal (https://discord.com/developers/applications) and put its token "
            "into .env."
        )
    from bots.discord.app import run

    stop = _stopped_by_signals()
    async with (
        redis_url(settings, lasting=True) as url,
        open_lab(url, settings) as lab,
        monitored(settings.metrics_listen, url, "discord"),
    ):
        await run(discord, lab, stop, redis_url=url)


def _stopped_by_signals() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
