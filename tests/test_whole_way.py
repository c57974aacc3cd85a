"""A photo's whole way: a person in a chat, the bot, a private Valkey, the worker, and back."""

import asyncio
import contextlib
import io
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

from tests.doubles.discord import DiscordServer, Permission, Upload
from tests.doubles.telegram import TelegramServer

WAIT = 120.0


def holiday_photo() -> bytes:
    """A noisy phone photo lying on its side, with a place in its EXIF."""
    clean = data.astronaut()[:120, 160:320].astype(np.float64)
    noisy = clean + np.random.default_rng(3).normal(0, 12, clean.shape)
    image = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).rotate(90, expand=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x8298] = "Ada"
    exif.get_ifd(0x8825)[1] = "N"
    packed = io.BytesIO()
    image.save(packed, "JPEG", quality=90, exif=exif)
    return packed.getvalue()


@contextlib.asynccontextmanager
async def up(folder: Path, *secrets: str, **environment: str) -> AsyncIterator[None]:
    """`darkroom up` in a folder of its own, stopped in the end; no secret is in what it writes."""
    lab = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "darkroom", "up"),
        env=os.environ | {"DARKROOM_DATA_DIR": str(folder), "DARKROOM_THREADS": "1"} | environment,
        cwd=folder,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield
    finally:
        lab.send_signal(signal.SIGTERM)
        _, log = await asyncio.wait_for(lab.communicate(), 60)
    written = log.decode()
    assert lab.returncode == 0, written
    for secret in secrets:
        assert secret not in written
    leftovers = [path for path in (folder / "blobs").rglob("*") if path.is_file()]
    assert leftovers == []


def check_quality(result: bytes) -> None:
    """The holiday photo, enlarged and upright, in its own colours, without the place."""
    image = Image.open(io.BytesIO(result))
    assert image.size == (640, 480)
    assert image.info["icc_profile"]
    assert image.getexif()[0x8298] == "Ada"
    assert not image.getexif().get_ifd(0x8825)


async def test_a_photo_comes_back_enhanced_with_collage_words_and_buttons(tmp_path: Path) -> None:
    async with (
        TelegramServer() as telegram,
        up(
            tmp_path,
            *(telegram.token.partition(":")[2], "IMG_1", "Ada"),
            DARKROOM_TELEGRAM_TOKEN=telegram.token,
            DARKROOM_TELEGRAM_API_URL=telegram.url,
        ),
    ):
        ada = telegram.private()
        asked = ada.document(holiday_photo(), "IMG_1.jpg", media_type="image/jpeg")

        def answered(messages: int) -> bool:
            shown = ada.chat.from_bot()
            return len(shown) == messages and all(message.file for message in shown)

        await telegram.until(lambda: answered(2), WAIT)
        answer, comparison = ada.chat.from_bot()
        assert answer.kind == "document"
        assert answer.reply_to == asked
        assert answer.file is not None
        assert answer.file.name == "IMG_1-darkroom.jpg"
        check_quality(answer.file.data)
        assert "4× → 640 × 480" in answer.text
        assert "cleaned first" in answer.text
        assert list(answer.buttons) == ["2×", "Original", "Softer", "Stronger", "Why?"]
        assert comparison.kind == "photo"

        ada.press(answer.message_id, "2×")
        await telegram.until(lambda: answered(4), WAIT)
        assert ada.chat.from_bot()[2].text.count("2× → 320 × 240") == 1
    assert telegram.faults == []


async def test_a_command_in_a_server_brings_the_photo_back_for_everybody(tmp_path: Path) -> None:
    async with (
        DiscordServer() as discord,
        up(
            tmp_path,
            *(discord.token, "IMG_1", "Ada"),
            DARKROOM_DISCORD_TOKEN=discord.token,
            DARKROOM_DISCORD_API_URL=discord.api_url,
            DARKROOM_DISCORD_GATEWAY_URL=discord.gateway_url,
        ),
    ):
        ann, ada, eve = (discord.person(name) for name in ("Ann", "Ada", "Eve"))
        guild = discord.guild("Photographers", ada, eve, bot=False)
        guild.join(ann, guild.role("Keepers", Permission.MANAGE_GUILD))
        channel = guild.channel()
        await discord.until(lambda: discord.gateway.ready and discord.commands.registered(), WAIT)
        guild.add_bot()
        await discord.until(lambda: len(channel.from_bot()) == 1)
        ann.slash("darkroom enable", channel)
        await discord.until(lambda: "switched on" in ann.sees(channel)[-1].text)

        photo = Upload("IMG_1.jpg", holiday_photo(), "image/jpeg")
        asked = ada.slash("enhance", channel, {"photo": photo, "scale": "4x"})
        await discord.until(lambda: asked.acknowledged)
        await discord.until(lambda: channel.from_bot()[-1].files, WAIT)
        _hello, answer = channel.from_bot()
        assert eve.sees(channel)[-1].message_id == answer.message_id
        (file,) = answer.files
        assert file.name == "IMG_1-darkroom.jpg"
        check_quality(file.data)
        assert "4× → 640 × 480" in answer.text
        assert "cleaned first" in answer.text
        assert [picture.name for picture in answer.gallery] == ["comparison-1.jpg"]
        assert list(answer.buttons) == ["2×", "Original", "Softer", "Stronger", "Why?"]

        ada.press(answer, "2×")
        await discord.until(lambda: len(channel.from_bot()) == 3, WAIT)
        await discord.until(lambda: channel.from_bot()[-1].files, WAIT)
        assert channel.from_bot()[-1].text.count("2× → 320 × 240") == 1
        assert len(channel.from_bot()) == 3
    assert discord.faults == []
