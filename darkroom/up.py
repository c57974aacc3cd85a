"""`darkroom up`: everything this machine can run, in one command."""

import asyncio
import contextlib
import importlib.util
import signal

from core.errors import SettingsError
from core.settings import DiscordSettings, StoreSettings, TelegramSettings, WorkerSettings
from darkroom.children import Child
from darkroom.redis import redis_url


def runnable() -> list[str]:
    """What this machine can run: the worker if torch is installed, each bot with a token."""
    names = []
    if worker_installed():
        WorkerSettings.load()
        names.append("worker")
    if TelegramSettings.load().telegram_token is not None:
        names.append("telegram")
    if DiscordSettings.load().discord_token is not None:
        names.append("discord")
    if not names:
        raise SettingsError(
            "There is nothing to run: install the worker with pip install '.[worker]', or set "
            "DARKROOM_TELEGRAM_TOKEN or DARKROOM_DISCORD_TOKEN. `darkroom doctor` says more."
        )
    return names


def worker_installed() -> bool:
    """Whether the worker's packages are here."""
    return all(importlib.util.find_spec(name) for name in ("torch", "spandrel", "cv2"))


async def up(settings: StoreSettings, names: list[str], *, log: str = "INFO") -> None:
    """Run the children at one Redis until SIGTERM or Ctrl-C, each telling `log` and above."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with redis_url(settings, lasting=True) as url, contextlib.AsyncExitStack() as stack:
        for place, name in enumerate(names):
            environment = {"REDIS_URL": url} | metrics_port(settings, place)
            await stack.enter_async_context(Child(name, "--log", log, environment=environment))
        await stop.wait()


def metrics_port(settings: StoreSettings, place: int) -> dict[str, str]:
    """Where the child at this place, from 0, tells its metrics: each at the next port."""
    if settings.metrics_listen is None:
        return {}
    host, _, port = settings.metrics_listen.rpartition(":")
    return {"DARKROOM_METRICS_LISTEN": f"{host}:{int(port) + place}"}
