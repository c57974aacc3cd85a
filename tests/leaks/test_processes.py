"""Bot and worker as real processes at a Redis with a password: all that they write, as JSON."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from core import store
from core.valkey import PrivateValkey
from tests.conftest import ROOT
from tests.doubles.telegram import TelegramServer
from tests.leaks.life import CUT_OFF, FILE, NAME, PHOTO, PRIVATE, WORDS
from tests.leaks.search import found

PASSWORD = "hunter2-Hunter2"
WAIT = 60.0


async def started(role: str, folder: Path, **settings: str) -> Process:
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "BLOB_URL": (folder / "blobs").as_uri(),
        "DARKROOM_DATA_DIR": str(folder / "data"),
        "DARKROOM_LOG_FORMAT": "json",
        "DARKROOM_THREADS": "1",
        **settings,
    }
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "darkroom", role, "--log", "DEBUG"),
        env=environment,
        cwd=folder,
        stdout=PIPE,
        stderr=PIPE,
    )


async def ended(process: Process) -> str:
    """Stop a process; everything that it has written."""
    process.send_signal(signal.SIGTERM)
    written = await asyncio.wait_for(process.communicate(), WAIT)
    assert process.returncode == 0, written
    return "".join(part.decode() for part in written)


async def test_nothing_private_is_written(tmp_path: Path) -> None:
    async with (
        TelegramServer() as server,
        PrivateValkey(tmp_path / "valkey", durable=False) as valkey,
    ):
        url = f"unix://:{PASSWORD}@{valkey.socket}"
        telegram = {"TOKEN": server.token, "API_URL": server.url}
        settings = {f"DARKROOM_TELEGRAM_{name}": value for name, value in telegram.items()}
        open_door = store.connect(valkey.url)
        await open_door.config_set("requirepass", PASSWORD)
        processes = [
            await started("worker", tmp_path, REDIS_URL=url),
            await started("telegram", tmp_path, REDIS_URL=url, **settings),
        ]
        ada = server.private(name=NAME)
        try:
            ada.document(PHOTO, FILE, "/upscale 2x")
            await server.until(lambda: any(m.kind == "photo" for m in ada.chat.from_bot()), WAIT)
            await open_door.client_kill_filter(_type="normal", skipme=True)
            ada.document(CUT_OFF, FILE, WORDS)
            await server.until(lambda: "cut off" in ada.chat.from_bot()[-1].text, WAIT)
            written = "".join([await ended(process) for process in processes])
        finally:
            await open_door.aclose()
            for process in processes:
                if process.returncode is None:
                    process.kill()
                    await process.communicate()
    lines = [json.loads(line) for line in written.splitlines()]
    token = server.token.partition(":")[2]
    secrets = PRIVATE | {"the password": PASSWORD, "the token's secret half": token}
    assert found(written, secrets) == []
    enhanced = next(line for line in lines if line["message"].startswith("photo 1 enhanced"))
    assert any(
        line.get("job") == enhanced["job"] for line in lines if line["message"] == "delivered"
    )


async def test_a_bot_whose_token_is_refused_does_not_write_it(tmp_path: Path) -> None:
    wrong = "987654:WRONG-wrong-WRONG-wrong-WRONG-wrong"
    async with TelegramServer() as server, PrivateValkey(tmp_path / "valkey") as valkey:
        token = {"DARKROOM_TELEGRAM_TOKEN": wrong, "DARKROOM_TELEGRAM_API_URL": server.url}
        process = await started("telegram", tmp_path, REDIS_URL=valkey.url, **token)
        written = await asyncio.wait_for(process.communicate(), WAIT)
    assert process.returncode == 2
    text = "".join(part.decode() for part in written)
    assert "darkroom: " in text
    assert found(text, {"the token's secret half": wrong.partition(":")[2]}) == []
