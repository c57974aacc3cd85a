"""The bot as its own process."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from bots.conversation import Lab
from tests.bots.discord.conftest import only_job, photo, ready
from tests.doubles.discord import DiscordServer

ROOT = Path(__file__).resolve().parents[3]


async def test_a_stopped_bot_ends_well_and_tells_no_secrets(
    server: DiscordServer, lab: Lab, redis_url: str, tmp_path: Path
) -> None:
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "REDIS_URL": redis_url,
        "BLOB_URL": (tmp_path / "blobs").as_uri(),
        "DARKROOM_DATA_DIR": str(tmp_path),
        "DARKROOM_DISCORD_TOKEN": server.token,
        "DARKROOM_DISCORD_API_URL": server.api_url,
        "DARKROOM_DISCORD_GATEWAY_URL": server.gateway_url,
    }
    bot = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "darkroom", "discord", "--log", "DEBUG"),
        env=environment,
        cwd=tmp_path,
        stderr=asyncio.subprocess.PIPE,
    )
    ada = server.person()
    async with asyncio.timeout(60):
        await ready(server)
    asked = ada.slash("enhance", ada.private(), {"photo": photo()})
    await only_job(server, lab)
    bot.send_signal(signal.SIGTERM)
    _, log = await asyncio.wait_for(bot.communicate(), 10)
    assert bot.returncode == 0
    assert b"queued, photos: 1" in log
    assert server.token.rpartition(".")[2].encode() not in log
    assert asked.token.encode() not in log
    assert server.gateway.connections == []
