"""The bot as its own process."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from pathlib import Path

from bots.conversation import Lab
from tests.bots.discord.conftest import from_bot, only_job, photo, ready
from tests.doubles.discord import DiscordServer, Fault

ROOT = Path(__file__).resolve().parents[3]


async def start(server: DiscordServer, redis_url: str, folder: Path) -> Process:
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "REDIS_URL": redis_url,
        "BLOB_URL": (folder / "blobs").as_uri(),
        "DARKROOM_DATA_DIR": str(folder),
        "DARKROOM_DISCORD_TOKEN": server.token,
        "DARKROOM_DISCORD_API_URL": server.api_url,
        "DARKROOM_DISCORD_GATEWAY_URL": server.gateway_url,
    }
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "darkroom", "discord", "--log", "DEBUG"),
        env=environment,
        cwd=folder,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_a_killed_bot_loses_no_request_and_a_stopped_one_ends_well(
    server: DiscordServer, lab: Lab, redis_url: str, tmp_path: Path
) -> None:
    bot = await start(server, redis_url, tmp_path)
    ada = server.person()
    async with asyncio.timeout(60):
        await ready(server)
    held = asyncio.Event()
    server.fail("cdn", *[Fault(hold=held)] * 3)
    asked = ada.slash("enhance", ada.private(), {"photo": photo()})
    ada.message(ada.private(), "/upscale 2x", [photo(1), photo(2)])
    await server.until(lambda: len(server.downloads) == 3, 60)
    bot.send_signal(signal.SIGKILL)
    await bot.communicate()
    held.set()
    assert await lab.queue.owed("discord") == []

    bot = await start(server, redis_url, tmp_path)
    await only_job(server, lab, count=2)
    jobs = await lab.queue.owed("discord")
    assert sorted((len(job.photos), job.recipe.scale or 0) for job in jobs) == [(1, 0), (2, 2)]
    bot.send_signal(signal.SIGTERM)
    _, log = await asyncio.wait_for(bot.communicate(), 10)
    assert bot.returncode == 0
    assert b"queued, photos: 2" in log
    assert server.token.rpartition(".")[2].encode() not in log
    assert asked.token.encode() not in log
    assert server.gateway.connections == []
    assert len(from_bot(ada, ada.private())) == 2
