"""The bot as its own process, killed with SIGKILL."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from pathlib import Path

import httpx

from bots.conversation import Lab
from tests.bots.telegram.conftest import only_job
from tests.bots.telegram.pictures import picture
from tests.doubles.counts import free_port
from tests.doubles.telegram import TelegramServer

ROOT = Path(__file__).resolve().parents[3]


async def start(server: TelegramServer, redis_url: str, folder: Path, listen: str = "") -> Process:
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "REDIS_URL": redis_url,
        "DARKROOM_DATA_DIR": str(folder),
        "DARKROOM_TELEGRAM_TOKEN": server.token,
        "DARKROOM_TELEGRAM_API_URL": server.url,
        "DARKROOM_METRICS_LISTEN": listen,
    }
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "darkroom", "telegram", "--log", "DEBUG"),
        env=environment,
        cwd=folder,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_a_killed_bot_loses_no_message_and_a_stopped_one_ends_well(
    server: TelegramServer, lab: Lab, redis_url: str, tmp_path: Path
) -> None:
    bot = await start(server, redis_url, tmp_path)
    ada = server.private()
    ada.album([picture(seed=n) for n in range(3)], "/upscale 2x")
    await server.until(lambda: not server.updates, 60)
    bot.send_signal(signal.SIGKILL)
    await bot.communicate()
    assert await lab.queue.owed("telegram") == []

    listen = f"127.0.0.1:{free_port()}"
    bot = await start(server, redis_url, tmp_path, listen)
    job = await only_job(server, lab)
    assert len(job.photos) == 3
    assert job.recipe.scale == 2
    async with httpx.AsyncClient(base_url=f"http://{listen}") as http:
        assert (await http.get("/healthz")).text == "ok\n"
        figures = (await http.get("/metrics")).text
    assert 'darkroom_owed_replies{platform="telegram"} 1.0' in figures
    bot.send_signal(signal.SIGTERM)
    _, log = await asyncio.wait_for(bot.communicate(), 30)
    assert bot.returncode == 0
    assert b"queued, photos: 3" in log
    assert server.token.partition(":")[2].encode() not in log
