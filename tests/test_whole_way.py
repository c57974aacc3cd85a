"""A photo's whole way: a person on Telegram, the bot, a private Valkey, the worker, and back."""

import asyncio
import io
import os
import signal
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from skimage import data

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


async def test_a_photo_comes_back_enhanced_with_collage_words_and_buttons(tmp_path: Path) -> None:
    async with TelegramServer() as telegram:
        lab = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "darkroom", "up"),
            env=os.environ
            | {
                "DARKROOM_TELEGRAM_TOKEN": telegram.token,
                "DARKROOM_TELEGRAM_API_URL": telegram.url,
                "DARKROOM_DATA_DIR": str(tmp_path),
                "DARKROOM_THREADS": "1",
            },
            cwd=tmp_path,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
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
            result = Image.open(io.BytesIO(answer.file.data))
            assert result.size == (640, 480)
            assert result.info["icc_profile"]
            assert result.getexif()[0x8298] == "Ada"
            assert not result.getexif().get_ifd(0x8825)
            assert "160 × 120 → 640 × 480" in answer.text
            assert "Noise removed" in answer.text
            assert list(answer.buttons) == ["2×", "4×", "Original", "Softer", "Stronger"]
            assert comparison.kind == "photo"

            ada.press(answer.message_id, "2×")
            await telegram.until(lambda: answered(4), WAIT)
            assert ada.chat.from_bot()[2].text.startswith("Enhanced: 160 × 120 → 320 × 240")
        finally:
            lab.send_signal(signal.SIGTERM)
            _, log = await asyncio.wait_for(lab.communicate(), 60)
        assert lab.returncode == 0, log.decode()
        assert telegram.faults == []
        written = log.decode()
        for secret in (telegram.token.partition(":")[2], "IMG_1", "Ada"):
            assert secret not in written
    leftovers = [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    assert leftovers == []
